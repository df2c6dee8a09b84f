"""Synthetic degradations and masks for training, and a detector of scratches and dust."""
