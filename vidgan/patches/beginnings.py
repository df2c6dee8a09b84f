"""What variations of a video begin with, at the coarsest size."""

import cv2
import numpy as np

from vidgan.patches.overlap import Shape

# Standard deviations of how far places are moved at full strength, as parts of the source's sides.
TIME, SPACE = 0.8, 0.12
# Along the shorter side of the frame, so many regions are moved in their own way.
REGIONS = 3
# Grey levels of which colours are matched.
GREYS = 64


def moved(
    source: np.ndarray, shape: Shape, strength: float, random: np.random.Generator
) -> np.ndarray:
    """Return a source whose regions are moved in time and space, each in its own way.

    Args:
        source: float32 ``(frames, height, width, 3)``.
        shape: ``(frames, height, width)`` of the result. Frames are stretched to it; time is not.
        strength: how far places are moved, from 0 to 1.
        random: draws how.

    Returns:
        float32 of that shape.
    """
    height, width = shape[1:]
    shorter = min(height, width)
    cells = [max(2, round(REGIONS * side / shorter)) for side in (height, width)]
    deviations = np.array([TIME, SPACE, SPACE]) * strength * source.shape[:3]
    drawn = random.normal(0, deviations, (*cells, 3))
    shifts: np.ndarray = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC)
    rows, columns = (
        (np.arange(side) + 0.5) * whole / side - 0.5
        for side, whole in zip((height, width), source.shape[1:3], strict=True)
    )
    times = _times(len(source), shape[0], random)[:, None, None] + np.rint(shifts[..., 0])
    found: np.ndarray = source[
        times.astype(np.int64) % len(source),
        _reflected(rows[:, None] + shifts[..., 1], source.shape[1]),
        _reflected(columns + shifts[..., 2], source.shape[2]),
    ]
    return found


def _times(frames: int, wanted: int, random: np.random.Generator) -> np.ndarray:
    """Return frames to show one after another: a part of the source, or several if it is short."""
    times = np.arange(random.integers(max(0, frames - wanted) + 1), frames)
    while len(times) < wanted:
        times = np.append(times, np.arange(random.integers(frames // 2 + 1), frames))
    return times[:wanted]


def _reflected(places: np.ndarray, side: int) -> np.ndarray:
    """Return places as indices; those outside the frame are reflected at its edge."""
    indices = np.rint(places).astype(np.int64) % (2 * side)
    inside: np.ndarray = np.minimum(indices, 2 * side - 1 - indices)
    return inside


def recoloured(clip: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return a clip in the colours of another: its darkest in the darkest, and so on.

    Args:
        clip: float32 ``(frames, height, width, 3)``.
        palette: float32 of any such shape.

    Returns:
        float32 of the shape of ``clip``.
    """
    colours = palette.reshape(-1, 3)
    colours = colours[np.argsort(colours.mean(axis=1))]
    means = np.stack([part.mean(axis=0) for part in np.array_split(colours, GREYS)])
    grey = clip.mean(axis=-1).ravel()
    ranks = np.empty(grey.size)
    ranks[np.argsort(grey, kind="stable")] = np.linspace(0, GREYS - 1, grey.size)
    found = [np.interp(ranks, np.arange(GREYS), channel) for channel in means.T]
    coloured: np.ndarray = np.stack(found, axis=-1).reshape(clip.shape).astype(np.float32)
    return coloured
