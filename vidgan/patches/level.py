"""The source of variations at one size: matching its patches and blending them."""

import functools

import numpy as np

from vidgan.patches.correspondences import Field, Grid, Matcher
from vidgan.patches.overlap import VALUES, Components, Shape, blend, covered, trust, whole_patches
from vidgan.patches.resizing import resized

# Patches that determine the principal components, and those that are projected at once.
SAMPLE, AT_ONCE = 8000, 8000


class Level:
    """The source of variations at one size.

    Args:
        values: the source at this size, ``(frames, height, width, 3)``.
        coarser: the source at the next coarser size; None at the coarsest.
        stride: of the patches that are matched.

    Attributes:
        values: as given.
        shape: frames, height and width.
        stride: as given.
    """

    def __init__(self, values: np.ndarray, coarser: np.ndarray | None, stride: int = 1) -> None:
        self.values, self.stride, self._coarser = values, stride, coarser
        self.shape: Shape = values.shape[:3]
        # As far as patches at this stride may reach beyond a clip.
        self._grid = Grid(tuple(side + stride - 1 for side in self.shape))

    def match(
        self, clip: np.ndarray, start: Field | None, random: np.random.Generator, *, soft: bool
    ) -> Field:
        """Return the matches of a clip's patches.

        Args:
            clip: float32 ``(frames, height, width, 3)``.
            start: matches to improve; None to search all.
            random: draws places to try.
            soft: whether the clip was enlarged from the next coarser size, and lacks its details.
        """
        grid = Grid(clip.shape[:3]) if start is None else start.grid
        queries = self._project(clip, grid)
        matcher = Matcher(self._soft if soft else self._sharp, self._grid)
        if start is None:
            return matcher.search(queries, grid)
        return matcher.improve(queries, start, random)

    def blend(self, field: Field, power: float) -> np.ndarray:
        """Return the clip of matches, float32 ``(frames, height, width, 3)``.

        Args:
            field: the matches.
            power: of their distances, by which they count where they overlap; 0 or less.
        """
        grid = field.grid
        trusted = trust(field.distances, power).reshape(grid.counts)
        values = _extended(self.values, self._grid)
        blended = blend(values, field.places.T, trusted, (grid.stride,) * 3)
        frames, height, width = grid.shape
        return blended[:frames, :height, :width]

    def rescaled(self, field: Field, shape: Shape, coarser: "Level") -> Field:
        """Return matches of a coarser level as matches of this one.

        Args:
            field: the matches.
            shape: of the clip at this level.
            coarser: the level of the matches.
        """
        scale = np.array(self.shape) / coarser.shape
        return field.rescaled(Grid(shape, self.stride), scale, self._grid)

    @functools.cached_property
    def _components(self) -> Components:
        step = max(1, int((len(self._grid.places) / SAMPLE) ** (1 / 3)))
        sample = whole_patches(self.values, (step,) * 3).reshape(-1, VALUES)
        return Components(sample.astype(np.float32))

    @functools.cached_property
    def _sharp(self) -> np.ndarray:
        """The components of the source's patches."""
        return self._project(self.values, self._grid)

    @functools.cached_property
    def _soft(self) -> np.ndarray:
        """The same as they look when they come from the next coarser size."""
        if self._coarser is None:
            return self._sharp
        return self._project(resized(self._coarser, self.shape), self._grid)

    def _project(self, clip: np.ndarray, grid: Grid) -> np.ndarray:
        """Return the components of a clip's patches, float32 ``(patches, components)``."""
        clip = _extended(clip, grid)
        parts = []
        for frame in whole_patches(clip, (grid.stride,) * 3):
            for rows in np.array_split(frame, -(-frame.shape[0] * frame.shape[1] // AT_ONCE)):
                patches = rows.reshape(-1, VALUES).astype(np.float32)
                parts.append(self._components.project(patches))
        return np.concatenate(parts)


def _extended(clip: np.ndarray, grid: Grid) -> np.ndarray:
    """Return a clip with its last frame, row and column repeated as far as patches reach."""
    reached = covered(grid.counts, (grid.stride,) * 3)
    beyond = [(0, more - side) for more, side in zip(reached, clip.shape[:3], strict=True)]
    return np.pad(clip, (*beyond, (0, 0)), "edge")
