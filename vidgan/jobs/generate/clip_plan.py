"""Which clips are made: seeds, and the walks between them."""

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    """One clip to make.

    Attributes:
        seed: where it stands in latent space.
        toward: the seed that a walk goes to from there, None without a walk.
        step: how many of the walk's steps it is away from ``seed``.
        steps: how many steps the walk has.
        choices: what is chosen rather than drawn.
    """

    seed: int
    toward: int | None = None
    step: int = 0
    steps: int = 1
    choices: tuple[Condition, ...] = ()

    @property
    def name(self) -> str:
        """The clip's file name without its suffix: what makes it again."""
        parts = [f"seed-{self.seed:06d}"]
        if self.step > 0:
            parts.append(f"to-{self.toward:06d}-{self.step:04d}-of-{self.steps:04d}")
        return "-".join([*parts, *(choice.text for choice in self.choices)])

    def noise(self, inputs: tuple[Latent, ...]) -> Noise:
        """Return the generator's inputs for this clip, one row each."""
        if self.toward is None:
            noise = latents.from_seeds(inputs, [self.seed])
        else:
            walk = _walk(self.seed, self.toward, self.steps, inputs)
            noise = {name: values[self.step : self.step + 1] for name, values in walk.items()}
        for choice in self.choices:
            noise = choice.apply(noise)
        return noise


# The clips of a walk come one after the other: one walk is worth keeping.
@functools.lru_cache(maxsize=1)
def _walk(seed: int, toward: int, steps: int, inputs: tuple[Latent, ...]) -> Noise:
    start, end = (latents.from_seeds(inputs, [each]) for each in (seed, toward))
    return latents.interpolate(inputs, start, end, steps)


