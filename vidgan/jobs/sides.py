"""The sets of clips that an evaluation compares."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.sources import ClipSet, Shape, open_set

DEFAULT_FRAMES = 16


@dataclass
class Sides:
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
        """Whether the reference and the floor are halves of one set."""
        return self.held == "floor"

    @property
    def named(self) -> dict[str, ClipSet]:
        """Return the three sets by name."""
        return {
            "real": self.reference,
            "floor": self.floor,
            "generated": self.generated,
        }


def halves(real: Path, fake: Path, config: EvaluateConfig) -> Sides:
    """Return the sets of any two: halves of the real clips are the reference and the floor.

    They share no clip, and none is larger than what is compared with it.

    Args:
        real: real clips, what :func:`vidgan.jobs.sources.open_set` takes.
        fake: the clips to be measured, likewise.
        config: the options.

    Raises:
        InputError: too few clips, or nothing that can be read.
        DatasetError: a dataset is damaged.
    """
    shape = Shape(config.frames or DEFAULT_FRAMES, config.stride or 1, config.size, config.fps)
    reference = open_set(real, shape, config.split)
    generated = open_set(fake, replace(shape, size=reference.shape.size), config.split)
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
    return Sides(reference, floor, generated, reference, "floor")
