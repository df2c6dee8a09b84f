"""Patches of video, extended over time and space, and their nearest neighbours."""
