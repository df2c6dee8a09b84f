"""Keras callbacks of training: log, progress bar, snapshots, metrics and health."""
