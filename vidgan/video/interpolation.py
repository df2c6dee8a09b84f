"""What a frame between two frames is made from: both of them, warped along the optical flow."""

from functools import cached_property

import numpy as np

from vidgan.video.optical_flow import MIN_SIDE, dis_flow, grey, leads_inside, warp

# Channels of the evidence for a frame: the frame before, the frame after, both warped to its time,
# where it lies between the two (1…255; 0 for a copy of the frame before), and where the warped
# frames show what lies inside the originals (255; else 0).
BEFORE, AFTER = slice(0, 3), slice(3, 6)
WARPED_BEFORE, WARPED_AFTER = slice(6, 9), slice(9, 12)
FRACTION = 12
INSIDE_BEFORE, INSIDE_AFTER = 13, 14
CHANNELS = 15
# Memory that is needed to compute it.
BYTES_PER_PIXEL = 64
# Weight of a warped frame where it shows what lies outside of the original.
OUTSIDE = 0.01


class FramePair:
    """Two consecutive frames of a shot, between which frames are interpolated.

    Args:
        before: uint8 RGB ``(height, width, 3)``.
        after: the next frame, of the same shape.
        use_flow: whether to compute the optical flow (DIS, arXiv 1603.03590); without it the frames
            are not warped.
    """

    def __init__(self, before: np.ndarray, after: np.ndarray, use_flow: bool = True) -> None:
        self.before, self.after = before, after
        self._use_flow = use_flow and min(before.shape[:2]) >= MIN_SIDE

    @cached_property
    def _flows(self) -> tuple[np.ndarray, np.ndarray]:
        """The flow there and back."""
        frames = grey(np.stack([self.before, self.after]))
        return dis_flow(frames)[0], dis_flow(frames, backward=True)[0]

    def evidence(self, fraction: float) -> np.ndarray:
        """Return what the frame at a time between the two is made from.

        The flow from that time to both frames is a mixture of the flow there and back, as in Super
        SloMo (arXiv 1712.00080).

        Args:
            fraction: 0 for the time of the frame before, 1 for that of the one after.

        Returns:
            uint8 ``(height, width, CHANNELS)``.
        """
        result = held(self.before)
        result[..., AFTER] = result[..., WARPED_AFTER] = self.after
        result[..., FRACTION] = np.clip(round(255 * fraction), 1, 255)
        if self._use_flow:
            there, back = self._flows
            to_before = fraction * (fraction * back - (1 - fraction) * there)
            to_after = (1 - fraction) * ((1 - fraction) * there - fraction * back)
            for frame, flow, warped, inside in (
                (self.before, to_before, WARPED_BEFORE, INSIDE_BEFORE),
                (self.after, to_after, WARPED_AFTER, INSIDE_AFTER),
            ):
                result[..., warped] = warp(frame, flow)
                result[..., inside] = np.where(leads_inside(flow), 255, 0)
        return result


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
