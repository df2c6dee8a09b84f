"""Draw two domains of clips with a known mapping, for ``vidgan train --task translate``.

    python benchmarks/drawn_domains.py shapes colors

In both domains an object moves right, left or down in front of a dark wall. In *shapes* it is grey,
and its shape corresponds to the direction: a disc moves right, a square left, a triangle down. In
*colors* it is always a disc, and its colour corresponds to the direction: red, green, blue. Motion
alone thus determines which shape maps to which colour; no single frame does, and no two clips are a
pair.

:func:`look` is exact on drawn clips, so that translations can be checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from moving_digits import write_lossless

SIDE, FRAMES = 32, 8
# Drawn this many times as large, then averaged: a movement of a part of a pixel shows.
FINE = 8
DOMAINS = ("shapes", "colors")
# The n-th direction, as (y, x), goes with the n-th shape and the n-th colour.
DIRECTIONS = ((0, 1), (0, -1), (1, 0))
SHAPES = ("disc", "square", "triangle")
COLORS = np.array([(1.0, 0.2, 0.2), (0.2, 1.0, 0.2), (0.25, 0.4, 1.0)])
# Pixels a frame, pixels from a disc's centre to its edge, brightness of what moves and of the wall.
SPEEDS, RADII = (1.4, 2.2), (4.5, 6.0)
BRIGHT, DARK = (170.0, 250.0), (5.0, 40.0)
# What is brighter than this moves.
THRESHOLD = 95


def outline(shape: str, radius: float) -> np.ndarray:
    """Return the corners of a shape as large as a disc of this radius, ``(n, 2)`` of x and y.

    Its centre of gravity is at zero.
    """
    if shape == "disc":
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return radius * np.stack([np.cos(turn), np.sin(turn)], 1)
    area = np.pi * radius**2
    if shape == "square":
        half: float = np.sqrt(area) / 2
        return half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    side = np.sqrt(4 * area / np.sqrt(3))
    height = side * np.sqrt(3) / 2
    return np.array([(0, -2 * height / 3), (side / 2, height / 3), (-side / 2, height / 3)])


def covered(shape: str, radius: float, center: np.ndarray) -> np.ndarray:
    """Return how much of each pixel a shape covers, float ``(SIDE, SIDE)`` in 0…1.

    Args:
        shape: one of ``SHAPES``.
        radius: of the disc that is as large.
        center: its centre of gravity, y and x in pixels.
    """
    fine = np.zeros((SIDE * FINE, SIDE * FINE), np.uint8)
    corners = (outline(shape, radius) + center[::-1] + 0.5) * FINE - 0.5
    cv2.fillPoly(fine, [np.rint(corners).astype(np.int32)], 255)
    return cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / 255


def draw(domain: str, kind: int, random: np.random.Generator) -> np.ndarray:
    """Return one clip, uint8 ``(FRAMES, SIDE, SIDE, 3)``.

    Args:
        domain: one of ``DOMAINS``.
        kind: which direction it goes in.
        random: draws all else.
    """
    radius, speed = random.uniform(*RADII), random.uniform(*SPEEDS)
    bright, dark = random.uniform(*BRIGHT), random.uniform(*DARK)
    shape = SHAPES[kind] if domain == "shapes" else SHAPES[0]
    paint = bright * (COLORS[kind] if domain == "colors" else np.full(3, 0.85))
    along = np.array(DIRECTIONS[kind])
    across = random.uniform(-5, 5) * along[::-1] + random.uniform(-1.5, 1.5) * along
    middle = (SIDE - 1) / 2 + across
    clip = np.empty((FRAMES, SIDE, SIDE, 3))
    for frame, time in zip(clip, np.arange(FRAMES) - (FRAMES - 1) / 2, strict=True):
        share = covered(shape, radius, middle + speed * time * along)[..., None]
        frame[:] = dark + share * (paint - dark)
    return np.rint(clip).astype(np.uint8)


def clips(domain: str, count: int, seed: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield ``count`` clips of a domain, each with the number of its direction."""
    # Domains share no draw: whatever is learnt is not learnt from pairs.
    random = np.random.default_rng((DOMAINS.index(domain), seed))
    for _ in range(count):
        kind = int(random.integers(len(DIRECTIONS)))
        yield kind, draw(domain, kind, random)


@dataclass(frozen=True)
class Look:
    """What is seen in a clip.

    Attributes:
        direction: number of the direction that it moves in; -1 if nothing moves through all frames.
        shape: number of the shape that fits best.
        color: number of the colour that is nearest, -1 for grey.
        path: where it is, ``(FRAMES, 2)`` of y and x; NaN where nothing is.
    """

    direction: int
    shape: int
    color: int
    path: np.ndarray


def look(clip: np.ndarray) -> Look:
    """See what moves in a clip, uint8 ``(FRAMES, SIDE, SIDE, 3)``."""
    moving = clip.max(axis=-1) > THRESHOLD
    path = np.full((len(clip), 2), np.nan)
    for place, mask in zip(path, moving, strict=True):
        if mask.any():
            place[:] = np.argwhere(mask).mean(axis=0)
    if not moving.any():
        return Look(-1, -1, -1, path)
    step = path[-1] - path[0]
    direction = -1 if np.isnan(path).any() else int(np.argmax(np.array(DIRECTIONS) @ step))
    # Without the brightness: how a pixel's light is shared between red, green and blue.
    light = clip[moving].mean(axis=0).astype(float)
    kinds = np.vstack([COLORS, np.ones(3)])
    kinds /= np.linalg.norm(kinds, axis=1, keepdims=True)
    color = int(np.argmax(kinds @ light))
    fits = [
        np.mean([fit(shape, m, p) for m, p in zip(moving, path, strict=True)]) for shape in SHAPES
    ]
    return Look(direction, int(np.argmax(fits)), color if color < len(COLORS) else -1, path)


def fit(shape: str, mask: np.ndarray, center: np.ndarray) -> float:
    """Return how well a shape of the mask's size fits on it: intersection over union."""
    if not mask.any():
        return 0.0
    drawn = covered(shape, np.sqrt(mask.sum() / np.pi), center) > 0.5
    return float((drawn & mask).sum() / (drawn | mask).sum())


def recovered(source: np.ndarray, translated: np.ndarray, kind: int, target: str) -> bool:
    """Say whether a translation is the right one.

    It moves as the source does, never further than two pixels from it, and shows what stands for
    that motion in the other domain.

    Args:
        source: a drawn clip.
        translated: what was made of it.
        kind: the number of its direction.
        target: the domain that it was to be translated to.
    """
    before, after = look(source), look(translated)
    near = np.linalg.norm(before.path - after.path, axis=1).max() < 2  # False with NaN.
    shape, color = (kind, -1) if target == "shapes" else (0, kind)
    return bool(near and (after.direction, after.shape, after.color) == (kind, shape, color))


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("shapes", type=click.Path(path_type=Path))
@click.argument("colors", type=click.Path(path_type=Path))
@click.option("--clips", "count", type=click.IntRange(1), default=400, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def main(shapes: Path, colors: Path, count: int, seed: int) -> None:
    for domain, folder in zip(DOMAINS, (shapes, colors), strict=True):
        if folder.exists():
            raise click.ClickException(f"{folder} exists already; choose another folder")
        for number, (_, clip) in enumerate(clips(domain, count, seed)):
            write_lossless(folder / f"{number:04d}.mkv", clip)


if __name__ == "__main__":
    main()
