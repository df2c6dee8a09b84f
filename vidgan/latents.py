"""Latent vectors from seeds: a clip is named by the seed that makes it again."""

from collections.abc import Iterable

import numpy as np


def from_seeds(seeds: Iterable[int], size: int) -> np.ndarray:
    """Draw one standard normal latent a seed, on any machine the same.

    Args:
        seeds: non-negative integers, one a clip.
        size: length of a latent.

    Returns:
        float32 array ``(clips, size)``; row ``i`` depends on seed ``i`` alone.
    """
    rows = [np.random.Generator(np.random.Philox(seed)).standard_normal(size) for seed in seeds]
    return np.asarray(rows, np.float32).reshape(-1, size)


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Walk from ``start`` towards ``end`` on a great circle (spherical interpolation).

    A straight line between two Gaussian latents passes through lengths a generator never saw; the
    arc keeps to them.

    Args:
        start: ``(size,)``.
        end: ``(size,)``.
        steps: how many points; the first is ``start``, ``end`` itself is left out, so that walks
            can be joined.

    Returns:
        float32 ``(steps, size)``.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    a, b = start / lengths[0], end / lengths[1]
    angle = np.arccos(np.clip(np.dot(a, b), -1.0, 1.0))
    t = np.arange(steps)[:, None] / steps
    if angle < 1e-4:
        points = a * (1 - t) + b * t
    else:
        points = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return (points * (lengths[0] * (1 - t) + lengths[1] * t)).astype(np.float32)
