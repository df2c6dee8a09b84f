"""Drawn clips of four kinds, in half of which time has a direction, for the benchmarks."""

import cv2
import numpy as np

SIDE = 64
KINDS = ("drifting", "growing", "falling", "turning")


def wall(random: np.random.Generator) -> np.ndarray:
    """Return a textured wall, float ``(SIDE, SIDE, 3)``."""
    grain = cv2.GaussianBlur(random.normal(0, 60, (SIDE, SIDE)), (0, 0), 1.5)
    return grain[..., None] + random.uniform(100, 140, 3)


def heights(random: np.random.Generator, frames: int) -> np.ndarray:
    """Return how far down a ball is that falls and bounces ever lower, ``(frames,)``."""
    at, speed, floor, path = random.uniform(8, 40), 0.0, SIDE - 10.0, []
    for _ in range(frames):
        path.append(at)
        speed += 0.9
        at += speed
        if at > floor:
            at, speed = 2 * floor - at, -0.6 * speed
    return np.array(path)


def draw(kind: str, frames: int, random: np.random.Generator) -> np.ndarray:
    """Return one clip, uint8 ``(frames, SIDE, SIDE, 3)``."""
    y, x = np.mgrid[:SIDE, :SIDE]
    behind, shade = wall(random), random.uniform(20, 235, 3)
    start, speed = random.uniform(20, 44, 2), random.uniform(-1, 1, 2)
    radius, angle, turn = random.uniform(4, 9), random.uniform(0, np.pi), random.uniform(-0.3, 0.3)
    down = heights(random, frames)
    clip = np.empty((frames, SIDE, SIDE, 3), np.uint8)
    for t in range(frames):
        at, size = start + speed * t, radius
        if kind == "falling":
            at = np.array([down[t], start[1] + speed[1] * t])
        elif kind == "growing":
            size = radius + 0.8 * t
        inside = np.hypot(y - at[0], x - at[1]) < size
        if kind == "turning":
            along = np.cos(angle + turn * t) * (x - 32) + np.sin(angle + turn * t) * (y - 32)
            across = np.cos(angle + turn * t) * (y - 32) - np.sin(angle + turn * t) * (x - 32)
            inside = (np.abs(along) < 24) & (np.abs(across) < radius / 2)
        clip[t] = np.clip(np.where(inside[..., None], shade, behind), 0, 255)
    return clip


def drawn_clips(seed: int, n: int, frames: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Return n clips ``(n, frames, SIDE, SIDE, 3)`` and the number of each one's kind ``(n,)``."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % len(KINDS)
    return np.stack([draw(KINDS[label], frames, random) for label in labels]), labels
