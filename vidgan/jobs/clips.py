"""Which clips are made: seeds, and the walks between them."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vidgan import latents
from vidgan.config import DEFAULT_CLIPS, GenerateConfig
from vidgan.errors import OptionError
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
    """

    seed: int
    toward: int | None = None
    step: int = 0
    steps: int = 1

    @property
    def name(self) -> str:
        """The clip's file name without its suffix: what makes it again."""
        name = f"seed-{self.seed:06d}"
        if self.step == 0:
            return name
        return f"{name}-to-{self.toward:06d}-{self.step:04d}-of-{self.steps:04d}"

    def noise(self, inputs: tuple[Latent, ...]) -> Noise:
        """Return the generator's inputs for this clip, one row each."""
        if self.toward is None:
            return latents.from_seeds(inputs, [self.seed])
        walk = _walk(self.seed, self.toward, self.steps, inputs)
        return {name: values[self.step : self.step + 1] for name, values in walk.items()}


# The clips of a walk come one after the other: one walk is worth keeping.
@functools.lru_cache(maxsize=1)
def _walk(seed: int, toward: int, steps: int, inputs: tuple[Latent, ...]) -> Noise:
    start, end = (latents.from_seeds(inputs, [each]) for each in (seed, toward))
    return latents.interpolate(inputs, start, end, steps)


@dataclass(frozen=True)
class Plan:
    """The clips of one call, in their order; nothing is held that grows with their number."""

    seeds: tuple[range, ...]
    steps: int | None = None
    closed: bool = False

    @property
    def seed_count(self) -> int:
        """How many seeds there are."""
        return sum(map(len, self.seeds))

    def __len__(self) -> int:
        if self.steps is None:
            return self.seed_count
        if self.closed:
            return self.seed_count * self.steps
        return (self.seed_count - 1) * self.steps + 1

    def __iter__(self) -> Iterator[Clip]:
        seeds = (seed for part in self.seeds for seed in part)
        if self.steps is None:
            yield from map(Clip, seeds)
            return
        first = previous = next(seeds)
        for seed in seeds:
            yield from self._walk(previous, seed)
            previous = seed
        if self.closed:
            yield from self._walk(previous, first)
        else:
            yield Clip(previous)

    def _walk(self, start: int, end: int) -> Iterator[Clip]:
        assert self.steps is not None
        for step in range(self.steps):
            yield Clip(start, end, step, self.steps)

    def repeated_seed(self) -> int | None:
        """Return a seed that comes twice, None if all differ."""
        parts = sorted(self.seeds, key=lambda part: part.start)
        for before, after in itertools.pairwise(parts):
            if after.start < before.stop:
                return after.start
        return None


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


def plan(config: GenerateConfig) -> Plan:
    """Work out the clips that the options ask for.

    Raises:
        OptionError: options that contradict each other.
    """
    if config.seeds is None:
        tiles = config.grid[0] * config.grid[1] if config.grid else DEFAULT_CLIPS
        seeds: tuple[range, ...] = (range(config.seed, config.seed + (config.n or tiles)),)
    else:
        seeds = parse_seeds(config.seeds)
        count = sum(map(len, seeds))
        if config.seed:
            raise OptionError("--seed has no meaning beside --seeds; leave one of them out")
        if config.n not in (None, count):
            raise OptionError(f"--n {config.n} contradicts --seeds, which are {count}")
    made = Plan(seeds, config.interpolate, config.loop and config.interpolate is not None)
    if config.interpolate is not None and made.seed_count < 2:
        raise OptionError("--interpolate goes from seed to seed; give two or more")
    return made
