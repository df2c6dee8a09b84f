"""The sets of clips that an evaluation compares."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources import ClipSet, Shape, open_set

DEFAULT_FRAMES = 16
# Rates that differ by more are noted.
_RATE_TOLERANCE = 0.01


@dataclass
class ClipSets:
    """The sets that are compared.

    Attributes:
        reference: real clips that generated ones are compared with.
        floor: other real clips, as many as the generated ones that are compared.
        generated: generated clips.
        training: what generated clips may have been copied from.
        held: real clips that cannot have been copied from there: ``real`` or ``floor``.
    """

    reference: ClipSet
    floor: ClipSet
    generated: ClipSet
    training: ClipSet
    held: str

    @property
    def halved(self) -> bool:
        """Whether the reference and the floor are split_real of one set."""
        return self.training is self.reference

    @property
    def named(self) -> dict[str, ClipSet]:
        """Return the three sets by name."""
        return {
            "real": self.reference,
            "floor": self.floor,
            "generated": self.generated,
        }


def split_real(real: Path, fake: Path, config: EvaluateConfig) -> ClipSets:
    """Return the sets of any two: split_real of the real clips are the reference and the floor.

    They share no clip, and none is larger than what is compared with it.

    Args:
        real: real clips, what :func:`vidgan.jobs.evaluate.sources.open_set` takes.
        fake: the clips to be measured, likewise.
        config: the options.

    Raises:
        InputError: too few clips, or nothing that can be read.
        DatasetError: a dataset is damaged.
    """
    shape = Shape(config.frames or DEFAULT_FRAMES, config.stride or 1, config.size, config.fps)
    reference = open_set(real, shape, config.split)
    generated = open_set(
        fake, replace(shape, size=reference.shape.size), config.split, reference.labels
    )
    if reference.fps and generated.fps:
        differ = differing_rates(fake, generated.fps, f"of {real}", reference.fps)
        generated.notes += [f"{note}; --fps brings videos to one rate" for note in differ]
    if reference.total < 4 or generated.total < 2:
        short = real if reference.total < 4 else fake
        found = reference.total if reference.total < 4 else generated.total
        raise InputError(
            f"{short}: gives {found} clips of {shape.span} frames; 4 real ones and 2 others are "
            "the least"
        )
    floor = open_set(real, shape, config.split)
    random = np.random.Generator(np.random.Philox(config.seed))
    order = random.permutation(reference.total)
    half = min(reference.total // 2, config.n or reference.total)
    reference.keep(order[:half])
    floor.keep(order[half : 2 * half])
    generated.choose(half, config.seed)
    floor.keep(floor.chosen[: generated.count])
    return ClipSets(reference, floor, generated, reference, "floor")


def differing_rates(path: Path, rate: float, others: str, their_rate: float) -> list[str]:
    """Return a note where clips play at another rate than those that they are compared with.

    Args:
        path: where the clips come from.
        rate: theirs, in frames a second.
        others: what the others are.
        their_rate: the others'.
    """
    if math.isclose(rate, their_rate, rel_tol=_RATE_TOLERANCE):
        return []
    return [
        f"clips of {path} play at {rate:g} frames/s, those {others} at {their_rate:g}: motion "
        "differs for that reason alone"
    ]
