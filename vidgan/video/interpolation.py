"""What a frame between two frames is made from: both of them, warped along the optical flow."""

from functools import cached_property

import cv2
import numpy as np

from vidgan.pixels import rounded
from vidgan.video.motion_search import Motion, estimate_motion, motion_at
from vidgan.video.optical_flow import MIN_SIDE, leads_inside, warp

# Channels of the evidence for a frame: the frame before, the frame after, both warped to its time,
# where it lies between the two (1…255; 0 for a copy of the frame before), and where the warped
# frames show what lies inside the originals (255; else 0).
BEFORE, AFTER = slice(0, 3), slice(3, 6)
WARPED_BEFORE, WARPED_AFTER = slice(6, 9), slice(9, 12)
FRACTION = 12
INSIDE_BEFORE, INSIDE_AFTER = 13, 14
CHANNELS = 15
# Memory that is needed to compute it.
BYTES_PER_PIXEL = 128
# Weight of a warped frame where it shows what lies outside of the original.
OUTSIDE = 0.01
# Pixels of motion from one frame to the next, from which on the frames are warped, and all of them.
_MOVING = (0.3, 0.8)
# The squared difference of the warped frames, as a share of that of the frames, from which on these
# are taken as they are, and all of them; in a window of this side, beside noise of so many levels.
_WORSE, _WINDOW, _NOISE = (2.0, 4.0), 7, 6.0


class FramePair:
    """Two consecutive frames of a shot, between which frames are interpolated.

    Args:
        before: uint8 RGB ``(height, width, 3)``.
        after: the next frame, of the same shape.
        use_flow: whether to estimate the motion; without it the frames are not warped.
    """

    def __init__(self, before: np.ndarray, after: np.ndarray, use_flow: bool = True) -> None:
        self.before, self.after = before, after
        self._use_flow = use_flow and min(before.shape[:2]) >= MIN_SIDE

    @cached_property
    def _motion(self) -> Motion:
        return estimate_motion(self.before, self.after)

    def evidence(self, fraction: float) -> np.ndarray:
        """Return what the frame at a time between the two is made from.

        Where the frames hardly move, or agree better as they are than warped, they are not warped:
        a blend has less noise, and never a wrong motion.

        Args:
            fraction: 0 for the time of the frame before, 1 for that of the one after.

        Returns:
            uint8 ``(height, width, CHANNELS)``.
        """
        result = held(self.before)
        result[..., AFTER] = result[..., WARPED_AFTER] = self.after
        result[..., FRACTION] = np.clip(round(255 * fraction), 1, 255)
        if self._use_flow:
            flow = self._flow(fraction)
            flows = -fraction * flow, (1 - fraction) * flow
            warped = [_warp(self.before, flows[0]), _warp(self.after, flows[1])]
            kept = self._kept(flow, *warped)[..., None]
            result[..., WARPED_BEFORE] = rounded(warped[0] + kept * (self.before - warped[0]))
            result[..., WARPED_AFTER] = rounded(warped[1] + kept * (self.after - warped[1]))
            for toward, inside in zip(flows, (INSIDE_BEFORE, INSIDE_AFTER), strict=True):
                result[..., inside] = rounded(255 * np.maximum(leads_inside(toward), kept[..., 0]))
        return result

    def _flow(self, fraction: float) -> np.ndarray:
        """Return the motion at a time, from frame to frame, float32 ``(height, width, 2)``."""
        flow, (height, width) = motion_at(self._motion, fraction), self.before.shape[:2]
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        return cv2.resize(flow, (width, height)) * scale

    def _kept(self, flow: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return how much the frames themselves replace the warped ones, 0…1, ``(h, w)``."""
        warped = np.square(before - after).mean(axis=-1)
        unwarped = np.square(self.before.astype(np.float32) - self.after).mean(axis=-1)
        one, other = (cv2.blur(each, (_WINDOW, _WINDOW)) for each in (warped, unwarped))
        worse = _ramp((one + _NOISE**2) / (other + _NOISE**2), *_WORSE)
        still = 1 - _ramp(np.linalg.norm(flow, axis=-1), *_MOVING)
        kept: np.ndarray = cv2.blur(np.maximum(worse, still), (5, 5))
        return kept


def _warp(frame: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return a frame, warped without the blur of linear interpolation, float32."""
    return warp(frame, flow, cv2.INTER_CUBIC).astype(np.float32)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 up to ``low``, 1 from ``high`` on, and a line between."""
    ramp: np.ndarray = np.clip((values - low) / (high - low), 0, 1)
    return ramp


def held(frame: np.ndarray) -> np.ndarray:
    """Return the evidence for a frame that is a copy of one, uint8 ``(h, w, CHANNELS)``."""
    result = np.empty((*frame.shape[:2], CHANNELS), np.uint8)
    for place in (BEFORE, AFTER, WARPED_BEFORE, WARPED_AFTER):
        result[..., place] = frame
    result[..., FRACTION] = 0
    result[..., [INSIDE_BEFORE, INSIDE_AFTER]] = 255
    return result


def fuse(evidence: np.ndarray) -> np.ndarray:
    """Return the frames by evidence alone: the mean of the warped frames, the nearer weighs more.

    Without flow these are the frames themselves, and the result is a blend.

    Args:
        evidence: uint8 ``(frames, height, width, CHANNELS)``.

    Returns:
        float32 ``(frames, height, width, 3)`` in [0, 255].
    """
    values = evidence.astype(np.float32)
    fraction = values[..., FRACTION, None] / 255
    before = (1 - fraction) * (values[..., INSIDE_BEFORE, None] / 255 + OUTSIDE)
    after = fraction * (values[..., INSIDE_AFTER, None] / 255 + OUTSIDE)
    mixed = before * values[..., WARPED_BEFORE] + after * values[..., WARPED_AFTER]
    fused: np.ndarray = mixed / (before + after)
    return fused
