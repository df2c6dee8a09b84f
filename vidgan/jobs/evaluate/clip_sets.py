"""The sets of clips that an evaluation compares."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources import ClipSet, Shape, open_set, same_rate

DEFAULT_FRAMES = 16
# The fewest real clips, two for each half, and generated clips that can be compared.
_MIN_REAL = 4
_MIN_GENERATED = 2


@dataclass
class ClipSets:
    """The sets that are compared.

    Attributes:
        reference: real clips that generated clips are compared with.
        floor: other real clips, at most as many as the generated ones.
        generated: generated clips.
        training: the clips that generated ones may be copies of.
        held_out: real clips that are not among these: ``real`` (the reference) or ``floor``.
    """

    reference: ClipSet
    floor: ClipSet
    generated: ClipSet
    training: ClipSet
    held_out: str

    @property
    def split_in_half(self) -> bool:
        """Whether the reference and the floor are halves of one set."""
        return self.training is self.reference

    @property
    def by_name(self) -> dict[str, ClipSet]:
        """The reference (``real``), the floor and the generated clips by name."""
        return {
            "real": self.reference,
            "floor": self.floor,
            "generated": self.generated,
        }


def split_real(real: Path, fake: Path, config: EvaluateConfig) -> ClipSets:
    """Return the sets to compare any clips with real ones, half of which are the floor.

    Reference and floor are disjoint, and neither is larger than the set of generated clips.

    Args:
        real: real clips, see :func:`vidgan.jobs.evaluate.sources.open_set`.
        fake: generated clips, from the same kinds of source.
        config: the options.

    Raises:
        InputError: a path cannot be read or has too few clips.
        DatasetError: a dataset is damaged.
    """
    shape = Shape(config.frames or DEFAULT_FRAMES, config.stride or 1, config.size, config.fps)
    reference = open_set(real, shape, config.split)
    generated = open_set(
        fake, replace(shape, size=reference.shape.size), config.split, reference.labels
    )
    if reference.fps and generated.fps:
        notes = rate_notes(fake, generated.fps, f"of {real}", reference.fps)
        generated.notes += [f"{note}; --fps resamples videos to one rate" for note in notes]
    for path, clips, minimum in (
        (real, reference, _MIN_REAL),
        (fake, generated, _MIN_GENERATED),
    ):
        if clips.total < minimum:
            raise InputError(
                f"{path}: gives {clips.total} clips of {shape.span} frames; at least {_MIN_REAL} "
                f"real and {_MIN_GENERATED} other clips are needed"
            )
    floor = open_set(real, shape, config.split)
    random = np.random.Generator(np.random.Philox(config.seed))
    order = random.permutation(reference.total)
    half = min(reference.total // 2, config.n or reference.total)
    reference.select(order[:half])
    floor.select(order[half : 2 * half])
    generated.sample(half, config.seed)
    floor.select(floor.selected[: generated.count])
    return ClipSets(reference, floor, generated, reference, "floor")


def rate_notes(path: Path, rate: float, others: str, other_rate: float) -> list[str]:
    """Return a note if clips play at another rate than those that they are compared with.

    Args:
        path: source of the clips.
        rate: their frames per second.
        others: what they are compared with.
        other_rate: the frames per second of these.
    """
    if same_rate(rate, other_rate):
        return []
    return [
        f"clips of {path} play at {rate:g} frames/s, those {others} at {other_rate:g}: motion "
        "differs for that reason alone"
    ]
