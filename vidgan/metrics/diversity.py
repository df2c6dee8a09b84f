"""How much the clips of one set differ from each other."""

from dataclasses import dataclass

import numpy as np

from vidgan.metrics.checks import feature_set
from vidgan.metrics.pairwise import blocks, noise, rounding, squared_distances


@dataclass(frozen=True)
class Diversity:
    """Distances within a set, in the features' units.

    Compare them with those of as many real clips.

    Attributes:
        to_others: float64 ``(n,)``, mean distance of each clip to the others.
        to_nearest: float64 ``(n,)``, distance to the nearest of them; 0 for duplicates.
    """

    to_others: np.ndarray
    to_nearest: np.ndarray

    @property
    def spread(self) -> float:
        """The mean distance of two clips: low after a mode collapse."""
        return float(self.to_others.mean())

    @property
    def repeated(self) -> float:
        """Fraction of clips that have a duplicate, in [0, 1]."""
        return float(np.mean(self.to_nearest == 0))


def measure_diversity(features: np.ndarray) -> Diversity:
    """Compute the distances between all clips of a set, block by block: memory is bounded.

    Args:
        features: ``(n, d)``.

    Raises:
        InputError: fewer than two clips, another shape, or NaN.
    """
    values = feature_set(features)
    values = values - values.mean(axis=0)
    slack, count = max(noise(values), rounding(features)), len(values)
    totals, nearest = np.zeros(count), np.full(count, np.inf)
    for rows in blocks(count):
        for columns in blocks(count):
            apart = squared_distances(values[rows], values[columns])
            apart = np.sqrt(np.where(apart <= slack, 0.0, apart))
            totals[rows] += apart.sum(axis=1)
            if rows == columns:
                np.fill_diagonal(apart, np.inf)
            nearest[rows] = np.minimum(nearest[rows], apart.min(axis=1))
    return Diversity(totals / (count - 1), nearest)
