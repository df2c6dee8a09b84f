"""Temporal consistency: whether what moves stays itself, and moves as in a reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from vidgan.metrics.checks import clip_pairs, clip_set
from vidgan.video.optical_flow import (
    MIN_SIDE,
    clip_flow,
    dis_flow,
    farneback_flow,
    for_each,
    grey,
    warp,
)


@dataclass(frozen=True)
class Warping:
    """What is left between frames once motion is undone.

    Attributes:
        error: float64 ``(n,)``, the mean squared difference of a clip's pixels, in [0, 1], to those
            of the next frame that the flow leads to; occluded pixels do not count. 0 where all of
            them do: see ``visible``.
        visible: float64 ``(n,)``, share of the pixels that count, in [0, 1]. Where it is low the
            flow found nothing to follow, and the error says little.
    """

    error: np.ndarray
    visible: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the results of several batches as one."""
        return cls(
            np.concatenate([part.error for part in parts]),
            np.concatenate([part.visible for part in parts]),
        )


def warping_error(clips: np.ndarray) -> Warping:
    """Measure how far frames differ from the next ones warped back (1808.00449).

    The flow is the clip's own (DIS), so clips without a reference can be judged: flicker, boiling
    textures and things that change as they move raise the error, motion does not. A pixel is
    occluded where the flow to the next frame and the one back do not lead home (1604.08610), or
    out of the frame. A still clip has no error: read it beside the share of frozen clips, and
    beside the figure of real clips.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 2 frames of 16 × 16.

    Raises:
        InputError: another shape or dtype, or clips that are too short or too small.
    """
    clips = clip_set(clips, frames=2, side=MIN_SIDE)
    errors, visible = zip(*for_each(_undo_motion, clips), strict=True)
    return Warping(np.array(errors), np.array(visible))


def _undo_motion(clip: np.ndarray) -> tuple[float, float]:
    """Return a clip's error and the share of its pixels that count; see :class:`Warping`."""
    frames = grey(clip)
    values = clip.astype(np.float32) / np.float32(255)
    total, seen = 0.0, 0
    for step, (there, back) in enumerate(
        zip(clip_flow(frames), dis_flow(frames, backward=True), strict=True)
    ):
        mask = _visible(there, back)
        change = np.square(warp(values[step + 1], there) - values[step]).mean(axis=-1)
        total += float(change[mask].sum(dtype=np.float64))
        seen += int(mask.sum())
    return total / max(seen, 1), seen / ((len(clip) - 1) * frames[0].size)


def tof(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return how far clips move otherwise than their references: the tOF of TecoGAN (1811.09393).

    The mean length of the difference between the optical flows of both, by Farnebäck's method as in
    the paper's published evaluation, over whole frames.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 2 frames of 16 × 16.
        reference: the same shape, the clips as they should be.

    Returns:
        float64 ``(n,)``, pixels a frame.

    Raises:
        InputError: other shapes or dtypes, two shapes, or clips too short or too small.
    """
    clips, reference = clip_pairs(clips, reference, frames=2, side=MIN_SIDE)
    return np.array(
        [
            np.linalg.norm(farneback_flow(grey(a)) - farneback_flow(grey(b)), axis=-1).mean(
                dtype=np.float64
            )
            for a, b in zip(clips, reference, strict=True)
        ]
    )


def _visible(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return where a pixel of one frame is found in the next, bool ``(height, width)``."""
    height, width = there.shape[:2]
    returned = warp(back, there)
    home = _squares(there + returned) < 0.01 * (_squares(there) + _squares(returned)) + 0.5
    rows, columns = np.mgrid[:height, :width]
    across, down = columns + there[..., 0], rows + there[..., 1]
    inside = (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)
    visible: np.ndarray = home & inside
    return visible


def _squares(flow: np.ndarray) -> np.ndarray:
    """Return the squared lengths of a flow's vectors, ``(height, width)``."""
    squares: np.ndarray = np.square(flow[..., 0]) + np.square(flow[..., 1])
    return squares
