"""Replacing the patches of clips by their nearest neighbours among the patches of other clips.

The nearest neighbours are searched by Faiss, approximately, on principal components of the patches.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from vidgan.patches.overlap import (
    COMPONENTS,
    PATCH,
    VALUES,
    Components,
    blend,
    trust,
    whole_patches,
)

# Frames, rows and columns from one patch to the next. More patches, which overlap more, blur.
STRIDE = (2, 2, 2)
# Of so many clips, patches at this stride determine the principal components.
PCA_CLIPS, PCA_STRIDE = 64, (4, 8, 8)
# The number of lists of patches, relative to the root of the number of patches; how many of them
# are searched; and how many patches of each determine what it holds.
LISTS, PROBED_LISTS, MAX_POINTS_PER_LIST = 2, 4, 40
# Values of a patch of less weight are left out, for speed.
MIN_WEIGHT = 0.1
# Where patches overlap, those that are nearer to what they replace weigh more, so that others do
# not blur them.
POWER = -4

_MARGIN = tuple((side // 2, side // 2) for side in PATCH)
# Weights of a patch's values in a sum by which equal patches are known; below 2^53 it is exact.
_HASH_WEIGHTS = np.random.default_rng(0).integers(1 << 36, size=VALUES).astype(np.float64)


def patch_count(shape: Sequence[int]) -> int:
    """Return the number of patches that an index holds of a clip ``(frames, height, width)``."""
    return math.prod(_grid(shape))


class PatchIndex:
    """Patches of clips, to replace those of other clips by.

    Args:
        keys: clips in which nearest neighbours are searched, uint8 ``(n, frames, height, width,
            3)``; at least one.
        values: clips of the same shape: what is at the place of each key.
    """

    def __init__(self, keys: np.ndarray, values: np.ndarray) -> None:
        import faiss

        self._values = _padded(values)
        self._components = _components(keys)
        self._grid = (len(keys), *_grid(keys.shape[1:4]))
        parts = (
            (self._components.project(patches), patches @ _HASH_WEIGHTS)
            for clip in keys
            for patches in _patches_of_frames(clip)
        )
        projected, hashes = (np.concatenate(each) for each in zip(*parts, strict=True))
        # Many equal patches, as of black borders, would fill one list, and make its search slow.
        self._kept = np.unique(hashes, return_index=True)[1]
        projected = projected[self._kept]
        lists = max(1, min(len(projected), round(LISTS * math.sqrt(len(projected)))))
        self._quantizer = faiss.IndexFlatL2(COMPONENTS)  # The index does not keep it alive.
        # Of the same quality as float32, half as large and a third faster.
        half = faiss.ScalarQuantizer.QT_fp16
        self._index = faiss.IndexIVFScalarQuantizer(self._quantizer, COMPONENTS, lists, half)
        self._index.cp.min_points_per_centroid = 1
        self._index.cp.max_points_per_centroid = MAX_POINTS_PER_LIST
        self._index.train(projected)
        self._index.add(projected)
        self._index.nprobe = PROBED_LISTS

    @property
    def size(self) -> int:
        """The number of different patches that are searched."""
        return len(self._kept)

    def replace(self, clip: np.ndarray) -> np.ndarray:
        """Return a clip whose patches are those of the nearest neighbours' values, blended.

        Args:
            clip: uint8 ``(any number of frames, height, width, 3)``, of the keys' size.

        Returns:
            uint8 of the same shape.
        """
        parts = [self._components.project(part) for part in _patches_of_frames(clip)]
        distances, found = self._index.search(np.concatenate(parts), 1)
        number, *place = np.unravel_index(self._kept[found[:, 0]], self._grid)
        corners = (number, *(axis * step for axis, step in zip(place, STRIDE, strict=True)))
        trusted = trust(distances[:, 0], POWER).reshape(_grid(clip.shape[:3]))
        blended = blend(self._values, corners, trusted, STRIDE, MIN_WEIGHT)
        # The last patches need not reach as far as the margin.
        inner = tuple(
            slice(margin, margin + side)
            for (margin, _), side in zip(_MARGIN, clip.shape[:3], strict=True)
        )
        replaced: np.ndarray = np.rint(blended[inner]).astype(np.uint8)
        return replaced


def _components(keys: np.ndarray) -> Components:
    """Return the principal components of patches of clips."""
    every = max(1, len(keys) // PCA_CLIPS)
    patches = [_patches(clip, PCA_STRIDE).reshape(-1, VALUES) for clip in keys[::every]]
    return Components(np.concatenate(patches).astype(np.float32))


def _patches_of_frames(clip: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the patches of a clip frame by frame, float32 ``(patches, values)``.

    All of a clip at once would take much more memory than its pixels.
    """
    for frame in _patches(clip, STRIDE):
        yield frame.reshape(-1, VALUES).astype(np.float32)


def _padded(clips: np.ndarray) -> np.ndarray:
    """Return one or more clips with margins, so that every pixel is the centre of a patch."""
    return np.pad(clips, ((0, 0),) * (clips.ndim - 4) + (*_MARGIN, (0, 0)), "edge")


def _patches(clip: np.ndarray, stride: tuple[int, int, int]) -> np.ndarray:
    """Return a view of the patches of a clip, ``(*grid, 3, *PATCH)``."""
    return whole_patches(_padded(clip), stride)


def _grid(shape: Sequence[int]) -> tuple[int, ...]:
    """Return how many patches of a clip ``(frames, height, width)`` there are along each axis."""
    return tuple(-(-side // step) for side, step in zip(shape, STRIDE, strict=True))
