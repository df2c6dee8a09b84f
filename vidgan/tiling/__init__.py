"""Restoring video of any length and size: decode, windows and tiles, a filter, encode."""
