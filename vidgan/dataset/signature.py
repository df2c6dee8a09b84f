"""Signatures of shots (small thumbnails), to find near-duplicates."""

from collections.abc import Sequence

import cv2
import numpy as np

# Frames of a shot that its signature holds, and the side of each thumbnail in pixels.
MOMENTS = 4
SIDE = 12
LENGTH = MOMENTS * SIDE * SIDE
# Largest mean difference of near-duplicates, in grey levels. Different actions before the same wall
# differ by more, re-encoded copies by far less.
NEAR = 1.5


def signature(frames: Sequence[np.ndarray]) -> bytes:
    """Compute the signature of a shot: :data:`LENGTH` grey levels.

    Args:
        frames: :data:`MOMENTS` uint8 RGB frames ``(height, width, 3)``, evenly spaced.
    """
    thumbnails = [
        cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        for f in frames
    ]
    return np.stack(thumbnails).tobytes()


def near_duplicates(signatures: Sequence[bytes]) -> list[int]:
    """Group shots that are nearly the same or nearly mirror images.

    Args:
        signatures: of all shots.

    Returns:
        For each shot the index of the first shot of its group; its own if it has none.
    """
    groups = list(range(len(signatures)))
    if not signatures:
        return groups
    pictures = np.stack([np.frombuffer(s, np.uint8) for s in signatures]).astype(np.int16)
    mirrored = pictures.reshape(-1, MOMENTS, SIDE, SIDE)[..., ::-1].reshape(-1, LENGTH)
    # Only shots whose mean brightness differs by at most NEAR can be near-duplicates.
    means = pictures.mean(axis=1)
    order = np.argsort(means, kind="stable")
    ends = np.searchsorted(means[order], means[order] + NEAR, side="right")
    for place, end in enumerate(ends):
        one, others = order[place], order[place + 1 : end]
        if not len(others):
            continue
        apart = np.minimum(
            np.abs(pictures[others] - pictures[one]).mean(axis=1),
            np.abs(mirrored[others] - pictures[one]).mean(axis=1),
        )
        for other in others[apart <= NEAR]:
            _join(groups, int(one), int(other))
    return [_root(groups, index) for index in range(len(groups))]


def _root(groups: list[int], index: int) -> int:
    while groups[index] != index:
        index = groups[index]
    return index


def _join(groups: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(groups, one), _root(groups, other)))
    groups[high] = low
