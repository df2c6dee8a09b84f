"""Embedding of clips by statistics of their optical flow.

Similar to the Fréchet video motion distance (arXiv 2407.16124), which uses histograms of the
velocities and accelerations of tracked points, but with dense optical flow (DIS, arXiv 1603.03590)
and with further statistics: steadiness of the motion, motion-compensated differences and the
direction of time. Frames are resized to 64 × 64 and converted to grey; speeds are in these pixels
per frame.

37 numbers per clip; the last four change their sign when it is played backwards:

====  ==========================================================================================
8     logarithm of the mean speed in each of 8 directions
8     logarithm of the mean acceleration in each of 8 directions
5     logarithm of the fraction of pixels faster than 0.25, 0.5, 1, 2 and 4
4     logarithm of the standard deviation, minimum, maximum and mean change of the mean speed
2     logarithm of the mean divergence and curl of the flow, without their signs
6     logarithms of the mean and maximum of the motion-compensated difference between
      neighbouring frames, and of the mean, maximum, minimum and standard deviation of the
      plain difference
4     trend of the speed; sudden starts or stops; sharpness before and after moving edges;
      growth of objects
====  ==========================================================================================
"""

import cv2
import numpy as np

from vidgan.metrics.features.base import Embed, Features, resized
from vidgan.video.optical_flow import clip_flow, for_each, grey, warp

SIDE = 64
DIM = 37
MIN_FRAMES = 4

_DIRECTIONS = 8
_SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
# Added before the logarithms: to speeds in pixels per frame, and to differences in [0, 1].
_STILL = 0.01
_EQUAL = 0.001
# The signed numbers are between -1 and 1 and mostly near 0. These factors give each a standard
# deviation of about 1.5 on real clips; otherwise the direction of time would have no influence
# (benchmarks/metric_sensitivity.md).
_SIGNED_GAINS = np.array([12.0, 4.0, 28.0, 16.0])


def statistics(clip: np.ndarray) -> np.ndarray:
    """Embed one clip.

    Args:
        clip: uint8 RGB ``(frames, 64, 64, 3)``, at least 4 frames.

    Returns:
        float64 ``(37,)``; see above.
    """
    frames = grey(clip)
    flow = clip_flow(frames)
    light = frames.astype(np.float32) / 255
    speed = np.sqrt(np.square(flow[..., 0]) + np.square(flow[..., 1]))
    change = np.abs(light[1:] - light[:-1])
    divergence, curl = _derivatives(flow)
    unsigned = _unsigned(flow, speed, divergence, curl, _residuals(flow, light), change)
    return np.concatenate([unsigned, _signed(speed, divergence, light, change)])


def _unsigned(
    flow: np.ndarray,
    speed: np.ndarray,
    divergence: np.ndarray,
    curl: np.ndarray,
    left: np.ndarray,
    change: np.ndarray,
) -> np.ndarray:
    """Return the numbers that are independent of the direction of time, ``(33,)``."""
    means, changes = _frame_means(speed), _frame_means(change)
    in_pixels = [
        *_by_direction(flow),
        *_by_direction(flow[1:] - flow[:-1]),
        *((speed > limit).mean() for limit in _SPEEDS),
        means.std(),
        means.min(),
        means.max(),
        np.abs(np.diff(means)).mean(),
        np.abs(divergence).mean(),
        np.abs(curl).mean(),
    ]
    in_light = [
        left.mean(),
        left.max(),
        changes.mean(),
        changes.max(),
        changes.min(),
        changes.std(),
    ]
    return np.concatenate([np.log(np.add(in_pixels, _STILL)), np.log(np.add(in_light, _EQUAL))])


def _signed(
    speed: np.ndarray, divergence: np.ndarray, light: np.ndarray, change: np.ndarray
) -> np.ndarray:
    """Return the numbers that change their sign when time runs backwards, ``(4,)``."""
    means = _frame_means(speed)
    time = np.linspace(-1, 1, len(means))
    trend = (means * time).mean() / (means.mean() + 0.02)

    jumps = np.diff(_frame_means(change)) ** 3
    sudden = jumps.sum() / (np.abs(jumps).sum() + 1e-8)

    # Change divided by gradient is speed. Different gradients before and after mean that moving
    # objects leave trails (codecs, displays) or dissolve (dust, smoke).
    across = light[:, 1:-1, 2:] - light[:, 1:-1, :-2]
    down = light[:, 2:, 1:-1] - light[:, :-2, 1:-1]
    gradient = np.sqrt(np.square(across) + np.square(down)) / 2 + 0.02
    inner = change[:, 1:-1, 1:-1]
    before, after = (np.square(inner / part).mean() for part in (gradient[:-1], gradient[1:]))
    sharper = np.log(before + 1e-3) - np.log(after + 1e-3)

    weighted = divergence * speed[:, 1:, 1:]
    growth = weighted.mean() / (np.abs(weighted).mean() + 5e-4)
    signed: np.ndarray = np.array([trend, sudden, sharper, growth]) * _SIGNED_GAINS
    return signed


def _frame_means(values: np.ndarray) -> np.ndarray:
    means: np.ndarray = values.reshape(len(values), -1).mean(axis=1, dtype=np.float64)
    return means


def _by_direction(vectors: np.ndarray) -> np.ndarray:
    """Return the mean over all pixels of the lengths in each direction, ``(_DIRECTIONS,)``."""
    rows = vectors.reshape(-1, vectors.shape[2], 2)
    length, angle = cv2.cartToPolar(rows[..., 0], rows[..., 1])
    # The first direction is centred on the x axis; rounding up the last one gives the first.
    direction = np.rint(angle.ravel() * (_DIRECTIONS / (2 * np.pi))).astype(np.intp) % _DIRECTIONS
    return np.bincount(direction, length.ravel(), _DIRECTIONS) / length.size


def _derivatives(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return divergence and curl, ``(frames - 1, height - 1, width - 1)``."""
    x, y = flow[..., 0], flow[..., 1]
    divergence = (x[:, 1:, 1:] - x[:, 1:, :-1]) + (y[:, 1:, 1:] - y[:, :-1, 1:])
    curl = (y[:, 1:, 1:] - y[:, 1:, :-1]) - (x[:, 1:, 1:] - x[:, :-1, 1:])
    return divergence, curl


def _residuals(flow: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return the motion-compensated difference of each frame to the next, ``(frames - 1,)``."""
    back = [warp(after, vectors) for after, vectors in zip(light[1:], flow, strict=True)]
    return _frame_means(np.abs(np.stack(back) - light[:-1]))


def embed_small(clips: np.ndarray) -> np.ndarray:
    """Embed clips of 64 × 64 pixels, uint8 ``(n, frames, 64, 64, 3)``, on all cores."""
    return np.stack(for_each(statistics, clips)).astype(np.float32)


def _build() -> Embed:
    return lambda clips: embed_small(resized(clips, SIDE))


MOTION = Features(
    name="motion",
    distance="Fréchet motion distance on optical flow (FMD)",
    caution=", not FVMD",
    description="Statistics of optical flow: speed, acceleration and steadiness of motion.",
    unit="clip",
    dim=DIM,
    min_frames=MIN_FRAMES,
    side=SIDE,
    build=_build,
)
