"""Fréchet distances between sets of clips, for tests of the embedded features."""

from collections.abc import Iterable

import numpy as np

from vidgan.metrics import FEATURES, Moments, frechet_distance


def clip_moments(batches: Iterable[np.ndarray], features: str) -> Moments:
    """Return the moments of batches of clips, uint8 ``(n, frames, height, width, 3)``."""
    embed, moments = FEATURES[features].load(), Moments(FEATURES[features].dim)
    for batch in batches:
        moments.add(embed(batch))
    return moments


def clip_distance(real: np.ndarray, fake: np.ndarray, features: str) -> float:
    """Return the Fréchet distance between two sets of clips."""
    return frechet_distance(clip_moments([real], features), clip_moments([fake], features))
