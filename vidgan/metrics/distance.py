"""Distances between sets of clips: features and Fréchet distance joined."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments


def clip_moments(
    batches: Iterable[np.ndarray],
    features: str = EvaluateConfig.clip_features,
    weights: Path | str | None = None,
) -> Moments:
    """Embed clips batch by batch and return their moments; memory does not grow with the clips.

    Args:
        batches: uint8 arrays ``(n, frames, height, width, 3)``.
        features: a name in ``FEATURES``; features of frames give moments of all clips' frames.
        weights: see :meth:`vidgan.metrics.Features.load`.

    Raises:
        InputError: clips that the features cannot embed, or weights that cannot be used.
        OptionError: weights that the features do not take, or a file in an unknown format.
    """
    chosen = FEATURES[features]
    embed, moments = chosen.load(weights), Moments(chosen.dim)
    for batch in batches:
        moments.add(embed(batch))
    return moments


def frechet_clip_distance(
    real: np.ndarray,
    fake: np.ndarray,
    features: str = EvaluateConfig.clip_features,
    weights: Path | str | None = None,
) -> float:
    """Return the Fréchet distance between two sets of clips.

    Only on ``i3d`` it is FVD, and on ``inception`` FID. On the embedded features it is neither, and
    its figures must not be compared with theirs.

    Args:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        fake: uint8 RGB ``(m, frames, height, width, 3)``.
        features: a name in ``FEATURES``.
        weights: see :meth:`vidgan.metrics.Features.load`.

    Returns:
        float ≥ 0. It falls with the number of clips even between equal distributions: compare
        figures of one n and one m only.

    Raises:
        InputError: fewer than two clips on a side, clips that the features cannot embed, or weights
            that cannot be used.
        OptionError: weights that the features do not take, or a file in an unknown format.
    """
    chosen = FEATURES[features]
    embed = chosen.load(weights)
    return frechet_distance(Moments.of(embed(real)), Moments.of(embed(fake)))
