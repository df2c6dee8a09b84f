"""Which clips to generate: seeds, and interpolations between them."""

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vidgan import latents
from vidgan.config import (
    DEFAULT_CLIPS,
    MAX_GRID_SIDE,
    SWEEP_SEEDS,
    GenerateConfig,
    ModelConfig,
)
from vidgan.errors import OptionError
from vidgan.jobs.generate.conditions import Condition, parse_labels, parse_sweep
from vidgan.latents import Latent, Noise

_MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Clip:
    """One clip to generate.

    Attributes:
        seed: draws the latents.
        toward: the seed to interpolate to; None without interpolation.
        step: of the interpolation, 0 at ``seed``.
        steps: of the interpolation from ``seed`` to ``toward``.
        conditions: inputs that are set instead of drawn.
    """

    seed: int
    toward: int | None = None
    step: int = 0
    steps: int = 1
    conditions: tuple[Condition, ...] = ()

    @property
    def name(self) -> str:
        """The file name without its suffix; it holds the seed that reproduces the clip."""
        parts = [f"seed-{self.seed:06d}"]
        if self.step > 0:
            parts.append(f"to-{self.toward:06d}-{self.step:04d}-of-{self.steps:04d}")
        return "-".join([*parts, *(condition.text for condition in self.conditions)])

    def noise(self, inputs: tuple[Latent, ...]) -> Noise:
        """Return the generator inputs of this clip, each ``(1, *shape)``."""
        if self.toward is None:
            noise = latents.from_seeds(inputs, [self.seed])
        else:
            points = _interpolation(self.seed, self.toward, self.steps, inputs)
            noise = {name: values[self.step : self.step + 1] for name, values in points.items()}
        for condition in self.conditions:
            noise = condition.apply(noise)
        return noise


# The clips of an interpolation follow each other: caching one is enough.
@functools.lru_cache(maxsize=1)
def _interpolation(seed: int, toward: int, steps: int, inputs: tuple[Latent, ...]) -> Noise:
    start, end = (latents.from_seeds(inputs, [each]) for each in (seed, toward))
    return latents.interpolate(inputs, start, end, steps)


def share_with_first(
    noises: Iterable[Noise], inputs: tuple[Latent, ...], config: GenerateConfig
) -> Iterator[Noise]:
    """Apply ``--same-content`` and ``--same-motion``: copy inputs of the first clip to all others.

    Raises:
        OptionError: the generator has no separate input for motion.
    """
    if not (config.same_content or config.same_motion):
        return iter(noises)
    if "motion" not in (latent.name for latent in inputs):
        raise OptionError(
            f"--same-{'content' if config.same_content else 'motion'} needs a model with a "
            "separate motion latent, such as mocogan; this one has a single latent for both"
        )
    names = [each.name for each in inputs if (each.name == "motion") == config.same_motion]
    return _with_first(noises, names)


def _with_first(noises: Iterable[Noise], names: list[str]) -> Iterator[Noise]:
    common: Noise = {}
    for noise in noises:
        common = common or {name: noise[name] for name in names}
        yield noise | common


@dataclass(frozen=True)
class ClipPlan:
    """The clips to generate, in order, with memory that does not grow with their number.

    Attributes:
        seeds: in order.
        steps: of the interpolation from each seed to the next; None without interpolation.
        closed: whether to interpolate from the last seed back to the first.
        labels: used in turn, one per seed; if empty, the seeds draw them.
        sweep: values to generate for every seed; empty without ``--sweep``.
    """

    seeds: tuple[range, ...]
    steps: int | None = None
    closed: bool = False
    labels: tuple[Condition, ...] = ()
    sweep: tuple[Condition, ...] = ()

    @property
    def seed_count(self) -> int:
        """The number of seeds."""
        return sum(map(len, self.seeds))

    def __len__(self) -> int:
        if self.steps is None:
            return self.seed_count * max(1, len(self.sweep))
        if self.closed:
            return self.seed_count * self.steps
        return (self.seed_count - 1) * self.steps + 1

    @property
    def grid(self) -> tuple[int, int] | None:
        """``(rows, columns)`` of a sweep; None without one."""
        if not self.sweep:
            return None
        return min(self.seed_count, MAX_GRID_SIDE), len(self.sweep)

    def __iter__(self) -> Iterator[Clip]:
        seeds = (seed for part in self.seeds for seed in part)
        labels = itertools.cycle(_singles(self.labels))
        if self.steps is None:
            for seed, label in zip(seeds, labels, strict=False):
                for value in _singles(self.sweep):
                    yield Clip(seed, conditions=(*label, *value))
            return
        first = previous = next(seeds)
        for seed in seeds:
            yield from self._interpolate(previous, seed, next(labels))
            previous = seed
        if self.closed:
            yield from self._interpolate(previous, first, next(labels))
        else:
            yield Clip(previous, conditions=next(labels))

    def _interpolate(self, start: int, end: int, label: tuple[Condition, ...]) -> Iterator[Clip]:
        assert self.steps is not None
        for step in range(self.steps):
            yield Clip(start, end, step, self.steps, label)

    def repeated_seed(self) -> int | None:
        """Return a seed that occurs twice; None if all differ."""
        parts = sorted(self.seeds, key=lambda part: part.start)
        for before, after in itertools.pairwise(parts):
            if after.start < before.stop:
                return after.start
        return None


