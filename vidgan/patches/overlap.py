"""Patches of clips: their places, principal components, and their mean where they overlap.

Patches extend over time and space, as in VGPNN (arXiv 2109.08591; for images GPNN, 2103.15545).
Where patches overlap, the better matches weigh more, as in "Space-Time Completion of Video"
(Wexler, Shechtman and Irani, 2007).
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Shape = tuple[int, ...]

# Frames, rows and columns of a patch.
PATCH = (3, 7, 7)
# Values of a patch.
VALUES = 3 * math.prod(PATCH)
# Principal components of a patch that are compared.
COMPONENTS = 32
# Pixels of a patch near its centre weigh more: standard deviations, as parts of its size.
SPREAD = 0.25
# A least distance between patches, as a part of the median: the weight of the best is not infinite.
MIN_DISTANCE = 0.1

_OFFSETS = np.stack(np.meshgrid(*map(np.arange, PATCH), indexing="ij"), -1).reshape(-1, 3)
_DISTANCES = (_OFFSETS - np.array(PATCH) // 2) / (SPREAD * np.array(PATCH))
_WEIGHTS = np.exp(-0.5 * np.square(_DISTANCES).sum(axis=1)).astype(np.float32)


class Components:
    """The principal components of patches.

    Args:
        sample: patches that determine them, float32 ``(n, VALUES)``; at least two.
    """

    def __init__(self, sample: np.ndarray) -> None:
        self._mean = sample.mean(axis=0)
        covariance = np.cov(sample - self._mean, rowvar=False)
        self._vectors = np.linalg.eigh(covariance)[1][:, -COMPONENTS:].astype(np.float32)

    def project(self, patches: np.ndarray) -> np.ndarray:
        """Return the components of patches ``(n, VALUES)``, float32 ``(n, COMPONENTS)``."""
        projected: np.ndarray = (patches - self._mean) @ self._vectors
        return projected


def whole_patches(clip: np.ndarray, stride: Sequence[int]) -> np.ndarray:
    """Return a view of the patches that lie wholly in a clip, ``(*grid, 3, *PATCH)``.

    Args:
        clip: ``(frames, height, width, 3)``, no side shorter than that of a patch.
        stride: frames, rows and columns from one patch to the next.
    """
    frames, rows, columns = stride
    windows = sliding_window_view(clip, PATCH, axis=(0, 1, 2))
    return windows[::frames, ::rows, ::columns]


def trust(distances: np.ndarray, power: float) -> np.ndarray:
    """Return how much overlapping patches count, by their squared distances, float32.

    Args:
        distances: to the nearest neighbours.
        power: of the distance as a part of the median; 0 or less.
    """
    relative = distances.astype(np.float64) / (np.median(distances) + 1)
    counted: np.ndarray = ((relative + MIN_DISTANCE) ** power).astype(np.float32)
    return counted


def blend(
    values: np.ndarray,
    corners: Iterable[np.ndarray],
    trusted: np.ndarray,
    stride: Sequence[int],
    least: float = 0.0,
) -> np.ndarray:
    """Return the weighted mean of overlapping patches.

    Args:
        values: one or more clips that the patches come from, ``(..., frames, height, width, 3)``.
        corners: for each axis of ``values`` but the last, the index at which the patches begin,
            each an integer array of the grid's size.
        trusted: the weights of the patches, float32 of the grid's shape, three axes.
        stride: frames, rows and columns from one place of the grid to the next.
        least: values of a patch that weigh less are left out, for speed.

    Returns:
        float32 ``(frames, height, width, 3)``: all that the patches cover; 0 where none weighs
        enough.
    """
    inside, grid = values.shape[:-1], trusted.shape
    starts = np.ravel_multi_index(tuple(corners), inside).reshape(grid)
    steps = np.cumprod((1, *inside[:0:-1]))[:3][::-1]
    colours = values.reshape(-1, 3)
    sides = covered(grid, stride)
    total = np.zeros((*sides, 3), np.float32)
    weights = np.zeros((*sides, 1), np.float32)
    for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True):
        if weight <= least:
            continue
        part = tuple(
            slice(first, first + (count - 1) * step + 1, step)
            for first, count, step in zip(offset, grid, stride, strict=True)
        )
        weighted = (weight * trusted)[..., None]
        total[part] += weighted * colours[starts + offset @ steps]
        weights[part] += weighted
    mean: np.ndarray = np.divide(total, weights, out=total, where=weights > 0)
    return mean


def covered(grid: Sequence[int], stride: Sequence[int]) -> Shape:
    """Return frames, height and width of what the patches of a grid cover."""
    return tuple(
        (count - 1) * step + side for count, step, side in zip(grid, stride, PATCH, strict=True)
    )
