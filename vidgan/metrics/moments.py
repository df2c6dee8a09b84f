"""Mean and covariance of feature vectors, accumulated in a stream."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from vidgan.errors import InputError


class Moments:
    """Mean and covariance of feature vectors, accumulated batch by batch in float64.

    Memory is ``dim²`` numbers for any number of vectors. Batches are merged with Chan's pairwise
    update, which is numerically stable, unlike a sum of squares.
    """

    def __init__(self, dim: int) -> None:
        self.count = 0
        self._mean = np.zeros(dim)
        self._scatter = np.zeros((dim, dim))

    @classmethod
    def of(cls, features: np.ndarray) -> Self:
        """Return the moments of one array ``(n, dim)``."""
        moments = cls(np.shape(features)[-1])
        moments.add(features)
        return moments

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays that :meth:`from_state` takes."""
        return {"count": np.array(self.count), "mean": self._mean, "scatter": self._scatter}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Return the moments of a :meth:`state`."""
        moments = cls(len(state["mean"]))
        moments.count = int(state["count"])
        moments._mean, moments._scatter = state["mean"], state["scatter"]
        return moments

    @property
    def dim(self) -> int:
        """Length of a feature vector."""
        return len(self._mean)

    @property
    def mean(self) -> np.ndarray:
        """The mean, float64 ``(dim,)``."""
        return self._mean

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, float64 ``(dim, dim)``.

        Raises:
            InputError: fewer than two vectors were added.
        """
        if self.count < 2:
            raise InputError(f"a Fréchet distance needs at least 2 clips, found {self.count}")
        return self._scatter / (self.count - 1)

    def add(self, features: np.ndarray) -> None:
        """Add vectors.

        Args:
            features: float ``(n, dim)``; n may be 0.

        Raises:
            InputError: a wrong shape, or a value that is not finite.
        """
        values = np.asarray(features, np.float64)
        if values.ndim != 2 or values.shape[1] != self.dim:
            raise InputError(f"features of shape {values.shape} are not (n, {self.dim})")
        if not np.isfinite(values).all():
            raise InputError("features hold NaN or infinity")
        if len(values):
            mean = values.mean(axis=0)
            centred = values - mean
            self._merge(len(values), mean, centred.T @ centred)

    def merge(self, other: "Moments") -> None:
        """Add all that another accumulator has seen.

        Raises:
            InputError: its vectors have another length.
        """
        if other.dim != self.dim:
            raise InputError(f"features of {other.dim} and {self.dim} numbers do not mix")
        if other.count:
            self._merge(other.count, other._mean, other._scatter)

    def _merge(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total = self.count + count
        shift = mean - self._mean
        self._mean = self._mean + shift * (count / total)
        self._scatter = self._scatter + scatter
        self._scatter += np.outer(shift, shift) * (self.count * count / total)
        self.count = total
