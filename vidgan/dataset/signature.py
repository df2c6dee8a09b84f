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
NEAR_SUM = round(NEAR * LENGTH)
# Side in pixels of the blocks that rule most pairs out.
BLOCK = 4


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
    if not signatures:
        return []
    data = np.frombuffer(b"".join(signatures), np.uint8)
    pictures = data.reshape(-1, MOMENTS, SIDE, SIDE)
    brightness = pictures.sum(axis=(1, 2, 3), dtype=np.int64)
    order = np.argsort(brightness, kind="stable")
    pictures, brightness = pictures[order], brightness[order]
    blocks = _block_sums(pictures)
    # Only shots whose mean brightness differs by at most NEAR can be near-duplicates.
    ends = np.searchsorted(brightness, brightness + NEAR_SUM, side="right")
    groups = order.copy()
    for place, end in enumerate(ends):
        # Thousands of copies are compared with one of them only.
        others = place + 1 + np.flatnonzero(groups[place + 1 : end] != groups[place])
        # Sums of blocks never differ by more than the pixels do, and are fewer.
        for compared in (blocks, pictures):
            others = others[_near(compared[others], compared[place])]
        if len(others):
            joined = np.unique(groups[[place, *others]])
            groups[np.isin(groups, joined)] = joined[0]
    result = np.empty_like(groups)
    result[order] = groups
    return [int(group) for group in result]


def _block_sums(pictures: np.ndarray) -> np.ndarray:
    """Return the sums of square blocks of :data:`BLOCK` pixels a side."""
    side = SIDE // BLOCK
    divided = pictures.reshape(-1, MOMENTS, side, BLOCK, side, BLOCK)
    sums: np.ndarray = divided.sum(axis=(3, 5), dtype=np.int16)
    return sums


def _near(others: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Return which pictures differ from one, or from its mirror image, by at most NEAR."""
    near = np.zeros(len(others), bool)
    for picture in (one, one[..., ::-1]):
        differences = np.abs(np.subtract(others, picture, dtype=np.int16))
        near |= differences.sum(axis=(1, 2, 3), dtype=np.int64) <= NEAR_SUM
    return near
