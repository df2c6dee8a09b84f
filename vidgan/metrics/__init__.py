"""Measures of generated video: features of clips, and what is told from them and from the clips."""

from vidgan.metrics.covariance import Choice, choose_estimator
from vidgan.metrics.distance import clip_moments, frechet_clip_distance
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments

__all__ = [
    "FEATURES",
    "Choice",
    "Moments",
    "choose_estimator",
    "clip_moments",
    "frechet_clip_distance",
    "frechet_distance",
]
