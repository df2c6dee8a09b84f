"""Clips embedded by what moves in them: hand-made statistics of optical flow.

In the spirit of the Fréchet video motion distance (2407.16124), which gathers the velocities and
accelerations of tracked points in histograms, with the dense flow of OpenCV's DIS (1603.03590)
instead, and with more: how steady the motion is, how well it explains the next frame, and in which
direction time runs. Frames are brought to 64 × 64 and to grey; speeds are in these pixels a frame.

37 numbers a clip, the last four change their sign when it is played backwards:

====  ==========================================================================================
8     logarithm of the mean speed in each of 8 directions
8     logarithm of the mean acceleration in each of 8 directions
5     logarithm of the share of pixels faster than 0.25, 0.5, 1, 2 and 4
4     logarithm of the deviation, minimum, maximum and mean change of the frames' mean speed
2     logarithm of the mean divergence and curl of the flow, without their signs
6     logarithms of the mean and maximum of what is left of the difference between neighbouring
      frames once the flow is undone, and of the mean, maximum, minimum and deviation of the
      difference itself
4     whether motion grows with time; whether it starts or stops suddenly; whether what moves is
      sharper before or after; whether things grow
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
# Below these nothing counts: speeds in pixels a frame, differences in shares of white.
_STILL = 0.01
_EQUAL = 0.001
# The signed numbers lie between -1 and 1 and mostly near 0. These gains bring each to a deviation
# of about 1.5 on real clips: they are few, so that without one the direction of time would be lost
# among the others (benchmarks/metric_sensitivity.md).
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
    """Return the numbers that do not say which way time runs, ``(33,)``."""
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

    # Change over gradient is speed; where the gradients before and after differ, what moves leaves
    # or gains sharpness: trails of codecs and of displays, dust, smoke.
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
    # The first direction lies around the x axis; the rounded last one is the first again.
    direction = np.rint(angle.ravel() * (_DIRECTIONS / (2 * np.pi))).astype(np.intp) % _DIRECTIONS
    return np.bincount(direction, length.ravel(), _DIRECTIONS) / length.size


def _derivatives(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return divergence and curl, ``(frames - 1, height - 1, width - 1)``."""
    x, y = flow[..., 0], flow[..., 1]
    divergence = (x[:, 1:, 1:] - x[:, 1:, :-1]) + (y[:, 1:, 1:] - y[:, :-1, 1:])
    curl = (y[:, 1:, 1:] - y[:, 1:, :-1]) - (x[:, 1:, 1:] - x[:, :-1, 1:])
    return divergence, curl


def _residuals(flow: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return how far each frame is from the next one with the flow undone, ``(frames - 1,)``."""
    back = [warp(after, vectors) for after, vectors in zip(light[1:], flow, strict=True)]
    return _frame_means(np.abs(np.stack(back) - light[:-1]))


def embed_small(clips: np.ndarray) -> np.ndarray:
    """Embed clips whose frames are 64 × 64 already, ``(n, frames, 64, 64, 3)``, on all cores."""
    return np.stack(for_each(statistics, clips)).astype(np.float32)


def _build() -> Embed:
    return lambda clips: embed_small(resized(clips, SIDE))


MOTION = Features(
    name="motion",
    distance="Fréchet motion distance on optical flow (FMD)",
    caution=", not FVMD",
    description="Statistics of optical flow alone: what moves, how fast and how steadily.",
    unit="clip",
    dim=DIM,
    min_frames=MIN_FRAMES,
    side=SIDE,
    build=_build,
)
