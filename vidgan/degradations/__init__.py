"""Damage done to clips on purpose, so that networks can learn to undo it."""
