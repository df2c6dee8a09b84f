"""``vidgan generate --from``, ``--between`` and ``--continue``: clips that begin with real ones."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from vidgan import latents
from vidgan.config import DEFAULT_CLIPS, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import clip_plan, conditions, source_clips
from vidgan.jobs.generate import codes as coding
from vidgan.training.run import Run

if TYPE_CHECKING:
    from vidgan.jobs.generate.clip_sampler import ClipSampler

# Continuations that are made at once.
CONTINUED_AT_ONCE = 4


@dataclass(frozen=True)
class NamedClip:
    """A clip to write.

    Attributes:
        name: of its file, without the suffix.
    """

    name: str


@dataclass(frozen=True)
class ClipJob:
    """Clips to generate from real ones; a plan for the exports of :mod:`exports`.

    Attributes:
        config: the options.
        seeds: of the clips, in order.
        given: the real clips, uint8 ``(frames, height, width, 3)`` each.
    """

    config: GenerateConfig
    seeds: tuple[range, ...]
    given: tuple[np.ndarray, ...] = ()

    # There is no grid of a sweep.
    grid = None

    @property
    def seed_count(self) -> int:
        """The number of seeds."""
        return sum(map(len, self.seeds))

    @property
    def _extra(self) -> int:
        """The number of clips before those of the seeds."""
        return self.config.from_ is not None

    def __len__(self) -> int:
        return self.seed_count + self._extra

    def __iter__(self) -> Iterator[NamedClip]:
        if self.config.from_ is not None:
            yield NamedClip("reconstruction")
        for number, seed in enumerate(itertools.chain.from_iterable(self.seeds)):
            if self.config.between is None:
                yield NamedClip(f"seed-{seed:06d}")
            else:
                yield NamedClip(f"step-{number:04d}-of-{self.seed_count - 1:04d}")

    def repeated_seed(self) -> int | None:
        """Return a seed that occurs twice; None if all differ."""
        return clip_plan.ClipPlan(self.seeds).repeated_seed()

    def read(self, run: Run, notify: Callable[[str], None]) -> Self:
        """Return the job with the real clips.

        Args:
            run: the run.
            notify: called with a line for everything of a clip that could not be kept.

        Raises:
            OptionError: options do not suit the run.
            RunError: the run has no encoder.
            InputError: a clip cannot be read or is too short.
        """
        config = self.config
        run.check_encoder()
        if len(conditions.parse_labels(config.label, run.model)) > 1:
            raise OptionError(f"--label {config.label!r}: a real clip has one label")
        if config.continue_ is not None:
            clips = [source_clips.read_to_end(config.continue_, run, config.starts[0], notify)]
        else:
            paths = config.between or (str(config.from_),)
            clips = [
                source_clips.read_first_clip(path, run, start, notify)
                for path, start in zip(paths, config.starts, strict=False)
            ]
        return dataclasses.replace(self, given=tuple(clips))

    def frames(self, run: Run) -> int:
        """Return the number of frames of each clip."""
        frames = self.config.length(run.frames)
        return frames + (len(self.given[0]) if self.config.continue_ is not None else 0)

    def generate(self, sampler: "ClipSampler", fps: float | None) -> Iterator[np.ndarray]:
        """Yield the clips, uint8 ``(frames, height, width, 3)``.

        Args:
            sampler: of the run.
            fps: frames per second of generated clips; None as in training.
        """
        if self.config.continue_ is not None:
            yield from self._continue(sampler)
            return
        noises = self._vary(sampler, fps) if self.config.from_ else self._lead(sampler, fps)
        batches = sampler.stream(
            noises,
            self.config.batch_size,
            frames=self.config.length(sampler.frames),
            loop=self.config.loop,
        )
        yield from itertools.chain.from_iterable(batches)

    def _numbers(self) -> Iterator[int]:
        return itertools.chain.from_iterable(self.seeds)

    def _vary(self, sampler: "ClipSampler", fps: float | None) -> Iterator[latents.Noise]:
        """Yield the codes of the clip, then of its variations."""
        config = self.config
        codes = sampler.encode(self.given[0][None], label=config.label)

        def varied(seed: int, strength: float) -> latents.Noise:
            frames = config.length(sampler.frames)
            return sampler.vary(codes, seed, strength=strength, frames=frames, fps=fps)

        noises = itertools.chain(
            [varied(0, 0.0)],
            (varied(seed, config.trunc) for seed in self._numbers()),
        )
        yield from clip_plan.share_with_first(noises, sampler.decoder_inputs, config)

    def _lead(self, sampler: "ClipSampler", fps: float | None) -> Iterator[latents.Noise]:
        """Yield codes from those of the first clip to those of the second."""
        codes = sampler.encode(np.stack(self.given), label=self.config.label)
        start, end = (
            sampler.vary(
                coding.selected(codes, slice(i, i + 1)),
                0,
                strength=0.0,
                frames=self.config.length(sampler.frames),
                fps=fps,
            )
            for i in range(2)
        )
        points = sampler.interpolate(start, end, len(self))
        for i in range(len(self)):
            yield coding.selected(points, slice(i, i + 1))

    def _continue(self, sampler: "ClipSampler") -> Iterator[np.ndarray]:
        """Yield the given clip with its continuation by each seed."""
        # What does not change is not held once for each seed.
        apart = 0 if self.config.loop else len(self.given[0]) - sampler.frames
        begin, end = self.given[0][:apart], self.given[0][apart:]
        numbers = self._numbers()
        while seeds := tuple(itertools.islice(numbers, CONTINUED_AT_ONCE)):
            made = sampler.continue_clip(
                end,
                self.config.frames,
                seeds=seeds,
                strength=self.config.trunc,
                label=self.config.label,
                loop=self.config.loop,
            )
            for clip in made:
                yield np.concatenate([begin, clip])


def plan_job(config: GenerateConfig) -> ClipJob:
    """Return the clips that the options ask for, before the real ones are read.

    Raises:
        OptionError: options contradict each other.
    """
    count = config.n
    if count is None and config.grid is not None:
        count = config.grid[0] * config.grid[1]
    if config.between is not None:
        count = DEFAULT_CLIPS if count is None else count
        if count < 2:
            raise OptionError("--between needs --n 2 or more, for both ends")
        return ClipJob(config, (range(count),))
    if config.continue_ is not None:
        alone = count is None and config.seeds is None
        return ClipJob(config, clip_plan.plan_clips(config.replace(n=1) if alone else config).seeds)
    if config.seeds is None:
        last = config.seed + (count or DEFAULT_CLIPS) - 1
        return ClipJob(config, (range(config.seed, last),))
    job = ClipJob(config, clip_plan.plan_clips(config.replace(n=None)).seeds)
    if config.n not in (None, len(job)):
        raise OptionError(
            f"--n {config.n} contradicts --seeds, which has {job.seed_count} besides the "
            "reconstruction"
        )
    return job
