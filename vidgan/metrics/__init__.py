"""Measures of generated video: features of clips, and distances between sets of features."""

from vidgan.metrics.distance import clip_moments, frechet_clip_distance
from vidgan.metrics.features import FEATURES, Features
from vidgan.metrics.frechet import Moments, frechet_distance

__all__ = [
    "FEATURES",
    "Features",
    "Moments",
    "clip_moments",
    "frechet_clip_distance",
    "frechet_distance",
]
