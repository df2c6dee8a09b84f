"""Generator inputs, drawn from seeds so that a seed always gives the same clip.

A :class:`Latent` describes one input. Their values are a dict from the name of an input to an array
``(clips, *shape)``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Noise = dict[str, np.ndarray]

# Kinds of inputs: standard normal; one-hot over ``shape[0]`` values; uniform in [-1, 1]; the index
# of a label; times of the frames, which are not random.
NORMAL, CATEGORICAL, UNIFORM, LABEL, TIMES = "normal", "categorical", "uniform", "label", "times"


@dataclass(frozen=True)
class Latent:
    """One input of a generator.

    Attributes:
        name: ``latent`` for the content, ``motion`` for the motion, or another name.
        shape: of the value for one clip, without the batch.
        kind: one of the constants above.
        classes: number of labels, for :data:`LABEL`.
        spacing: time between frames, for :data:`TIMES`; 1 in training.
        latest: for :data:`TIMES`, the latest start time of a training clip, which is drawn from 0
            to here so that no time is special to the networks. Generated clips start at 0.
    """

    name: str
    shape: tuple[int, ...]
    kind: str = NORMAL
    classes: int = 0
    spacing: float = 1.0
    latest: float = 0.0

    def _draw(self, random: np.random.Generator) -> np.ndarray:
        if self.kind == NORMAL:
            return random.standard_normal(self.shape).astype(np.float32)
        if self.kind == UNIFORM:
            return random.uniform(-1, 1, self.shape).astype(np.float32)
        if self.kind == CATEGORICAL:
            one_hot: np.ndarray = np.eye(self.shape[0], dtype=np.float32)
            return np.asarray(one_hot[random.integers(self.shape[0])])
        if self.kind == LABEL:
            return np.asarray(random.integers(self.classes), np.int32)
        return (np.arange(self.shape[0]) * self.spacing).astype(np.float32)


def from_seeds(latents: Sequence[Latent], seeds: Iterable[int]) -> Noise:
    """Draw generator inputs, the same on any machine.

    If the motion latent comes last, a longer clip begins like a shorter one of the same seed.

    Args:
        latents: the generator inputs, in the order in which they are drawn.
        seeds: non-negative integers, one per clip.

    Returns:
        For each name an array ``(clips, *shape)``, int32 for labels, else float32; row ``i``
        depends on seed ``i`` only.
    """
    rows = []
    for seed in seeds:
        random = np.random.Generator(np.random.Philox(seed))
        rows.append([latent._draw(random) for latent in latents])
    return {
        latent.name: np.stack(values)
        for latent, values in zip(latents, zip(*rows, strict=True), strict=True)
    }


def truncate(latents: Sequence[Latent], noise: Noise, strength: float) -> Noise:
    """Scale normal inputs by ``strength``, 0 to 1: the truncation trick (arXiv 1809.11096)."""
    normal = {latent.name for latent in latents if latent.kind == NORMAL}
    return {
        name: values * np.float32(strength) if name in normal else values
        for name, values in noise.items()
    }


def cycle_classes(latents: Sequence[Latent], noise: Noise) -> Noise:
    """Set label and category of clip ``i`` to ``i``, modulo their number."""
    changed = dict(noise)
    for latent in latents:
        clips = np.arange(len(noise[latent.name]))
        if latent.kind == LABEL:
            changed[latent.name] = (clips % latent.classes).astype(np.int32)
        elif latent.kind == CATEGORICAL:
            size = latent.shape[0]
            changed[latent.name] = np.eye(size, dtype=np.float32)[clips % size]
    return changed


def interpolate(latents: Sequence[Latent], start: Noise, end: Noise, steps: int) -> Noise:
    """Interpolate between the inputs of two clips.

    Normal inputs are interpolated spherically (slerp, arXiv 1609.04468), uniform and categorical
    ones linearly; labels and times are those of ``start``.

    Args:
        latents: the generator inputs.
        start: of one clip, each ``(1, *shape)``.
        end: of another clip.
        steps: number of points, from ``start`` on; ``end`` is left out, so that interpolations can
            be chained.

    Returns:
        For each name ``(steps, *shape)``.
    """
    interpolated = {}
    for latent in latents:
        a, b = start[latent.name][0], end[latent.name][0]
        t = (np.arange(steps) / steps).reshape(-1, *([1] * a.ndim)).astype(np.float32)
        if latent.kind == NORMAL:
            points = _slerp(a.ravel(), b.ravel(), steps).reshape(steps, *a.shape)
        elif latent.kind in (UNIFORM, CATEGORICAL):
            points = a * (1 - t) + b * t
        else:
            points = np.repeat(a[None], steps, axis=0)
        interpolated[latent.name] = points
    return interpolated


def _slerp(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return float32 ``(steps, size)`` on the great circle from ``start`` towards ``end``.

    A straight line between two Gaussian latents passes through norms that the generator never saw
    in training.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    a, b = start / lengths[0], end / lengths[1]
    angle = math.acos(np.clip(np.dot(a, b), -1.0, 1.0))
    t = np.arange(steps)[:, None] / steps
    if angle < 1e-4:
        points = a * (1 - t) + b * t
    else:
        points = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return np.asarray(points * (lengths[0] * (1 - t) + lengths[1] * t), np.float32)
