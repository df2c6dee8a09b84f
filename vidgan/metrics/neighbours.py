"""Precision, recall, density and coverage from nearest neighbours in features.

Every clip of a set stands for the ball around it that reaches to its k-th nearest neighbour of the
same set. Precision and recall (1904.06991) ask whether clips of one set lie in any ball of the
other; density and coverage (2002.09797) count the balls, and bear outliers.
"""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.checks import feature_sets
from vidgan.metrics.pairwise import blocks, noise, rounding, squared_distances

# As 2002.09797 has it; 1904.06991 takes 3.
NEIGHBOURS = 5


@dataclass(frozen=True)
class Neighbourhoods:
    """Which clips lie in the balls of the other set; the figures are the means.

    The arrays are there for intervals (``bootstrap_mean``), with the balls held fixed.

    Attributes:
        precise: bool ``(m,)``, whether a generated clip lies in a ball of a real one.
        recalled: bool ``(n,)``, whether a real clip lies in a ball of a generated one.
        dense: float64 ``(m,)``, in how many balls of real clips a generated clip lies, over k.
        covered: bool ``(n,)``, whether a real clip's ball holds a generated one.
        k: to which neighbour the balls reach.
    """

    precise: np.ndarray
    recalled: np.ndarray
    dense: np.ndarray
    covered: np.ndarray
    k: int

    @property
    def precision(self) -> float:
        """Share of generated clips that look real, in [0, 1]."""
        return float(self.precise.mean())

    @property
    def recall(self) -> float:
        """Share of real clips that could have been generated, in [0, 1]."""
        return float(self.recalled.mean())

    @property
    def density(self) -> float:
        """How deep among the real clips the generated ones lie, ≥ 0; about 1 for real ones."""
        return float(self.dense.mean())

    @property
    def coverage(self) -> float:
        """Share of real clips that have a generated one about, in [0, 1]."""
        return float(self.covered.mean())


def neighbourhoods(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Neighbourhoods:
    """Find which clips lie in the balls of the other set.

    Memory beside the features is bounded: distances are taken block by block. The balls are closed,
    as in 1904.06991: a clip on the border counts. Figures depend on k and on the numbers of clips.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.
        k: the neighbour that the balls reach to; 1 is the nearest.

    Raises:
        InputError: no more than k clips on a side, other shapes, two lengths, NaN, or real clips
            whose features are all the same: their balls have no size.
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
    # A clip on the border must not fall outside by rounding.
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
