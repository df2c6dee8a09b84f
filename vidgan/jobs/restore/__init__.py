"""Enhancing, inpainting, interpolating and translating video."""