def share(
    noises: Iterable[Noise], inputs: tuple[Latent, ...], config: GenerateConfig
) -> Iterator[Noise]:
    """Give all clips the content, or the motion, of the first one where the options say so.

    Raises:
        OptionError: the generator has no input for the motion alone.
    """
    if not (config.same_content or config.same_motion):
        return iter(noises)
    if "motion" not in (latent.name for latent in inputs):
        raise OptionError(
            f"--same-{'content' if config.same_content else 'motion'} takes a model with a latent "
            "for the motion, such as mocogan; this one makes content and motion from one vector"
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
    """The clips of one call, in their order; nothing is held that grows with their number.

    Attributes:
        seeds: in their order.
        steps: of a walk from each seed to the next; None without.
        closed: whether a walk leads from the last seed to the first.
        labels: taken in turn, one a seed; empty where seeds draw them.
        sweep: each seed makes a clip of every one of these; empty without a sweep.
    """

    seeds: tuple[range, ...]
    steps: int | None = None
    closed: bool = False
    labels: tuple[Condition, ...] = ()
    sweep: tuple[Condition, ...] = ()

    @property
    def seed_count(self) -> int:
        """How many seeds there are."""
        return sum(map(len, self.seeds))

    def __len__(self) -> int:
        if self.steps is None:
            return self.seed_count * max(1, len(self.sweep))
        if self.closed:
            return self.seed_count * self.steps
        return (self.seed_count - 1) * self.steps + 1

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns that the clips ask for by themselves, None for no layout."""
        if not self.sweep:
            return None
        return min(self.seed_count, MAX_GRID_SIDE), len(self.sweep)

    def __iter__(self) -> Iterator[Clip]:
        seeds = (seed for part in self.seeds for seed in part)
        labels = itertools.cycle(_each(self.labels))
        if self.steps is None:
            for seed, label in zip(seeds, labels, strict=False):
                for swept in _each(self.sweep):
                    yield Clip(seed, choices=(*label, *swept))
            return
        first = previous = next(seeds)
        for seed in seeds:
            yield from self._walk(previous, seed, next(labels))
            previous = seed
        if self.closed:
            yield from self._walk(previous, first, next(labels))
        else:
            yield Clip(previous, choices=next(labels))

    def _walk(self, start: int, end: int, label: tuple[Condition, ...]) -> Iterator[Clip]:
        assert self.steps is not None
        for step in range(self.steps):
            yield Clip(start, end, step, self.steps, label)

    def repeated_seed(self) -> int | None:
        """Return a seed that comes twice, None if all differ."""
        parts = sorted(self.seeds, key=lambda part: part.start)
        for before, after in itertools.pairwise(parts):
            if after.start < before.stop:
                return after.start
        return None


def _each(choices: tuple[Condition, ...]) -> list[tuple[Condition, ...]]:
    """Return the choices one by one; where there are none, that once."""
    return [(choice,) for choice in choices] or [()]


def parse_seeds(text: str) -> tuple[range, ...]:
    """Read ``0,1,4-6`` as ranges.

    Raises:
        OptionError: the text is anything else.
    """
    parts = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part, re.ASCII)
        if not match:
            raise OptionError(f"--seeds {text!r}: {part!r} is no seed or range such as 4-6")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise OptionError(f"--seeds {text!r}: the range {part.strip()} runs backwards")
        if last > _MAX_SEED:
            raise OptionError(f"--seeds {text!r}: seeds are at most {_MAX_SEED}")
        parts.append(range(first, last + 1))
    return tuple(parts)


def as_ranges(seeds: str | int | Iterable[int]) -> tuple[range, ...]:
    """Return seeds given as text, one number or numbers as ranges.

    Raises:
        OptionError: no seeds, or one that is negative or no whole number.
    """
    if isinstance(seeds, str):
        return parse_seeds(seeds)
    numbers = [seeds] if isinstance(seeds, int) else list(seeds)
    if not numbers:
        raise OptionError("--seeds: no seed given")
    for seed in numbers:
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= _MAX_SEED:
            raise OptionError(f"--seeds: {seed!r} is no whole number from 0 to {_MAX_SEED}")
    return tuple(range(int(seed), int(seed) + 1) for seed in numbers)


def plan(config: GenerateConfig) -> ClipPlan:
    """Work out the clips that the options ask for; :func:`choose` adds what a run must know.

    Raises:
        OptionError: options that contradict each other.
    """
    if config.sweep is not None:
        _check_sweep(config)
    if config.seeds is None:
        tiles = DEFAULT_CLIPS if config.sweep is None else SWEEP_SEEDS
        tiles = config.grid[0] * config.grid[1] if config.grid else tiles
        seeds: tuple[range, ...] = (range(config.seed, config.seed + (config.n or tiles)),)
    else:
        seeds = parse_seeds(config.seeds)
        count = sum(map(len, seeds))
        if config.seed:
            raise OptionError("--seed has no meaning beside --seeds; leave one of them out")
        if config.n not in (None, count):
            raise OptionError(f"--n {config.n} contradicts --seeds, which are {count}")
    made = ClipPlan(seeds, config.interpolate, config.loop and config.interpolate is not None)
    if config.interpolate is not None and made.seed_count < 2:
        raise OptionError("--interpolate goes from seed to seed; give two or more")
    return made


def choose(plan: ClipPlan, config: GenerateConfig, model: ModelConfig) -> ClipPlan:
    """Return the plan with the labels and the sweep of the options.

    Args:
        plan: of the same options.
        config: the options.
        model: that of the run, which knows labels and codes.

    Raises:
        OptionError: a label or code that is not there.
    """
    return dataclasses.replace(
        plan,
        labels=parse_labels(config.label, model),
        sweep=() if config.sweep is None else parse_sweep(config.sweep, model),
    )


def _check_sweep(config: GenerateConfig) -> None:
    """Refuse what would contradict a sweep's rows and columns."""
    if config.grid is not None:
        raise OptionError("--sweep has a grid of its own; leave --grid out")
    if config.interpolate is not None:
        raise OptionError("--sweep goes through a code, --interpolate from seed to seed; use one")
    if config.same_content:
        raise OptionError("--sweep changes what --same-content holds; leave one of them out")
    if config.sweep == "label" and config.label is not None:
        raise OptionError("--sweep label goes through all labels; leave --label out")
