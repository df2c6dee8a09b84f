"""Folders to share a run: weights in safetensors, and a model card."""
