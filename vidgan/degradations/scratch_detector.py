"""Detecting scratches and dust, for ``vidgan inpaint --mask auto``.

Dust is on a single frame: it is brighter or darker than both neighbouring frames after motion
compensation, and the neighbours have nothing similar nearby. Motion that is too fast for optical
flow differs in the same way, but leaves a gap nearby. A scratch is a thin, nearly vertical line
over much of the height that other frames do not have at the same position of the scene.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, repeat

import cv2
import numpy as np

from vidgan.video.optical_flow import MIN_SIDE, dis_flow, warp

# Frames on either side that a mask depends on, and the distances of those searched for scratches.
REACH = 8
_DISTANCES = (1, 2, 4, 8)

# Least contrast of dust, in grey levels and as a multiple of the noise.
_DUST_LEVELS, _DUST_NOISES = 10.0, 4.0
# Largest ratio of what disappeared near a candidate (a gap that motion left) to its own contrast.
_MAX_GAP_RATIO = 0.35
# Largest motion from one frame to the next, as a fraction of the shorter side.
_MAX_MOTION = 0.1

# Scratches are searched at this height at most, where they are a pixel or two wide.
_LINE_HEIGHT = 288
_LINE_WIDTH = 5
# Least contrast of a scratch, averaged along it, in grey levels and as a multiple of the noise.
_LINE_LEVELS, _LINE_NOISES = 4.0, 3.0
# Least length of a scratch (limbs are shorter), and length above which other frames are not
# checked, as fractions of the height.
_MIN_LENGTH, _FULL_LENGTH = 0.5, 0.92
# Longest gap in a scratch, as a fraction of the height.
_GAP = 0.08
# A line belongs to the scene if this fraction of the other frames has it at half of its contrast.
_SCENE_FRACTION = 0.7

# A larger fraction of masked pixels means another shot or a flash.
_MAX_MASKED = 0.25


def detect(frames: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Detect scratches and dust in a stream of frames.

    A frame's mask depends on :data:`REACH` frames on either side only; as many frames are read
    ahead.

    Args:
        frames: uint8 RGB ``(height, width, 3)``, all of one size.

    Yields:
        Each frame, in order, and its mask, bool ``(height, width)``.
    """
    held: deque[np.ndarray | None] = deque([None] * (2 * REACH), 2 * REACH + 1)
    greys = held.copy()
    for frame in chain(frames, repeat(None, REACH)):
        held.append(frame)
        greys.append(None if frame is None else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        if len(held) > 2 * REACH and (centre := held[REACH]) is not None:
            yield centre, detect_in_window(list(greys))


def detect_in_window(greys: Sequence[np.ndarray | None]) -> np.ndarray:
    """Detect scratches and dust in the middle one of ``2 * REACH + 1`` frames.

    Args:
        greys: grey uint8 ``(height, width)`` each; None before the first and after the last frame.

    Returns:
        bool ``(height, width)``; all False for frames with a side below ``MIN_SIDE``.
    """
    grey = greys[REACH]
    assert grey is not None
    if min(grey.shape) < MIN_SIDE:
        return np.zeros(grey.shape, bool)
    mask = _dust(greys) | _scratches(greys)
    return mask if mask.mean() <= _MAX_MASKED else np.zeros_like(mask)


def _dust(greys: Sequence[np.ndarray | None]) -> np.ndarray:
    grey = greys[REACH]
    assert grey is not None
    mask = np.zeros(grey.shape, bool)
    by_distance = sorted(range(len(greys)), key=lambda index: abs(index - REACH))
    nearest = [other for index in by_distance[1:] if (other := greys[index]) is not None][:2]
    if len(nearest) < 2:
        return mask
    others = [_moved(_as_bright(other, grey), grey) for other in nearest]
    level = max(
        _DUST_LEVELS, _DUST_NOISES * float(np.median(np.asarray(cv2.absdiff(grey, others[0]))))
    )
    reach = max(2, round(_MAX_MOTION * min(grey.shape)))
    for flip in (0, 255):
        # Dark dust is bright in the negative.
        values, references = grey ^ flip, [other ^ flip for other in others]
        highest = np.maximum(*references)
        more = cv2.subtract(values, highest)
        # Motion errors below a pixel do not exceed the maximum over neighbouring pixels.
        certain = cv2.subtract(values, cv2.dilate(highest, np.ones((3, 3)))) > level
        gone = [cv2.subtract(reference, values) for reference in references]
        gone = [np.where(part > level / 2, part, 0) for part in gone]
        _, labels, boxes, _ = cv2.connectedComponentsWithStats((more > level / 2).astype(np.uint8))
        for label in np.unique(labels[certain]):
            left, top, width, height, _ = boxes[label]
            inside = np.s_[top : top + height, left : left + width]
            near = np.s_[
                max(0, top - reach) : top + height + reach,
                max(0, left - reach) : left + width + reach,
            ]
            part = labels[inside] == label
            least = min(int(g[near].sum()) for g in gone)
            if least < _MAX_GAP_RATIO * int(more[inside][part].sum()):
                mask[inside] |= part
    return mask


def _scratches(greys: Sequence[np.ndarray | None]) -> np.ndarray:
    grey = greys[REACH]
    assert grey is not None
    small = _small(grey)
    mask = np.zeros(small.shape, bool)
    ridges = _ridges(small)
    level = max(_LINE_LEVELS, _LINE_NOISES * 1.5 * float(np.median(np.abs(ridges[0]))))
    lines = [_upright(ridge > level) for ridge in ridges]
    if any(found.any() for found in lines):
        places = [REACH + sign * distance for distance in _DISTANCES for sign in (1, -1)]
        others = [other for place in places if (other := greys[place]) is not None]
        found_there = [_ridges(_aligned(_as_bright(_small(o), small), small)) for o in others]
        for sign, (ridge, line) in enumerate(zip(ridges, lines, strict=True)):
            there = np.array([ridges[sign] for ridges in found_there])
            _, labels, boxes, _ = cv2.connectedComponentsWithStats(line.astype(np.uint8))
            for label, (*_, length, area) in enumerate(boxes[1:], 1):
                if length < 0.9 * _MIN_LENGTH * len(small) or area > _LINE_WIDTH * length:
                    continue
                part = labels == label
                if length < _FULL_LENGTH * len(small) and _in_scene(ridge[part], there[:, part]):
                    continue
                mask |= part
    width, height = grey.shape[::-1]
    return cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _in_scene(here: np.ndarray, there: np.ndarray) -> bool:
    """Return whether other frames have a line, too.

    Args:
        here: contrast of its pixels, ``(pixels,)``.
        there: contrast of these pixels in the other frames, ``(frames, pixels)``.
    """
    present = np.minimum(there, here).mean(axis=1) > here.mean() / 2
    return bool(present.mean() > _SCENE_FRACTION)


def _ridges(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much pixels are brighter, and darker, than the pixels on both sides.

    Both are averaged vertically; float32 ``(height, width)``.
    """
    width = grey.shape[1]
    along = cv2.blur(grey.astype(np.float32), (1, max(3, len(grey) // 16 | 1)))
    found = []
    for values in (along, -along):
        rises = []
        for beside in (2, 3):
            wide = cv2.copyMakeBorder(values, 0, 0, beside, beside, cv2.BORDER_REPLICATE)
            rises.append(values - cv2.max(wide[:, :width], wide[:, 2 * beside :]))
        found.append(np.maximum(*rises))
    return found[0], found[1]


def _upright(ridge: np.ndarray) -> np.ndarray:
    """Close gaps in a bool image and keep long, nearly vertical lines."""

    def tall(share: float) -> np.ndarray:
        return np.ones((max(1, round(share * len(ridge))), 1), np.uint8)

    closed = cv2.morphologyEx(ridge.astype(np.uint8), cv2.MORPH_CLOSE, tall(_GAP))
    leaning = cv2.dilate(closed, np.ones((1, 3), np.uint8))
    return cv2.bitwise_and(cv2.morphologyEx(leaning, cv2.MORPH_OPEN, tall(_MIN_LENGTH)), closed) > 0


def _small(grey: np.ndarray) -> np.ndarray:
    """Shrink a frame to the height at which scratches are searched."""
    height, width = grey.shape
    if height <= _LINE_HEIGHT:
        return grey
    size = max(1, round(width * _LINE_HEIGHT / height)), _LINE_HEIGHT
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _as_bright(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Compensate flicker: scale a frame to the brightness of another."""
    # The offset keeps the ratio of dark pixels stable.
    ratio = np.median((like[::2, ::2] + 8.0) / (grey[::2, ::2] + 8.0))
    return cv2.convertScaleAbs(grey, alpha=float(ratio))


def _moved(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Warp a frame onto another by optical flow."""
    flow = dis_flow(np.stack([like, grey]))[0]
    rounded: np.ndarray = np.rint(warp(grey.astype(np.float32), flow))
    return rounded.astype(np.uint8)


def _aligned(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Shift a frame onto another by phase correlation, if that brings the two closer."""
    window = _window(grey.shape)
    shift, _ = cv2.phaseCorrelate(like.astype(np.float32), grey.astype(np.float32), window)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    shifted = cv2.warpAffine(grey, move, grey.shape[::-1], flags=flags, borderMode=border)
    # Differences are clipped, so that a scratch that moved has little weight.
    return min(grey, shifted, key=lambda one: np.minimum(cv2.absdiff(one, like), 16).mean())


@cache
def _window(shape: tuple[int, int]) -> np.ndarray:
    return cv2.createHanningWindow(shape[::-1], cv2.CV_32F)
