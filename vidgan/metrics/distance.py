"""Distances between sets of clips: features and Fréchet distance joined."""

from collections.abc import Iterable

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments


def clip_moments(batches: Iterable[np.ndarray], features: str = EvaluateConfig.features) -> Moments:
    """Embed clips batch by batch and return their moments; memory does not grow with the clips.

    Args:
        batches: uint8 arrays ``(n, frames, height, width, 3)``.
        features: a name in ``FEATURES``.

    Raises:
        InputError: no clips, or clips that the features cannot embed.
    """
    moments: Moments | None = None
    for batch in batches:
        vectors = FEATURES[features](batch)
        moments = moments or Moments(vectors.shape[1])
        moments.add(vectors)
    return moments or Moments(0)


def frechet_clip_distance(
    real: np.ndarray, fake: np.ndarray, features: str = EvaluateConfig.features
) -> float:
    """Return the Fréchet distance between two sets of clips.

    On the default features it is the random-feature Fréchet distance (RFD); it is not FVD, which is
    measured on I3D, and its figures must not be compared with FVD's.

    Args:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        fake: uint8 RGB ``(m, frames, height, width, 3)``.
        features: a name in ``FEATURES``.

    Returns:
        float ≥ 0. It falls with the number of clips even between equal distributions: compare
        figures of one n and one m only.

    Raises:
        InputError: fewer than two clips on a side, or clips that the features cannot embed.
    """
    return frechet_distance(clip_moments([real], features), clip_moments([fake], features))
