"""How much of a variation is copied from its source in one piece."""

from collections.abc import Iterable

import numpy as np

from vidgan.patches.overlap import Shape

# Pixels are copied that differ by at most so many levels; those that differ more over time move.
TOLERANCE = 8


def largest_copy(clip: np.ndarray, source: np.ndarray, shifts: Iterable[Shape]) -> float:
    """Return the share of a clip that is copied from one place of the source.

    Only pixels that move count: those of a still background are the same everywhere. If nothing
    moves, all count.

    Args:
        clip: uint8 ``(frames, height, width, 3)``.
        source: uint8, of any such shape.
        shifts: frames, rows and columns from places in the clip to those in the source, to try.

    Returns:
        0 to 1.
    """
    moving = (np.ptp(clip, axis=0) > TOLERANCE).any(axis=-1)
    if not moving.any():
        moving[:] = True
    return max(_copied(clip, source, shift, moving) for shift in shifts) / (
        len(clip) * np.count_nonzero(moving)
    )


def _copied(clip: np.ndarray, source: np.ndarray, shift: Shape, moving: np.ndarray) -> int:
    """Return the number of moving pixels that are copied with a shift."""
    here, there = [], []
    for step, side, other in zip(shift, clip.shape, source.shape, strict=False):
        first, last = max(0, -step), min(side, other - step)
        if first >= last:
            return 0
        here.append(slice(first, last))
        there.append(slice(first + step, last + step))
    counted = 0
    for mine, theirs in zip(clip[here[0]], source[there[0]], strict=True):
        apart = np.abs(mine[*here[1:]].astype(np.int16) - theirs[*there[1:]])
        alike = (apart <= TOLERANCE).all(axis=-1)
        counted += int(np.count_nonzero(alike & moving[*here[1:]]))
    return counted
