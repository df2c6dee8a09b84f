"""Reports of an evaluation: JSON, text, page and pictures."""
