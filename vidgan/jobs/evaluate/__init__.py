"""Evaluating generated clips, and restored videos."""
