"""Measures of generated video: features of clips, and distances between sets of features."""

from vidgan.metrics.distance import clip_moments, frechet_clip_distance
from vidgan.metrics.features import DEFAULT_FEATURES, FEATURES
from vidgan.metrics.frechet import Moments, frechet_distance

__all__ = [
    "DEFAULT_FEATURES",
    "FEATURES",
    "Moments",
    "clip_moments",
    "frechet_clip_distance",
    "frechet_distance",
]
