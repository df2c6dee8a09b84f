"""Replacing the patches of clips by their nearest neighbours among the patches of other clips.

Patches extend over time and space, as in VGPNN (arXiv 2109.08591; for images GPNN, 2103.15545). The
nearest neighbours are searched by Faiss, approximately, on principal components of the patches.
Where patches overlap, the better matches weigh more, as in "Space-Time Completion of Video"
(Wexler, Shechtman and Irani, 2007).
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Frames, rows and columns of a patch.
PATCH = (3, 7, 7)
# Principal components of a patch that are compared.
COMPONENTS = 32
# Frames, rows and columns from one patch to the next. More patches, which overlap more, blur.
STRIDE = (2, 2, 2)
# Of so many clips, patches at this stride determine the principal components.
PCA_CLIPS, PCA_STRIDE = 64, (4, 8, 8)
# The number of lists of patches, relative to the root of the number of patches; how many of them
# are searched; and how many patches of each determine what it holds.
LISTS, PROBED_LISTS, MAX_POINTS_PER_LIST = 2, 4, 40
# Pixels of a patch near its centre weigh more: standard deviations, as parts of its size. Those of
# less weight are left out, for speed.
SPREAD, MIN_WEIGHT = 0.25, 0.1
# Where patches overlap, those that are nearer to what they replace weigh more, so that others do
# not blur them: by this power of the distance, as a part of the median plus a least part.
POWER, MIN_DISTANCE = -4, 0.1

_MARGIN = tuple((side // 2, side // 2) for side in PATCH)
_VALUES = 3 * math.prod(PATCH)
# Weights of a patch's values in a sum by which equal patches are known; below 2^53 it is exact.
_HASH_WEIGHTS = np.random.default_rng(0).integers(1 << 36, size=_VALUES).astype(np.float64)
_ALL_OFFSETS = np.stack(np.meshgrid(*map(np.arange, PATCH), indexing="ij"), -1).reshape(-1, 3)
_DISTANCES = (_ALL_OFFSETS - np.array(PATCH) // 2) / (SPREAD * np.array(PATCH))
_ALL_WEIGHTS = np.exp(-0.5 * np.square(_DISTANCES).sum(axis=1)).astype(np.float32)
_OFFSETS = _ALL_OFFSETS[_ALL_WEIGHTS > MIN_WEIGHT]
_WEIGHTS = _ALL_WEIGHTS[_ALL_WEIGHTS > MIN_WEIGHT]


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
        self._fit_components(keys)
        self._grid = (len(keys), *_grid(keys.shape[1:4]))
        parts = (
            (self._project(patches), patches @ _HASH_WEIGHTS)
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
        projected = np.concatenate([self._project(part) for part in _patches_of_frames(clip)])
        distances, found = self._index.search(projected, 1)
        number, *place = np.unravel_index(self._kept[found[:, 0]], self._grid)
        corners = (number, *(axis * step for axis, step in zip(place, STRIDE, strict=True)))
        inside = self._values.shape[:4]
        grid = _grid(clip.shape[:3])
        starts = np.ravel_multi_index(corners, inside).reshape(grid)
        trust = _trust(distances[:, 0]).reshape(*grid, 1)
        colours = self._values.reshape(-1, 3)
        sides = [side + sum(margin) for side, margin in zip(clip.shape[:3], _MARGIN, strict=True)]
        total = np.zeros((*sides, 3), np.float32)
        weights = np.zeros((*sides, 1), np.float32)
        for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True):
            part = tuple(
                slice(first, first + (count - 1) * step + 1, step)
                for first, count, step in zip(offset, grid, STRIDE, strict=True)
            )
            weighted = weight * trust
            total[part] += weighted * colours[starts + np.ravel_multi_index((0, *offset), inside)]
            weights[part] += weighted
        inner = tuple(slice(before, -after) for before, after in _MARGIN)
        blended: np.ndarray = np.rint(total[inner] / weights[inner]).astype(np.uint8)
        return blended

    def _fit_components(self, keys: np.ndarray) -> None:
        """Find the principal components of patches."""
        every = max(1, len(keys) // PCA_CLIPS)
        patches = np.concatenate(
            [_patches(clip, PCA_STRIDE).reshape(-1, _VALUES) for clip in keys[::every]]
        ).astype(np.float32)
        self._mean = patches.mean(axis=0)
        covariance = np.cov(patches - self._mean, rowvar=False)
        self._components = np.linalg.eigh(covariance)[1][:, -COMPONENTS:].astype(np.float32)

    def _project(self, patches: np.ndarray) -> np.ndarray:
        """Return the principal components of patches, float32 ``(patches, n)``."""
        projected: np.ndarray = (patches - self._mean) @ self._components
        return projected


def _patches_of_frames(clip: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the patches of a clip frame by frame, float32 ``(patches, values)``.

    All of a clip at once would take much more memory than its pixels.
    """
    for frame in _patches(clip, STRIDE):
        yield frame.reshape(-1, _VALUES).astype(np.float32)


def _trust(distances: np.ndarray) -> np.ndarray:
    """Return the weights of patches by their squared distances, float32."""
    relative = distances.astype(np.float64) / (np.median(distances) + 1)
    trust: np.ndarray = ((relative + MIN_DISTANCE) ** POWER).astype(np.float32)
    return trust


def _padded(clips: np.ndarray) -> np.ndarray:
    """Return one or more clips with margins, so that every pixel is the centre of a patch."""
    return np.pad(clips, ((0, 0),) * (clips.ndim - 4) + (*_MARGIN, (0, 0)), "edge")


def _patches(clip: np.ndarray, stride: tuple[int, int, int]) -> np.ndarray:
    """Return a view of the patches of a clip, ``(*grid, 3, *PATCH)``."""
    windows = sliding_window_view(_padded(clip), PATCH, axis=(0, 1, 2))
    frames, rows, columns = stride
    return windows[::frames, ::rows, ::columns]


def _grid(shape: Sequence[int]) -> tuple[int, ...]:
    """Return how many patches of a clip ``(frames, height, width)`` there are along each axis."""
    return tuple(-(-side // step) for side, step in zip(shape, STRIDE, strict=True))
