"""Enhancing, inpainting and translating video."""
