"""Clips that a run generates."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape
from vidgan.jobs.generate import conditions
from vidgan.latents import Noise

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
        numbers = self._label_numbers
        number = 0
        for batch in self.sampler.stream(self._noises(), self.batch_size):
            for clip in batch:
                yield clip, -1 if numbers is None else int(numbers[number])
                number += 1

    def at(self, positions: Sequence[int]) -> np.ndarray:
        """Generate only the clips that are asked for."""
        found = {i: noise for i, noise in enumerate(self._noises()) if i in positions}
        wanted = [found[position] for position in positions]
        return np.concatenate(list(self.sampler.stream(wanted, self.batch_size)))

    def fingerprint(self) -> str:
        """Return the run and the seed."""
        return f"{self.path.resolve()} {self.seed}"

    @property
    def _label_numbers(self) -> np.ndarray | None:
        """The label of each clip, if labels are given."""
        return None if self.given_labels is None else np.resize(self.given_labels, self.total)

    def _noises(self) -> Iterator[Noise]:
        """Yield the generator inputs of each clip."""
        numbers = self._label_numbers
        values = [] if numbers is None else numbers.tolist()
        labels = [conditions.label(value, self.labels[value]) for value in values]
        seeds = range(self.seed, self.seed + self.total)
        noises = self.sampler.noises(seeds, inputs=self.sampler.inputs(self.shape.frames))
        return conditions.cycle_conditions(noises, labels)
