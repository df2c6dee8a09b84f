"""Distances between all pairs of two sets of vectors, block by block."""

from collections.abc import Iterator

import numpy as np

# Vectors of each set that are compared at once: 8 MiB of distances.
BLOCK = 1024
# Features of equal clips differ by about one unit in the last place of the vector's length, since
# networks may round the rows of a batch differently.
_ROUNDING_UNITS = 8


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices that cover ``count`` items in order."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances of all pairs, float64 ``(n, m)``.

    Computed with one matrix product: exact up to the rounding of the vectors' squares, so that the
    distance of equal vectors is at most :func:`noise`. Subtract the mean of vectors far from 0.

    Args:
        a: float64 ``(n, d)``.
        b: float64 ``(m, d)``.
    """
    squares: np.ndarray = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    squares -= 2.0 * (a @ b.T)
    np.maximum(squares, 0.0, out=squares)
    return squares


def noise(*sets: np.ndarray) -> float:
    """Return the largest squared distance that equal vectors of these sets may seem to have."""
    return 1e-12 * max(float(np.square(vectors).sum(axis=1).max()) for vectors in sets)


def rounding(*sets: np.ndarray) -> float:
    """Return the largest squared distance that is rounding of the features themselves.

    Args:
        *sets: features ``(n, d)`` in the precision in which a network computed them, not centred.
    """
    largest = 0.0
    for vectors in map(np.asarray, sets):
        if np.issubdtype(vectors.dtype, np.floating) and vectors.size:
            length = np.sqrt(np.square(vectors, dtype=np.float64).sum(axis=-1).max())
            largest = max(largest, _ROUNDING_UNITS * float(np.finfo(vectors.dtype).eps * length))
    return largest**2
