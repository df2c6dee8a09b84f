"""Fields of nearest neighbours: for each patch of one clip, the place of a patch of another.

Small fields are searched exhaustively, as in GPNN (arXiv 2103.15545). Large ones are interpolated
from those of a coarser size and improved by PatchMatch (Barnes et al., 2009), as in VGPNN (arXiv
2109.08591): good matches spread to neighbouring patches, and random ones are tried.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vidgan.patches.overlap import PATCH, VALUES, Shape

# How often matches spread and random ones are tried; to how far neighbours they spread; and the
# factor by which the distance of random ones shrinks from one trial to the next.
ROUNDS, JUMPS, SHRINKING = 2, (1, 3), 3.0
# The alpha of GPNN, as the root mean square difference of values. Towards 0 all of the source is
# used, towards infinity only what is nearest.
TOLERANCE = 20.0


@dataclass(frozen=True)
class Grid:
    """Places of patches that cover a clip.

    Attributes:
        shape: frames, height and width of the clip.
        stride: frames, rows and columns from one patch to the next. The last patches may reach
            beyond the clip by less than that.
    """

    shape: Shape
    stride: int = 1

    @property
    def counts(self) -> Shape:
        """The number of patches along each axis."""
        return tuple(
            -(-(side - patch) // self.stride) + 1
            for side, patch in zip(self.shape, PATCH, strict=True)
        )

    @functools.cached_property
    def places(self) -> np.ndarray:
        """Where the patches begin, int64 ``(patches, 3)``."""
        axes = np.meshgrid(
            *(np.arange(count) * self.stride for count in self.counts), indexing="ij"
        )
        return np.stack(axes, -1).reshape(-1, 3)


@dataclass(frozen=True)
class Field:
    """For each patch of a clip its match among the patches of the source.

    Attributes:
        grid: the patches of the clip.
        places: where their matches begin in the source, int64 ``(patches, 3)``.
        distances: to the matches, squared, float32 ``(patches,)``.
    """

    grid: Grid
    places: np.ndarray
    distances: np.ndarray

    def rescaled(self, grid: Grid, scale: np.ndarray, source: Grid) -> "Field":
        """Return the field interpolated for another size, with the distances of this one.

        Args:
            grid: of the other size.
            scale: of the source at that size to the source at this one, along each axis.
            source: the patches of the source at that size.
        """
        middle = np.array(PATCH) / 2
        centres = (grid.places + middle) * (np.array(self.grid.shape) / grid.shape)
        nearby = np.rint((centres - middle) / self.grid.stride).astype(np.int64)
        nearby = np.clip(nearby, 0, np.array(self.grid.counts) - 1)
        numbers = np.ravel_multi_index(tuple(nearby.T), self.grid.counts)
        moved = centres + self.places[numbers] - self.grid.places[numbers]
        found = np.rint(moved * scale - middle).astype(np.int64)
        places = np.clip(found, 0, np.array(source.counts) - 1)
        return Field(grid, places, self.distances[numbers])

    def frequent_shifts(self, count: int) -> list[Shape]:
        """Return the most frequent shifts from the places of patches to those of their matches."""
        shifts, counts = np.unique(self.places - self.grid.places, axis=0, return_counts=True)
        return [tuple(map(int, shift)) for shift in shifts[np.argsort(-counts)[:count]]]


class Matcher:
    """Finds the nearest neighbours of patches among those of a source.

    Args:
        keys: components of the source's patches, float32 ``(patches, components)``.
        source: where they begin, at a stride of 1.
    """

    def __init__(self, keys: np.ndarray, source: Grid) -> None:
        self._keys, self._source = keys, source

    def search(self, queries: np.ndarray, grid: Grid) -> Field:
        """Return the nearest neighbours among all patches.

        Distances are divided by that of the match to its own nearest query: patches that no query
        is near to are preferred, so that all of the source is used (GPNN, equation 2).

        Args:
            queries: float32 ``(patches, components)``.
            grid: their places.
        """
        import faiss

        keys = self._keys
        apart = faiss.knn(keys, queries, 1)[0][:, 0]
        scale = 1 / (TOLERANCE**2 * VALUES + apart)[:, None]
        # (|q|² + |k|² - 2 q k) * scale, as the inner product of longer vectors.
        squares = np.square(keys).sum(axis=1, keepdims=True)
        long_keys = np.hstack([scale, scale * squares, -2 * scale * keys])
        ones = np.ones((len(queries), 1), np.float32)
        long_queries = np.hstack([np.square(queries).sum(axis=1, keepdims=True), ones, queries])
        found = faiss.knn(long_queries, -long_keys, 1, metric=faiss.METRIC_INNER_PRODUCT)[1]
        places = self._source.places[found[:, 0]]
        return Field(grid, places, self._distances(queries, places))

    def improve(self, queries: np.ndarray, field: Field, random: np.random.Generator) -> Field:
        """Return nearer neighbours than those of a field, by PatchMatch.

        Args:
            queries: float32 ``(patches, components)``.
            field: of the same patches.
            random: draws places to try.
        """
        places, distances = field.places.copy(), self._distances(queries, field.places)
        for candidates in self._candidates(places, field.grid, random):
            np.clip(candidates, 0, np.array(self._source.counts) - 1, out=candidates)
            others = self._distances(queries, candidates)
            better = others < distances
            places[better], distances[better] = candidates[better], others[better]
        return Field(field.grid, places, distances)

    def _distances(self, queries: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the squared distances of queries to the patches at places, float32."""
        apart = self._keys[np.ravel_multi_index(tuple(places.T), self._source.counts)]
        apart -= queries
        squared: np.ndarray = np.einsum("ij,ij->i", apart, apart)
        return squared

    def _candidates(
        self, places: np.ndarray, grid: Grid, random: np.random.Generator
    ) -> Iterator[np.ndarray]:
        """Yield places to try; ``places``, the best so far, changes meanwhile."""
        counts = np.array(self._source.counts)
        numbers = np.arange(len(places)).reshape(grid.counts)
        for _ in range(ROUNDS):
            for jump in (sign * jump for jump in JUMPS for sign in (1, -1)):
                for axis in range(3):
                    neighbours = np.roll(numbers, jump, axis).ravel()
                    yield places[neighbours] + grid.places - grid.places[neighbours]
            for trial in range(math.ceil(math.log(counts.max(), SHRINKING)) + 1):
                reach = np.maximum(1, counts / 2 / SHRINKING**trial)
                moved = random.uniform(-reach, reach, places.shape)
                yield places + np.rint(moved).astype(np.int64)