def _singles(conditions: tuple[Condition, ...]) -> list[tuple[Condition, ...]]:
    """Return a 1-tuple of each condition; one empty tuple if there are none."""
    return [(condition,) for condition in conditions] or [()]


def parse_seeds(text: str) -> tuple[range, ...]:
    """Parse ``0,1,4-6``.

    Raises:
        OptionError: the text has another form.
    """
    parts = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part, re.ASCII)
        if not match:
            raise OptionError(f"--seeds {text!r}: {part!r} is not a seed or a range such as 4-6")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise OptionError(f"--seeds {text!r}: the range {part.strip()} ends before it starts")
        if last > _MAX_SEED:
            raise OptionError(f"--seeds {text!r}: seeds are at most {_MAX_SEED}")
        parts.append(range(first, last + 1))
    return tuple(parts)


def seed_numbers(seeds: str | int | Iterable[int]) -> list[int]:
    """Return the seeds that are given as text, as one number or as numbers.

    Raises:
        OptionError: no seeds, or one that is negative or not an integer.
    """
    if isinstance(seeds, str):
        return [seed for part in parse_seeds(seeds) for seed in part]
    numbers = [seeds] if isinstance(seeds, int) else list(seeds)
    if not numbers:
        raise OptionError("--seeds: no seed given")
    for seed in numbers:
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= _MAX_SEED:
            raise OptionError(f"--seeds: {seed!r} is not an integer from 0 to {_MAX_SEED}")
    return [int(seed) for seed in numbers]


class SeedOptions(Protocol):
    """The options that choose seeds."""

    @property
    def n(self) -> int | None:
        """The number of seeds."""

    @property
    def seeds(self) -> str | None:
        """Their list."""

    @property
    def seed(self) -> int:
        """The first one."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of clips."""


def chosen_seeds(options: SeedOptions, default: int) -> tuple[range, ...]:
    """Return the seeds that the options ask for.

    Args:
        options: the options.
        default: number of seeds if no option gives one.

    Raises:
        OptionError: options contradict each other.
    """
    if options.seeds is None:
        tiles = options.grid[0] * options.grid[1] if options.grid else default
        return (range(options.seed, options.seed + (options.n or tiles)),)
    seeds = parse_seeds(options.seeds)
    count = sum(map(len, seeds))
    if options.seed:
        raise OptionError("--seed and --seeds contradict each other; leave one of them out")
    if options.n not in (None, count):
        raise OptionError(f"--n {options.n} contradicts --seeds, which has {count}")
    return seeds


def plan_clips(config: GenerateConfig) -> ClipPlan:
    """Return the clips that the options ask for, without the conditions that depend on the run.

    Raises:
        OptionError: options contradict each other.
    """
    if config.sweep is not None:
        _check_sweep(config)
    seeds = chosen_seeds(config, DEFAULT_CLIPS if config.sweep is None else SWEEP_SEEDS)
    made = ClipPlan(seeds, config.interpolate, config.loop and config.interpolate is not None)
    if config.interpolate is not None and made.seed_count < 2:
        raise OptionError("--interpolate needs at least two seeds")
    return made


def add_conditions(plan: ClipPlan, config: GenerateConfig, model: ModelConfig) -> ClipPlan:
    """Return the plan with the labels and the sweep that the options ask for.

    Args:
        plan: from :func:`plan_clips` with the same options.
        config: the options.
        model: of the run; holds labels and codes.

    Raises:
        OptionError: the model has no such label or code.
    """
    return dataclasses.replace(
        plan,
        labels=parse_labels(config.label, model),
        sweep=() if config.sweep is None else parse_sweep(config.sweep, model),
    )


def _check_sweep(config: GenerateConfig) -> None:
    """Raise OptionError for options that contradict ``--sweep``."""
    if config.grid is not None:
        raise OptionError("--sweep sets its own grid; leave --grid out")
    if config.interpolate is not None:
        raise OptionError("--sweep and --interpolate exclude each other; use one of them")
    if config.same_content:
        raise OptionError("--sweep varies what --same-content fixes; leave one of them out")
    if config.sweep == "label" and config.label is not None:
        raise OptionError("--sweep label uses all labels; leave --label out")
