"""The kernel distance between two sets of features: the squared maximum mean discrepancy.

With the kernel (x·y / d + 1)³ it is the KID of arXiv 1801.01401, or KVD on features of clips. The
estimate is unbiased for any number of clips, so values of sets of different sizes can be compared;
the expected value for sets of one distribution is 0, so it may be negative.
"""

from collections.abc import Iterator

import numpy as np

from vidgan.metrics.checks import feature_sets
from vidgan.metrics.pairwise import blocks


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Return the kernel distance over all pairs of clips.

    The kernel is computed block by block, so memory is bounded.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.

    Returns:
        float64 without a unit; may be negative.

    Raises:
        InputError: fewer than two clips in a set, wrong shapes, vectors of two lengths, or NaN.
    """
    return _distance(*feature_sets(real, fake))


def kernel_influence(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the influence of each clip on the kernel distance.

    To first order the distance of sets with weights w, 1 on average, is the distance plus the mean
    of w times these values over each set.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.

    Returns:
        float64 ``(n,)`` and ``(m,)``, each of mean 0.

    Raises:
        InputError: as :func:`kernel_distance`.
    """
    real, fake = feature_sets(real, fake)
    sums = [np.zeros(len(real)), np.zeros(len(fake))]
    for rows, columns, values in kernel_blocks(real, fake):
        sums[0][rows] -= values.sum(axis=1) / len(fake)
        sums[1][columns] -= values.sum(axis=0) / len(real)
    for each, total in zip((real, fake), sums, strict=True):
        for rows, columns, values in kernel_blocks(each):
            # Blocks above the diagonal are doubled, since those below are left out.
            half = 1 if rows == columns else 2
            total[rows] += values.sum(axis=1) / half / (len(each) - 1)
            if rows != columns:
                total[columns] += values.sum(axis=0) / half / (len(each) - 1)
    return 2 * (sums[0] - sums[0].mean()), 2 * (sums[1] - sums[1].mean())


def kernel_blocks(
    a: np.ndarray, b: np.ndarray | None = None
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield the kernel matrix of two sets, or of one with itself, in blocks.

    Of one set the diagonal is 0, so that no clip is paired with itself. Only blocks on and above
    the diagonal are yielded, those above it doubled, so that the sum is that of the matrix.

    Args:
        a: float64 ``(n, d)``.
        b: float64 ``(m, d)``; None for the pairs within ``a``.
    """
    others = a if b is None else b
    for rows in blocks(len(a)):
        for columns in blocks(len(others)):
            if b is None and columns.start < rows.start:
                continue
            values = (a[rows] @ others[columns].T / a.shape[1] + 1.0) ** 3
            if b is None and rows == columns:
                np.fill_diagonal(values, 0.0)
            elif b is None:
                values *= 2.0
            yield rows, columns, values


def _distance(real: np.ndarray, fake: np.ndarray) -> float:
    within = [_sum(each) / (len(each) * (len(each) - 1)) for each in (real, fake)]
    return sum(within) - 2.0 * _sum(real, fake) / (len(real) * len(fake))


def _sum(a: np.ndarray, b: np.ndarray | None = None) -> float:
    return float(sum(values.sum() for _, _, values in kernel_blocks(a, b)))
