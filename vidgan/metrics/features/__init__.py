"""The embeddings in which distances between sets of clips are measured, by their names."""

from vidgan.metrics.features.appearance_motion import APPEARANCE_MOTION
from vidgan.metrics.features.base import Embed, Features
from vidgan.metrics.features.i3d import I3D
from vidgan.metrics.features.inception import INCEPTION
from vidgan.metrics.features.motion import MOTION
from vidgan.metrics.features.random_convolutions import RANDOM2D, RANDOM3D

FEATURES: dict[str, Features] = {
    each.name: each for each in (APPEARANCE_MOTION, RANDOM3D, RANDOM2D, MOTION, I3D, INCEPTION)
}

__all__ = ["FEATURES", "Embed", "Features"]
