"""Distances between all pairs of two sets of vectors, block by block."""

from collections.abc import Iterator

import numpy as np

# Vectors of either set that are compared at once: 8 MiB of distances.
BLOCK = 1024


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices that cover ``count`` items in order."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances of all pairs, float64 ``(n, m)``.

    By one matrix product: right to rounding of the vectors' own squares, so that distances of equal
    vectors come out as :func:`noise` at the most. Vectors far from 0 are best moved there before.

    Args:
        a: float64 ``(n, d)``.
        b: float64 ``(m, d)``.
    """
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    squares -= 2.0 * (a @ b.T)
    return np.maximum(squares, 0.0, out=squares)


def noise(*sets: np.ndarray) -> float:
    """Return how large a squared distance between equal vectors of these sets may come out."""
    return 1e-12 * max(float(np.square(vectors).sum(axis=1).max()) for vectors in sets)
