"""Generating clips and writing them."""
