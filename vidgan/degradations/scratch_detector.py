"""Finding scratches and dust: the mask that ``vidgan inpaint --mask auto`` makes for itself.

Dust lies on one frame: it is brighter or darker than both neighbours, moved to where this frame has
things, and what is missing in the neighbours is nowhere near it either. An arm that swings too fast
to be followed differs in the same way, but leaves a gap where it was. A scratch is a thin upright
line over a good part of the height, which other frames do not have in the same place of the scene.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, repeat

import cv2
import numpy as np

from vidgan.video.optical_flow import MIN_SIDE, dis_flow, warp

# Frames to either side that a mask may depend on, and those of them where a scratch is looked for.
REACH = 8
_DISTANCES = (1, 2, 4, 8)

# Dust differs by so many grey levels, and so many times the noise.
_LEVELS, _NOISES = 10.0, 4.0
# What the neighbours have more of near it, as a share of what it has more than they: less is dust.
_GONE = 0.35
# How far things move from one frame to the next, as a share of the shorter side.
_MOVE = 0.1

# Scratches are looked for at this height at most: there they are a pixel or two wide.
_LINE_HEIGHT = 288
_LINE_WIDTH = 5
# Averaged along the line, less contrast is enough.
_LINE_LEVELS, _LINE_NOISES = 4.0, 3.0
# As shares of the height: the least length (limbs are shorter), and the length that needs no proof.
_SHORTEST, _WHOLE = 0.5, 0.92
_GAP = 0.08
# A line belongs to the scene if so many of the other frames have it at half of its contrast.
_SCENE = 0.7

# A mask of more than this share is another shot or a flash.
_MOST = 0.25


def detect(frames: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Find the scratches and dust in a stream of frames.

    A frame's mask depends on :data:`REACH` frames to either side and on nothing else; as many
    frames ahead are held.

    Args:
        frames: uint8 RGB ``(height, width, 3)``, all of one size.

    Yields:
        Every frame as it came, in order, and its mask, bool ``(height, width)``.
    """
    held: deque[np.ndarray | None] = deque([None] * (2 * REACH), 2 * REACH + 1)
    greys = held.copy()
    for frame in chain(frames, repeat(None, REACH)):
        held.append(frame)
        greys.append(None if frame is None else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        if len(held) > 2 * REACH and (centre := held[REACH]) is not None:
            yield centre, find(list(greys))


def find(greys: Sequence[np.ndarray | None]) -> np.ndarray:
    """Find the scratches and dust in the middle one of ``2 * REACH + 1`` frames.

    Args:
        greys: grey uint8 ``(height, width)``; None before the first and after the last frame.

    Returns:
        bool ``(height, width)``; all False for frames with a side below ``MIN_SIDE``.
    """
    grey = greys[REACH]
    assert grey is not None
    if min(grey.shape) < MIN_SIDE:
        return np.zeros(grey.shape, bool)
    mask = _dust(greys) | _scratches(greys)
    return mask if mask.mean() <= _MOST else np.zeros_like(mask)


def _dust(greys: Sequence[np.ndarray | None]) -> np.ndarray:
    grey = greys[REACH]
    assert grey is not None
    mask = np.zeros(grey.shape, bool)
    by_distance = sorted(range(len(greys)), key=lambda index: abs(index - REACH))
    nearest = [other for index in by_distance[1:] if (other := greys[index]) is not None][:2]
    if len(nearest) < 2:
        return mask
    others = [_moved(_as_bright(other, grey), grey) for other in nearest]
    level = max(_LEVELS, _NOISES * float(np.median(np.asarray(cv2.absdiff(grey, others[0])))))
    reach = max(2, round(_MOVE * min(grey.shape)))
    for flip in (0, 255):
        # Of the negative, what is darker is brighter.
        values, references = grey ^ flip, [other ^ flip for other in others]
        highest = np.maximum(*references)
        more = cv2.subtract(values, highest)
        # What moved by a fraction of a pixel has no more at its rim than lies beside that.
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
            if least < _GONE * int(more[inside][part].sum()):
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
                if length < 0.9 * _SHORTEST * len(small) or area > _LINE_WIDTH * length:
                    continue
                part = labels == label
                if length < _WHOLE * len(small) and _in_scene(ridge[part], there[:, part]):
                    continue
                mask |= part
    width, height = grey.shape[::-1]
    return cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _in_scene(here: np.ndarray, there: np.ndarray) -> bool:
    """Say whether a line of contrasts ``(pixels,)`` is in other frames ``(others, pixels)`` too."""
    present = np.minimum(there, here).mean(axis=1) > here.mean() / 2
    return bool(present.mean() > _SCENE)


def _ridges(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how much brighter, and how much darker, pixels are than both sides of them.

    Averaged along the height; float32 of the shape of ``grey``.
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
    """Keep of a bool image what belongs to long, all but upright lines, gaps closed."""

    def tall(share: float) -> np.ndarray:
        return np.ones((max(1, round(share * len(ridge))), 1), np.uint8)

    closed = cv2.morphologyEx(ridge.astype(np.uint8), cv2.MORPH_CLOSE, tall(_GAP))
    leaning = cv2.dilate(closed, np.ones((1, 3), np.uint8))
    return cv2.bitwise_and(cv2.morphologyEx(leaning, cv2.MORPH_OPEN, tall(_SHORTEST)), closed) > 0


def _small(grey: np.ndarray) -> np.ndarray:
    """Shrink a frame to the height at which scratches are looked for."""
    height, width = grey.shape
    if height <= _LINE_HEIGHT:
        return grey
    size = max(1, round(width * _LINE_HEIGHT / height)), _LINE_HEIGHT
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _as_bright(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Take out flicker: bring a frame to the brightness of another."""
    # Near black a ratio says nothing.
    ratio = np.median((like[::2, ::2] + 8.0) / (grey[::2, ::2] + 8.0))
    return cv2.convertScaleAbs(grey, alpha=float(ratio))


def _moved(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Move everything in a frame to where another has it."""
    flow = dis_flow(np.stack([like, grey]))[0]
    return np.rint(warp(grey.astype(np.float32), flow)).astype(np.uint8)


def _aligned(grey: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Shift a frame as a whole to where another has the scene, if that brings the two together."""
    window = _window(grey.shape)
    shift, _ = cv2.phaseCorrelate(like.astype(np.float32), grey.astype(np.float32), window)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    shifted = cv2.warpAffine(grey, move, grey.shape[::-1], flags=flags, borderMode=border)
    # Many small differences count for more than the few large ones of a scratch that strayed.
    return min(grey, shifted, key=lambda one: np.minimum(cv2.absdiff(one, like), 16).mean())


@cache
def _window(shape: tuple[int, int]) -> np.ndarray:
    return cv2.createHanningWindow(shape[::-1], cv2.CV_32F)
