"""Motion between two frames, fast motion of large things included."""

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np

from vidgan.video.optical_flow import leads_inside, warp

# Motion is estimated at half of the size of frames with sides from this on: the full size costs
# four times as much and adds little.
_HALVED_SIDE = 128
# Fast motion is searched in frames reduced to about this many pixels, but by _REDUCTION at least,
# up to _RANGE of their pixels or a quarter of a side away, with square windows of side _BLOCK.
_SEARCHED, _REDUCTION, _RANGE, _BLOCK = 6912, 4, 10, 5
# Levels that a displacement by one of these pixels has to gain.
_DISTANCE_COST = 0.3
# Side of the window in which the errors of two flows are compared, at the size of estimation.
_WINDOW = 7
# Levels that an inconsistency of a pixel between the flows there and back costs, up to so many
# pixels.
_INCONSISTENCY_COST, _MOST_INCONSISTENT = 4.0, 3.0
# A flow that starts from the search replaces one without where it has less than this share of its
# error, and so many levels less: among many places, some look right by chance.
_SHARE, _LESS = 0.7, 1.5
# Pixels of motion that a level of error outweighs, where several things arrive at a pixel.
_ERROR_RANK = 5.0


@dataclass(frozen=True)
class Motion:
    """Optical flow between two frames, at the size of estimation.

    Attributes:
        there: from the first frame to the second, float32 ``(height, width, 2)``, in pixels of that
            size to the right and downwards.
        back: from the second to the first.
        there_error: how badly ``there`` explains the frames, in levels, ``(height, width)``.
        back_error: the same of ``back``.
    """

    there: np.ndarray
    back: np.ndarray
    there_error: np.ndarray
    back_error: np.ndarray


