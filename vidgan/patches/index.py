"""Searching the nearest neighbours of patches among those of other clips.

Faiss searches them, approximately, on principal components of the patches.
"""

import math

import numpy as np

from vidgan.patches.matches import (
    STRIDE,
    Matches,
    fit_components,
    grid_shape,
    padded,
    patches_of_frames,
    replaced,
)
from vidgan.patches.overlap import COMPONENTS, VALUES

# The number of lists of patches, relative to the root of the number of patches; how many of them
# are searched; and how many patches of each determine what it holds.
LISTS, PROBED_LISTS, MAX_POINTS_PER_LIST = 2, 4, 40

# Weights of a patch's values in a sum by which equal patches are known; below 2^53 it is exact.
_HASH_WEIGHTS = np.random.default_rng(0).integers(1 << 36, size=VALUES).astype(np.float64)


class PatchIndex:
    """Patches of clips, to replace those of other clips by.

    Args:
        keys: clips in which nearest neighbours are searched, uint8 ``(n, frames, height, width,
            3)``; at least one.
        values: clips of the same shape: what is at the place of each key.
    """

    def __init__(self, keys: np.ndarray, values: np.ndarray) -> None:
        import faiss

        self._values = padded(values)
        self._components = fit_components(keys)
        self._grid = (len(keys), *grid_shape(keys.shape[1:4]))
        parts = (
            (self._components.project(patches), patches @ _HASH_WEIGHTS)
            for clip in keys
            for patches in patches_of_frames(clip)
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
        return self.blend(self.match(clip), clip.shape[:3])

    def match(self, clip: np.ndarray) -> Matches:
        """Return the nearest neighbours of the patches of a clip; see :meth:`replace`."""
        parts = [self._components.project(part) for part in patches_of_frames(clip)]
        distances, found = self._index.search(np.concatenate(parts), 1)
        grid = grid_shape(clip.shape[:3])
        number, *place = np.unravel_index(self._kept[found[:, 0]], self._grid)
        places = [(axis * step).reshape(grid) for axis, step in zip(place, STRIDE, strict=True)]
        return Matches(number.reshape(grid), np.stack(places), distances.reshape(grid))

    def blend(self, matches: Matches, shape: tuple[int, ...]) -> np.ndarray:
        """Return the clip of matches, uint8 of the shape ``(frames, height, width)``, in RGB."""
        return replaced(self._values, matches, shape)
