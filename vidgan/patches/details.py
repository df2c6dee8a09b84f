"""Details of large frames: those of what was found at a coarser size.

The matches of patches at a coarser size say where their details are. Only these places are
compared, and those that neighbouring patches lead to, as in PatchMatch (Barnes et al., 2009) and
VGPNN (arXiv 2109.08591): that takes less time and memory than a search among all patches.
"""

import math

import numpy as np

from vidgan.patches.matches import (
    PCA_CLIPS,
    STRIDE,
    Matches,
    fit_components,
    grid_shape,
    padded,
    patch_count,
    patches_of_frames,
    replaced,
)
from vidgan.patches.overlap import COMPONENTS
from vidgan.patches.resizing import resized_frames

# Patches at the coarser size whose matches are tried, in steps from the nearest one; and patches at
# this size, whose matches are tried afterwards.
AROUND = ((0, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0))
BESIDE = ((0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))

_STEP = np.array(STRIDE)[:, None, None, None]


def memory(shape: tuple[int, int, int]) -> int:
    """Return the bytes that a clip ``(frames, height, width)`` takes in :class:`Details`."""
    return 3 * math.prod(shape) + 2 * COMPONENTS * patch_count(shape)


class Details:
    """Clips at one size, to enlarge clips of a coarser size by.

    Args:
        coarser: clips at the coarser size, uint8 ``(n, frames, height, width, 3)``.
        values: the same clips at this size.
    """

    def __init__(self, coarser: np.ndarray, values: np.ndarray) -> None:
        height, width = values.shape[2:4]
        self._coarser, self._size = coarser, (width, height)
        self._scale = np.array([1.0, height / coarser.shape[2], width / coarser.shape[3]])
        self._values = padded(values)
        self._grid = grid_shape(values.shape[1:4])
        some = coarser[:: max(1, len(coarser) // PCA_CLIPS)]
        self._components = fit_components(self._enlarged(some))
        # Pages of clips that are never used are never touched, and take no memory.
        self._keys = np.empty((len(values), *self._grid, COMPONENTS), np.float16)
        self._known: set[int] = set()

    def replace(self, clip: np.ndarray, coarse: Matches) -> tuple[np.ndarray, Matches]:
        """Return an enlarged clip, whose patches are those of the clips, and their matches.

        Args:
            clip: uint8 ``(any number of frames, height, width, 3)``, of the coarser size.
            coarse: matches of its patches at that size, with the numbers of the same clips.
        """
        for number in set(np.unique(coarse.clips).tolist()) - self._known:
            self._keys[number] = self._project(self._enlarged(self._coarser[number]))
            self._known.add(number)
        clip = self._enlarged(clip)
        grid = grid_shape(clip.shape[:3])
        queries = self._project(clip)
        nearest, offset = self._nearest(coarse.clips.shape, grid)
        best = self._compared(queries, *self._enlarged_match(coarse, nearest, offset, AROUND[0]))
        for step in AROUND[1:]:
            found = self._enlarged_match(coarse, nearest, offset, step)
            best = _better(best, self._compared(queries, *found))
        for step in BESIDE:
            clips = np.roll(best.clips, step, (0, 1, 2))
            places = np.roll(best.places, (0, *step), (0, 1, 2, 3)) + _shift(step)
            best = _better(best, self._compared(queries, clips, places))
        return replaced(self._values, best, clip.shape[:3]), best

    def _nearest(
        self, coarse_grid: tuple[int, ...], grid: tuple[int, ...]
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the nearest coarser patch of each patch, and the pixels between them."""
        axes = np.meshgrid(*map(np.arange, grid), indexing="ij")
        nearest = [
            np.minimum(np.rint(axis / scale).astype(np.int64), count - 1)
            for axis, scale, count in zip(axes, self._scale, coarse_grid, strict=True)
        ]
        between = np.stack(axes) - self._scale[:, None, None, None] * np.stack(nearest)
        return nearest, between * _STEP

    def _enlarged_match(
        self, coarse: Matches, nearest: list[np.ndarray], offset: np.ndarray, step: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return clips and places that the matches of patches at the coarser size lead to."""
        near = tuple(
            np.clip(axis + move, 0, count - 1)
            for axis, move, count in zip(nearest, step, coarse.clips.shape, strict=True)
        )
        scale = self._scale[:, None, None, None]
        return coarse.clips[near], (coarse.places[:, *near] - _shift(step)) * scale + offset

    def _compared(self, queries: np.ndarray, clips: np.ndarray, places: np.ndarray) -> Matches:
        """Return matches near places, with their distances."""
        last = np.array(self._grid)[:, None, None, None] - 1
        cells = np.clip(np.rint(places / _STEP).astype(np.int64), 0, last)
        distances = np.empty(clips.shape, np.float32)
        for frame, query in enumerate(queries):
            apart = self._keys[clips[frame], *cells[:, frame]] - query
            distances[frame] = np.einsum("...i,...i", apart, apart)
        return Matches(clips, cells * _STEP, distances)

    def _enlarged(self, clip: np.ndarray) -> np.ndarray:
        return resized_frames(clip, self._size)

    def _project(self, clip: np.ndarray) -> np.ndarray:
        """Return the principal components of the patches of a clip, float32 ``(*grid, n)``."""
        parts = [self._components.project(part) for part in patches_of_frames(clip)]
        return np.stack(parts).reshape(*grid_shape(clip.shape[:3]), COMPONENTS)


def _shift(step: tuple[int, ...]) -> np.ndarray:
    """Return steps from patch to patch in pixels."""
    shift: np.ndarray = np.array(step)[:, None, None, None] * _STEP
    return shift


def _better(first: Matches, second: Matches) -> Matches:
    """Return the nearer of two matches of each patch."""
    nearer = second.distances < first.distances
    return Matches(
        np.where(nearer, second.clips, first.clips),
        np.where(nearer, second.places, first.places),
        np.where(nearer, second.distances, first.distances),
    )
