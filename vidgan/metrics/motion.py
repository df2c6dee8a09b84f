"""How clips move: how fast, where to, and whether they freeze, loop or flicker."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import cv2
import numpy as np

from vidgan.errors import InputError
from vidgan.metrics.checks import clip_set
from vidgan.video.optical_flow import MIN_SIDE, clip_flow, for_each, grey

MIN_FRAMES = 3
# Histograms of speed: up to 32 pixels a frame in steps of a tenth. What is faster is in the last.
SPEED_STEP = 0.1
SPEEDS = 320
# Histograms of direction.
DIRECTIONS = 36
# Slower pixels have no direction that could be trusted.
_MOVING = 0.25

# Frames are compared by the mean grey level of cells of 8 × 8 pixels, in which noise is even.
_CELL = 8
# A frame stands still where no cell changes by more levels than this.
_STILL_LEVELS = 1.0
# A loop has come back when it is this much nearer to where it started than it has been.
_BACK = 0.1


@dataclass(frozen=True)
class Motion:
    """How each of a set of clips moves.

    Attributes:
        speed: float64 ``(n, SPEEDS)``, share of a clip's pixels by speed; bin i begins at
            i × ``SPEED_STEP`` pixels a frame.
        direction: float64 ``(n, DIRECTIONS)``, motion by direction, in pixels a frame on average
            over all pixels; bin 0 begins at 0°, to the right, and 90° is downwards.
        still: float64 ``(n,)``, share of a clip's steps in which nothing moves, in [0, 1].
        loop: int64 ``(n,)``, after how many frames a clip repeats itself; 0 where it does not.
        flicker: float64 ``(n,)``, grey levels: see :func:`measure_motion`.
    """

    speed: np.ndarray
    direction: np.ndarray
    still: np.ndarray
    loop: np.ndarray
    flicker: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return one set of what was measured batch by batch."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def frozen(self) -> np.ndarray:
        """Which clips stand still from the first frame to the last, bool ``(n,)``."""
        frozen: np.ndarray = self.still == 1
        return frozen

    @property
    def looping(self) -> np.ndarray:
        """Which clips repeat themselves, bool ``(n,)``."""
        return self.loop > 0


def measure_motion(clips: np.ndarray) -> Motion:
    """Measure how clips move, by DIS optical flow and by their frames' differences.

    A step is *still* where no cell of 8 × 8 pixels changes its mean grey level by more than 1. A
    clip *loops* after p frames, at most half of it, where its frames are ten times nearer to those
    p later than they have been to any in between: it went away and came back, again and again.
    *Flicker* is the deviation, in grey levels, of changes of brightness that are independent from
    frame to frame: the root mean square of the second differences of the frames' means over √6.
    Fading evenly is no flicker.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 3 frames of 16 × 16.

    Raises:
        InputError: another shape or dtype, or clips that are too short or too small.
    """
    clips = clip_set(clips, frames=MIN_FRAMES, side=MIN_SIDE)
    speeds, directions, still, loops, flicker = zip(*for_each(_measure, clips), strict=True)
    return Motion(
        np.stack(speeds), np.stack(directions), np.array(still), np.array(loops), np.array(flicker)
    )


def speed_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return how far the speeds of two sets of clips lie apart (Wasserstein distance).

    Args:
        a: ``Motion.speed`` of one set, ``(n, SPEEDS)``.
        b: of the other, ``(m, SPEEDS)``.

    Returns:
        float64 ≥ 0 in pixels a frame: by how much every pixel's speed would have to change on
        average to make one set's histogram the other's.

    Raises:
        InputError: no clips, other shapes or NaN.
    """
    between = np.cumsum(histogram(a, SPEEDS) - histogram(b, SPEEDS))
    return float(np.abs(between).sum() * SPEED_STEP)


def direction_distance(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return how far the directions of two sets of clips lie apart (Wasserstein on the circle).

    Args:
        a: ``Motion.direction`` of one set, ``(n, DIRECTIONS)``.
        b: of the other, ``(m, DIRECTIONS)``.

    Returns:
        float64 in degrees, 0 to 180: by how much motion would have to turn on average; None where
        nothing moves in one of the sets.

    Raises:
        InputError: no clips, other shapes or NaN.
    """
    shares = [histogram(each, DIRECTIONS) for each in (a, b)]
    if not all(share.sum() > 0 for share in shares):
        return None
    between = np.cumsum(shares[0] - shares[1])
    # On a circle one may go either way round: the median takes the shorter.
    return float(np.abs(between - np.median(between)).sum() * 360 / DIRECTIONS)


def histogram(histograms: np.ndarray, bins: int) -> np.ndarray:
    """Return the histogram of a whole set of clips.

    Args:
        histograms: ``Motion.speed`` or ``Motion.direction``, ``(n, bins)``.
        bins: ``SPEEDS`` or ``DIRECTIONS``.

    Returns:
        float64 ``(bins,)`` whose sum is 1, or 0 where nothing moves.

    Raises:
        InputError: no clips, other shapes or NaN.
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
    """Return one clip's row of each of the arrays of :class:`Motion`."""
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
    """Return each frame as the mean grey levels of its cells, float64 ``(frames, cells)``."""
    size = [max(1, side // _CELL) for side in frames.shape[:0:-1]]
    shrunk = [
        cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames.astype(np.float32)
    ]
    return np.stack(shrunk).reshape(len(frames), -1).astype(np.float64)


def _loop(cells: np.ndarray) -> int:
    """Return after how many frames a clip repeats itself, or 0."""
    farthest = 0.0
    for lag in range(1, len(cells) // 2 + 1):
        apart = cells[lag:] - cells[:-lag]
        distance = float(np.sqrt(np.mean(np.square(apart))))
        if lag > 1 and distance <= _BACK * farthest:
            return lag
        farthest = max(farthest, distance)
    return 0
