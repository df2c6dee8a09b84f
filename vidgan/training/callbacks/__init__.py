"""Keras callbacks around training: log, snapshots, metrics, health."""
