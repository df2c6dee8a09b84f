"""Variations of a video: other clips of the same patches, without training.

As in VGPNN (arXiv 2109.08591) patches are replaced by their nearest neighbours in the video, at a
coarse size first, where a patch holds a large part of the frame and the time, and at each finer
one. What differs is where it begins: VGPNN adds noise to the video at the coarsest size. Noise that
is strong enough to change anything tears things apart. Here places are mainly moved, in time and
space, each region of the frame in its own way.
"""

import math
from collections.abc import Callable

import numpy as np

from vidgan.patches.beginnings import moved, recoloured
from vidgan.patches.copies import largest_copy
from vidgan.patches.correspondences import Grid
from vidgan.patches.level import Level
from vidgan.patches.overlap import PATCH, Shape
from vidgan.patches.resizing import resized

# Least frames, and pixels of the shorter side.
MIN_FRAMES, MIN_SIDE = 4, 16
# The coarsest size: pixels of the shorter side, and the number of frames as a part of all.
COARSEST_SIDE, COARSEST_TIME = 15, 0.5
# The factor from one size to the next.
FACTOR = 0.8
# Fields of at most so many pairs of patches are searched exhaustively.
MAX_PAIRS = 150_000_000
# Sizes of more voxels are not searched: the field of a coarser one is interpolated.
MAX_SEARCHED = 600_000
# How often patches are replaced at the coarsest sizes, at others that are searched exhaustively,
# and at the rest.
COARSE_LEVELS, COARSE_ROUNDS, ROUNDS, FINE_ROUNDS = 3, 4, 4, 1
# From one patch to the next where the field is not searched exhaustively.
STRIDE = 2
# By these powers of their distance patches count where they overlap: at the full size, where others
# would blur the best, and at coarser ones, where the mean closes seams.
POWER, SOFT_POWER = -4, 0
# Of so many shifts the share is measured that is copied with it.
SHIFTS = 8


class Variations:
    """Makes variations of a video.

    Args:
        source: uint8 ``(frames, height, width, 3)``, at least :data:`MIN_FRAMES` and
            :data:`MIN_SIDE`.
        shape: ``(frames, height, width)`` of the variations, with the same bounds; default: as the
            source.
    """

    def __init__(self, source: np.ndarray, shape: Shape | None = None) -> None:
        self.shape = shape = source.shape[:3] if shape is None else shape
        sizes = _sizes(source.shape[:3], shape)
        self._outputs = [output for _, output in sizes]
        values = [resized(source, size) for size, _ in sizes[:-1]] + [source]
        self._levels = []
        for number, (size, output) in enumerate(sizes):
            exhaustive = number == 0 or _pairs(size, output) <= MAX_PAIRS
            coarser = values[number - 1] if number else None
            self._levels.append(Level(values[number], coarser, 1 if exhaustive else STRIDE))

    @property
    def steps(self) -> int:
        """The number of sizes, at each of which a variation is computed."""
        return len(self._levels)

    def vary(
        self,
        seed: int,
        strength: float = 0.5,
        like: np.ndarray | None = None,
        step: Callable[[], object] = lambda: None,
    ) -> tuple[np.ndarray, float]:
        """Return a variation.

        Args:
            seed: draws what differs.
            strength: how much differs, from 0 to 1.
            like: uint8 ``(frames, height, width, 3)`` of any size: a video whose layout and motion
                take the place of the source's.
            step: called after each size.

        Returns:
            uint8 of the shape of the variations, and the share of what moves in it, 0 to 1, that is
            the largest piece copied from one place of the source.
        """
        random = np.random.default_rng(seed)
        clip = self._beginning(strength, like, random)
        field, previous = None, self._levels[0]
        for number, (level, output) in enumerate(zip(self._levels, self._outputs, strict=True)):
            if field is not None:
                field = level.rescaled(field, output, previous)
            power = POWER if number == self.steps - 1 else SOFT_POWER
            if field is None or max(math.prod(level.shape), math.prod(output)) <= MAX_SEARCHED:
                clip = resized(clip, output)
                for turn in range(_rounds(number, level.stride)):
                    start = None if level.stride == 1 else field
                    field = level.match(clip, start, random, soft=turn == 0)
                    clip = level.blend(field, power)
            else:
                clip = level.blend(field, power)
            previous = level
            step()
        assert field is not None
        variation = np.rint(clip).astype(np.uint8)
        shifts = [(0, 0, 0), *field.frequent_shifts(SHIFTS)]
        return variation, largest_copy(variation, self._levels[-1].values, shifts)

    def _beginning(
        self, strength: float, like: np.ndarray | None, random: np.random.Generator
    ) -> np.ndarray:
        """Return what a variation begins with, float32 of the coarsest size."""
        source, shape = self._levels[0].values, self._outputs[0]
        if like is None:
            clip = moved(source, shape, strength, random)
        else:
            clip = recoloured(resized(like, shape), source)
        noise = random.normal(0, strength * source.std(), clip.shape)
        return clip + noise.astype(np.float32)


def _pairs(source: Shape, output: Shape) -> int:
    """Return the number of pairs of patches of two clips."""
    return math.prod((*Grid(source).counts, *Grid(output).counts))


def _rounds(number: int, stride: int) -> int:
    """Return how often patches are replaced at a size, by its number from the coarsest."""
    if number < COARSE_LEVELS:
        return COARSE_ROUNDS
    return ROUNDS if stride == 1 else FINE_ROUNDS


def _sizes(source: Shape, output: Shape) -> list[tuple[Shape, Shape]]:
    """Return the shapes of the source and of the output at each size, the coarsest first."""
    shrink = min(1.0, COARSEST_SIDE / min(*source[1:], *output[1:]))
    slow = max(COARSEST_TIME, *(min(1.0, MIN_FRAMES / shape[0]) for shape in (source, output)))
    count = max(1, round(math.log(shrink) / math.log(FACTOR)))

    def at(shape: Shape, level: int) -> Shape:
        part = 1 - level / count
        factors = (slow**part, shrink**part, shrink**part)
        return tuple(
            max(patch, round(side * factor))
            for side, factor, patch in zip(shape, factors, PATCH, strict=True)
        )

    sizes = [(at(source, level), at(output, level)) for level in range(count)]
    searched = [pair for pair in sizes if max(math.prod(shape) for shape in pair) <= MAX_SEARCHED]
    return [*(searched or sizes[:1]), (source, output)]
