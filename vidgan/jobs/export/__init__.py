"""Files that run without vidgan."""
