"""Precision, recall, density and coverage from nearest neighbours in features.

Each clip has a ball around it whose radius is the distance to its k-th nearest neighbour in the
same set. Precision and recall (arXiv 1904.06991) are the fractions of clips in a ball of the other
set; density and coverage (arXiv 2002.09797) count balls and are robust to outliers.
"""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.checks import feature_sets
from vidgan.metrics.pairwise import blocks, noise, rounding, squared_distances

# As in arXiv 2002.09797; arXiv 1904.06991 uses 3.
NEIGHBOURS = 5


@dataclass(frozen=True)
class Neighbourhoods:
    """Which clips lie in the balls of the other set; the metrics are the means.

    The arrays serve for confidence intervals (``bootstrap_mean``), with fixed balls.

    Attributes:
        precise: bool ``(m,)``, whether a generated clip lies in the ball of a real clip.
        recalled: bool ``(n,)``, whether a real clip lies in the ball of a generated clip.
        dense: float64 ``(m,)``, number of real clips whose ball a generated clip lies in, over k.
        covered: bool ``(n,)``, whether a generated clip lies in the ball of a real clip.
        k: the neighbour that gives the radius.
    """

    precise: np.ndarray
    recalled: np.ndarray
    dense: np.ndarray
    covered: np.ndarray
    k: int

    @property
    def precision(self) -> float:
        """Fraction of generated clips that look real, in [0, 1]."""
        return float(self.precise.mean())

    @property
    def recall(self) -> float:
        """Fraction of real clips that could have been generated, in [0, 1]."""
        return float(self.recalled.mean())

    @property
    def density(self) -> float:
        """Density of real clips around generated ones, ≥ 0; about 1 for real clips."""
        return float(self.dense.mean())

    @property
    def coverage(self) -> float:
        """Fraction of real clips with a generated one nearby, in [0, 1]."""
        return float(self.covered.mean())


def neighbourhoods(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Neighbourhoods:
    """Find which clips lie in the balls of the other set.

    Distances are computed block by block, so memory is bounded. The balls are closed, as in arXiv
    1904.06991: a clip on the boundary counts. Results depend on k and on the numbers of clips.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.
        k: the neighbour that gives the radius; 1 is the nearest.

    Raises:
        InputError: k clips or fewer in a set, wrong shapes, vectors of two lengths, NaN, or real
            clips that all have the same features, so that their balls have radius 0.
        OptionError: k below 1.
    """
    if k < 1:
        raise OptionError(f"k {k} is too small: the nearest neighbour is number 1")
    rounded = rounding(real, fake)
    real, fake = feature_sets(real, fake, least=k + 1)
    origin = real.mean(axis=0)
    real, fake = real - origin, fake - origin
    slack = max(noise(real, fake), rounded)
    radii = [_squared_radii(each, k) for each in (real, fake)]
    if radii[0].max() <= slack:
        raise InputError("the real clips all have the same features: there are no neighbourhoods")
    # A clip on the boundary must not be outside by rounding.
    reach = [each * (1 + 1e-9) + slack for each in radii]
    counts = np.zeros(len(fake))
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows in blocks(len(real)):
        for columns in blocks(len(fake)):
            apart = squared_distances(real[rows], fake[columns])
            inside = apart <= reach[0][rows, None]
            counts[columns] += inside.sum(axis=0)
            covered[rows] |= inside.any(axis=1)
            recalled[rows] |= (apart <= reach[1][columns]).any(axis=1)
    return Neighbourhoods(counts > 0, recalled, counts / k, covered, k)


def _squared_radii(vectors: np.ndarray, k: int) -> np.ndarray:
    """Return each vector's squared distance to its k-th nearest neighbour, ``(n,)``."""
    radii = np.empty(len(vectors))
    for rows in blocks(len(vectors)):
        nearest = np.full((rows.stop - rows.start, k), np.inf)
        for columns in blocks(len(vectors)):
            apart = squared_distances(vectors[rows], vectors[columns])
            if rows == columns:
                np.fill_diagonal(apart, np.inf)
            both = np.concatenate([nearest, apart], axis=1)
            nearest = np.partition(both, k - 1, axis=1)[:, :k]
        radii[rows] = nearest.max(axis=1)
    return radii
