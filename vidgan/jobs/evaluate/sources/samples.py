"""Clips that a run generates."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape
from vidgan.jobs.generate import conditions

if TYPE_CHECKING:
    from vidgan.jobs.generate.sampler import Sampler


class SampleSet(ClipSet):
    """Clips that a run generates, each from its own seed.

    Args:
        sampler: the sampler of the run.
        count: number of clips.
        seed: of the first clip, incremented for each further one.
        labels: labels for a conditional run, int ``(n,)``, repeated as necessary; None draws
            them from the seeds.
        batch_size: clips generated at once.
        frames: of a clip; by default as in training.
    """

    def __init__(
        self,
        sampler: "Sampler",
        count: int,
        seed: int,
        *,
        labels: np.ndarray | None = None,
        batch_size: int = 16,
        frames: int | None = None,
    ) -> None:
        run = sampler.run
        shape = Shape(frames or run.frames, run.stride, run.size)
        super().__init__("generated clips", run.path, shape, run.fps, count)
        self.sampler, self.seed, self.batch_size = sampler, seed, batch_size
        self.labels = run.model.labels
        self.given_labels = labels if run.model.conditional else None

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips."""
        inputs = self.sampler.inputs(self.shape.frames)
        names = self.labels
        numbers = None if self.given_labels is None else np.resize(self.given_labels, self.total)
        labels = (
            [] if numbers is None else [conditions.label(n, names[n]) for n in numbers.tolist()]
        )
        seeds = range(self.seed, self.seed + self.total)
        noises = conditions.cycle_conditions(self.sampler.noises(seeds, inputs=inputs), labels)
        number = 0
        for batch in self.sampler.stream(noises, self.batch_size):
            for clip in batch:
                yield clip, -1 if numbers is None else int(numbers[number])
                number += 1

    def fingerprint(self) -> str:
        """Return the run and the seed."""
        return f"{self.path.resolve()} {self.seed}"
