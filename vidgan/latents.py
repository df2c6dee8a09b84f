"""What a generator starts from: drawn from seeds, so that a seed names a clip and makes it again.

A generator's inputs are described by :class:`Latent`; their values are a dict from an input's name
to an array, one row a clip.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Noise = dict[str, np.ndarray]

# Kinds of inputs: standard normal; one value of ``shape[0]``, one-hot; uniform in [-1, 1]; the
# number of a label; the times of frames, which are not random.
NORMAL, CATEGORICAL, UNIFORM, LABEL, TIMES = "normal", "categorical", "uniform", "label", "times"


@dataclass(frozen=True)
class Latent:
    """One input of a generator.

    Attributes:
        name: the input's name. ``latent`` says what a clip shows, ``motion`` how it moves.
        shape: of one clip's value, without the batch.
        kind: one of the constants above.
        classes: for :data:`LABEL`, how many there are.
        spacing: for :data:`TIMES`, the time from one frame to the next; 1 is that of training.
        latest: for :data:`TIMES`, a clip of training begins at any time from 0 to here, so that no
            time is special to the networks. A generated clip begins at 0.
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
            return np.eye(self.shape[0], dtype=np.float32)[random.integers(self.shape[0])]
        if self.kind == LABEL:
            return np.asarray(random.integers(self.classes), np.int32)
        return (np.arange(self.shape[0]) * self.spacing).astype(np.float32)


def from_seeds(latents: Sequence[Latent], seeds: Iterable[int]) -> Noise:
    """Draw a generator's inputs, on any machine the same.

    A longer motion begins with the shorter one of the same seed where motion comes last.

    Args:
        latents: the generator's inputs, in the order in which they are drawn.
        seeds: non-negative integers, one a clip.

    Returns:
        For each name an array ``(clips, *shape)``, int32 for labels, else float32; row ``i``
        depends on seed ``i`` alone.
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
    """Pull normal inputs towards zero, the average clip, by a factor ``strength`` of 0…1."""
    normal = {latent.name for latent in latents if latent.kind == NORMAL}
    return {
        name: values * np.float32(strength) if name in normal else values
        for name, values in noise.items()
    }


def in_turn(latents: Sequence[Latent], noise: Noise) -> Noise:
    """Give clip ``i`` the label ``i``, and the category ``i``, starting over behind the last."""
    made = dict(noise)
    for latent in latents:
        clips = np.arange(len(noise[latent.name]))
        if latent.kind == LABEL:
            made[latent.name] = (clips % latent.classes).astype(np.int32)
        elif latent.kind == CATEGORICAL:
            size = latent.shape[0]
            made[latent.name] = np.eye(size, dtype=np.float32)[clips % size]
    return made


def interpolate(latents: Sequence[Latent], start: Noise, end: Noise, steps: int) -> Noise:
    """Walk from one clip's inputs towards another's.

    Normal inputs go along a great circle, uniform ones and codes along a line; a label and times
    are those of ``start``.

    Args:
        latents: the generator's inputs.
        start: one clip's, each ``(1, *shape)``.
        end: the same.
        steps: how many points; the first is ``start``, ``end`` itself is left out, so that walks
            can be joined.

    Returns:
        For each name ``(steps, *shape)``.
    """
    made = {}
    for latent in latents:
        a, b = start[latent.name][0], end[latent.name][0]
        t = (np.arange(steps) / steps).reshape(-1, *([1] * a.ndim)).astype(np.float32)
        if latent.kind == NORMAL:
            points = _arc(a.ravel(), b.ravel(), steps).reshape(steps, *a.shape)
        elif latent.kind in (UNIFORM, CATEGORICAL):
            points = a * (1 - t) + b * t
        else:
            points = np.repeat(a[None], steps, axis=0)
        made[latent.name] = points
    return made


def _arc(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return float32 ``(steps, size)`` on the great circle from ``start`` towards ``end``.

    A straight line between two Gaussian latents passes through lengths a generator never saw; the
    arc keeps to them.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    a, b = start / lengths[0], end / lengths[1]
    angle = math.acos(np.clip(np.dot(a, b), -1.0, 1.0))
    t = np.arange(steps)[:, None] / steps
    if angle < 1e-4:
        points = a * (1 - t) + b * t
    else:
        points = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return (points * (lengths[0] * (1 - t) + lengths[1] * t)).astype(np.float32)