def estimate_motion(before: np.ndarray, after: np.ndarray) -> Motion:
    """Estimate the motion between two frames in both directions.

    DIS (arXiv 1603.03590) loses what moves by more than its own size. It is run twice, the second
    time from the result of an exhaustive block search, and each pixel has the flow with less error.

    Args:
        before: uint8 RGB ``(height, width, 3)``, sides of at least ``MIN_SIDE``.
        after: of the same shape.

    Returns:
        The motion at half of the size, or at the full one if a side is below 128.
    """
    height, width = before.shape[:2]
    reduction = max(_REDUCTION, round(math.sqrt(height * width / _SEARCHED)))
    if min(height, width) >= _HALVED_SIDE:
        size = (-(-width // 2), -(-height // 2))
        before, after = (
            cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (before, after)
        )
        reduction = -(-reduction // 2)
    pairs = (before, after), (after, before)
    plain = [_dis_flow(*pair) for pair in pairs]
    starts = _search(before, after, reduction)
    fast = [_dis_flow(*pair, start, reduction) for pair, start in zip(pairs, starts, strict=True)]
    flows, errors = [], []
    for way, pair in enumerate(pairs):
        one, other = (_error(*pair, each[way], each[1 - way]) for each in (plain, fast))
        compared = leads_inside(plain[way]) & leads_inside(fast[way])
        better = compared & (other < _SHARE * one - _LESS)
        flows.append(np.where(better[..., None], fast[way], plain[way]))
        errors.append(np.where(better, other, one))
    return Motion(*flows, *errors)


def _dis_flow(
    before: np.ndarray, after: np.ndarray, start: np.ndarray | None = None, reduction: int = 1
) -> np.ndarray:
    """Return the optical flow by DIS, from a given one of reduced frames on."""
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    method.setFinestScale(0)
    initial: Any = np.empty(0, np.float32)
    if start is not None:
        method.setCoarsestScale(max(1, round(math.log2(reduction))))
        initial = cv2.resize(start, before.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    one, other = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after))
    flow: np.ndarray = method.calc(one, other, initial)
    return flow


def _search(before: np.ndarray, after: np.ndarray, reduction: int) -> list[np.ndarray]:
    """Return the best displacements there and back, one for each square of ``reduction`` pixels."""
    height, width = (max(1, round(side / reduction)) for side in before.shape[:2])
    small = [
        cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        for frame in (before, after)
    ]
    errors = np.full((2, height, width), np.inf, np.float32)
    best = np.zeros((2, height, width), np.int32)
    down, across = min(_RANGE, height // 4), min(_RANGE, width // 4)
    moves = list(product(range(-across, across + 1), range(-down, down + 1)))
    for number, (x, y) in enumerate(moves):
        # The parts of both frames that overlap.
        parts = [(_overlap(sign * y, height), _overlap(sign * x, width)) for sign in (1, -1)]
        change = cv2.absdiff(*(f[part] for f, part in zip(small, parts, strict=True)))
        error = cv2.blur(_mean_channel(change.astype(np.float32)), (_BLOCK, _BLOCK))
        error = error + np.float32(_DISTANCE_COST * math.hypot(x, y))
        for way, part in enumerate(parts):
            better = error < errors[way][part]
            np.copyto(errors[way][part], error, where=better)
            np.copyto(best[way][part], number, where=better)
    there, back = np.array(moves, np.float32)[best] * reduction
    return [_median(there), _median(-back)]


def _overlap(shift: int, side: int) -> slice:
    """Return where a side of a frame overlaps with that of one moved by so many pixels."""
    return slice(max(0, -shift), side - max(0, shift))


def _error(before: np.ndarray, after: np.ndarray, flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return how badly a flow and that of the other way explain the frames, in levels.

    It is the mean over a window, of what does not lead out of the picture.
    """
    change = _mean_channel(np.abs(before.astype(np.float32) - warp(after, flow)))
    lost = np.linalg.norm(flow + warp(back, flow), axis=-1)
    change += _INCONSISTENCY_COST * np.minimum(lost, _MOST_INCONSISTENT)
    inside, window = leads_inside(flow).astype(np.float32), (_WINDOW, _WINDOW)
    seen = np.maximum(cv2.blur(inside, window), 1 / _WINDOW**2)
    error: np.ndarray = cv2.blur(change * inside, window) / seen
    return error


def _mean_channel(frame: np.ndarray) -> np.ndarray:
    """Return the mean of the channels, float32 ``(height, width)``."""
    mean: np.ndarray = cv2.transform(frame, np.full((1, 3), 1 / 3, np.float32))
    return mean


def _median(flow: np.ndarray) -> np.ndarray:
    """Return the medians of both coordinates in squares of 5 × 5 pixels."""
    return np.dstack([cv2.medianBlur(each, 5) for each in cv2.split(flow)])


def motion_at(motion: Motion, fraction: float) -> np.ndarray:
    """Return the motion of what each pixel shows at a time between two frames.

    Every pixel of both frames is moved to that time. Where several arrive, the one counts that
    moves most, relative to the whole picture, unless its flow is wrong: a thing in front of a
    background moves, and at a pixel that it passes between the frames, both show the background.

    Args:
        motion: between the frames.
        fraction: 0 for the time of the first one, 1 for that of the second.

    Returns:
        float32 ``(height, width, 2)``: the way from the first frame to the second.
    """
    height, width = motion.there.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    whole = np.median(motion.there[::4, ::4].reshape(-1, 2), axis=0)
    targets, flows, ranks = [], [], []
    for flow, part, error in (
        (motion.there, fraction, motion.there_error),
        (-motion.back, fraction - 1, motion.back_error),
    ):
        x = np.rint(columns + part * flow[..., 0]).astype(np.int32)
        y = np.rint(rows + part * flow[..., 1]).astype(np.int32)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        targets.append((y * width + x)[inside])
        flows.append(flow[inside])
        ranks.append((np.linalg.norm(flow - whole, axis=-1) - _ERROR_RANK * error)[inside])
    order = np.argsort(np.concatenate(ranks))
    target = np.concatenate(targets)[order]
    # Of several values for one place, the last one stays.
    moved = np.zeros((height * width, 2), np.float32)
    moved[target] = np.concatenate(flows)[order]
    known = np.zeros(height * width, np.float32)
    known[target] = 1
    moved, known = moved.reshape(height, width, 2), known.reshape(height, width)
    near = cv2.blur(known, (5, 5))[..., None]
    around = cv2.blur(moved, (5, 5)) / np.maximum(near, 1e-6)
    guess = np.where(near > 0, around, (motion.there - motion.back) / 2)
    return _median(np.where(known[..., None] > 0, moved, guess).astype(np.float32))
