"""Motion of clips: speed, direction, and whether clips freeze, loop or flicker."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import cv2
import numpy as np

from vidgan.errors import InputError
from vidgan.metrics.checks import clip_set
from vidgan.video.optical_flow import MIN_SIDE, clip_flow, for_each, grey

MIN_FRAMES = 3
# Histograms of speed: up to 32 pixels per frame in steps of 0.1; the last bin is unbounded.
SPEED_STEP = 0.1
SPEEDS = 320
# Bins of histograms of direction.
DIRECTIONS = 36
# Speed below which the direction of a pixel is unreliable.
_MOVING = 0.25

# Frames are compared by the mean grey levels of cells of 8 × 8 pixels, which averages noise out.
_CELL = 8
# A frame is static if no cell changes by more grey levels than this.
_STILL_LEVELS = 1.0
# A clip loops if its distance to the start falls to this fraction of the largest distance before.
_LOOP_RATIO = 0.1


@dataclass(frozen=True)
class Motion:
    """Motion of each clip of a set.

    Attributes:
        speed: float64 ``(n, SPEEDS)``, fraction of pixels by speed; bin i starts at
            i × ``SPEED_STEP`` pixels per frame.
        direction: float64 ``(n, DIRECTIONS)``, motion by direction, in pixels per frame, averaged
            over all pixels; bin 0 starts at 0°, to the right, and 90° is downwards.
        still: float64 ``(n,)``, fraction of static frames, in [0, 1].
        loop: int64 ``(n,)``, period of a looping clip in frames; 0 if it does not loop.
        flicker: float64 ``(n,)``, grey levels: see :func:`measure_motion`.
    """

    speed: np.ndarray
    direction: np.ndarray
    still: np.ndarray
    loop: np.ndarray
    flicker: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the results of several batches as one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def frozen(self) -> np.ndarray:
        """Which clips are static from the first frame to the last, bool ``(n,)``."""
        frozen: np.ndarray = self.still == 1
        return frozen

    @property
    def looping(self) -> np.ndarray:
        """Which clips loop, bool ``(n,)``."""
        return self.loop > 0


def measure_motion(clips: np.ndarray) -> Motion:
    """Compute the motion of clips from DIS optical flow and from differences of frames.

    A frame is *still* if no cell of 8 × 8 pixels changes its mean grey level by more than 1. A clip
    *loops* with period p, at most half its length, if frames at a distance of p are ten times as
    similar as the least similar at a smaller distance. *Flicker* is the standard deviation, in grey
    levels, of changes of brightness that are independent from frame to frame: the root mean square
    of the second differences of the frames' means, divided by √6. A steady fade is no flicker.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 3 frames of 16 × 16.

    Raises:
        InputError: a wrong shape or dtype, or clips that are too short or too small.
    """
    clips = clip_set(clips, frames=MIN_FRAMES, side=MIN_SIDE)
    speeds, directions, still, loops, flicker = zip(*for_each(_measure, clips), strict=True)
    return Motion(
        np.stack(speeds), np.stack(directions), np.array(still), np.array(loops), np.array(flicker)
    )


def speed_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Wasserstein distance between the speeds of two sets of clips.

    Args:
        a: ``Motion.speed`` of one set, ``(n, SPEEDS)``.
        b: of the other, ``(m, SPEEDS)``.

    Returns:
        float64 ≥ 0 in pixels per frame.

    Raises:
        InputError: no clips, wrong shapes or NaN.
    """
    between = np.cumsum(histogram(a, SPEEDS) - histogram(b, SPEEDS))
    return float(np.abs(between).sum() * SPEED_STEP)


def direction_distance(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return the Wasserstein distance on the circle between the directions of two sets of clips.

    Args:
        a: ``Motion.direction`` of one set, ``(n, DIRECTIONS)``.
        b: of the other, ``(m, DIRECTIONS)``.

    Returns:
        float64 in degrees, 0 to 180; None if nothing moves in one of the sets.

    Raises:
        InputError: no clips, wrong shapes or NaN.
    """
    fractions = [histogram(each, DIRECTIONS) for each in (a, b)]
    if not all(each.sum() > 0 for each in fractions):
        return None
    between = np.cumsum(fractions[0] - fractions[1])
    # On a circle the cumulative difference is defined up to a constant; the median is optimal.
    return float(np.abs(between - np.median(between)).sum() * 360 / DIRECTIONS)


def histogram(histograms: np.ndarray, bins: int) -> np.ndarray:
    """Return the histogram of a whole set of clips.

    Args:
        histograms: ``Motion.speed`` or ``Motion.direction``, ``(n, bins)``.
        bins: ``SPEEDS`` or ``DIRECTIONS``.

    Returns:
        float64 ``(bins,)`` whose sum is 1, or 0 if nothing moves.

    Raises:
        InputError: no clips, wrong shapes or NaN.
    """
    values = np.asarray(histograms, np.float64)
    if values.ndim != 2 or values.shape[1] != bins or not len(values):
        raise InputError(f"histograms must have the shape (clips, {bins}), found {values.shape}")
    if not np.isfinite(values).all():
        raise InputError("histograms hold NaN or infinity")
    total = values.sum(axis=0)
    normalised: np.ndarray = total / max(total.sum(), np.finfo(np.float64).tiny)
    return normalised


def _measure(clip: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, int, float]:
    """Return the row of a clip in each of the arrays of :class:`Motion`."""
    frames = grey(clip)
    speed, direction = _histograms(clip_flow(frames))
    cells = _cells(frames)
    still = float(np.mean(np.abs(np.diff(cells, axis=0)).max(axis=1) <= _STILL_LEVELS))
    loop = _loop(cells) if still < 1 else 0
    bends = np.diff(frames.mean(axis=(1, 2)), n=2)
    return speed, direction, still, loop, float(np.sqrt(np.mean(np.square(bends)) / 6))


def _histograms(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    speed, angle = cv2.cartToPolar(flow[..., 0].ravel(), flow[..., 1].ravel(), angleInDegrees=True)
    speed, angle = speed.ravel().astype(np.float64), angle.ravel()
    bins = np.minimum((speed / SPEED_STEP).astype(int), SPEEDS - 1)
    turns = (angle / 360 * DIRECTIONS).astype(int) % DIRECTIONS
    moving = np.where(speed >= _MOVING, speed, 0.0)
    return (
        np.bincount(bins, minlength=SPEEDS) / len(bins),
        np.bincount(turns, moving, minlength=DIRECTIONS) / len(bins),
    )


def _cells(frames: np.ndarray) -> np.ndarray:
    """Return the mean grey levels of the cells of each frame, float64 ``(frames, cells)``."""
    size = [max(1, side // _CELL) for side in frames.shape[:0:-1]]
    shrunk = [
        cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames.astype(np.float32)
    ]
    return np.stack(shrunk).reshape(len(frames), -1).astype(np.float64)


def _loop(cells: np.ndarray) -> int:
    """Return the period of a looping clip in frames, or 0."""
    farthest = 0.0
    for lag in range(1, len(cells) // 2 + 1):
        difference = cells[lag:] - cells[:-lag]
        distance = float(np.sqrt(np.mean(np.square(difference))))
        if lag > 1 and distance <= _LOOP_RATIO * farthest:
            return lag
        farthest = max(farthest, distance)
    return 0
