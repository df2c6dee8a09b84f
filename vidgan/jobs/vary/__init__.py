"""Making variations of a video."""
