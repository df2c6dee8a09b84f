"""Temporal consistency: warping error, and difference of optical flow from a reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from vidgan.metrics.checks import clip_pairs, clip_set
from vidgan.video.chroma import chroma
from vidgan.video.optical_flow import (
    MIN_SIDE,
    clip_flow,
    dis_flow,
    farneback_flow,
    for_each,
    grey,
    leads_inside,
    warp,
)


@dataclass(frozen=True)
class Warping:
    """Differences between frames after motion compensation.

    Attributes:
        error: float64 ``(n,)``, the mean squared difference, in [0, 1], between the pixels of each
            frame and those of the next one where the flow leads; occluded pixels are left out. 0
            if all pixels are, see ``visible``.
        visible: float64 ``(n,)``, fraction of pixels that are not occluded, in [0, 1]. Where it is
            low the optical flow failed, and so does the error.
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
    """Compute the warping error: the difference of frames to the next ones warped back.

    As in arXiv 1808.00449, with the optical flow (DIS) of the clip itself, so no reference is
    needed. Flicker, changing textures and deforming objects raise the error, motion does not. A
    pixel is occluded where forward and backward flow are inconsistent (arXiv 1604.08610) or lead
    out of the frame. A frozen clip has no error: compare the fraction of frozen clips as well, and
    the value of real clips.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 2 frames of 16 × 16.

    Raises:
        InputError: a wrong shape or dtype, or clips that are too short or too small.
    """
    clips = clip_set(clips, frames=2, side=MIN_SIDE)
    errors, visible = zip(*for_each(_undo_motion, clips), strict=True)
    return Warping(np.array(errors), np.array(visible))


def _undo_motion(clip: np.ndarray) -> tuple[float, float]:
    """Return the error of a clip and the fraction of visible pixels; see :class:`Warping`."""
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
    """Return the difference of the motion of clips and references: tOF of TecoGAN.

    The mean length of the difference between the optical flows of both (arXiv 1811.09393), with
    Farnebäck's method and over whole frames as in the published evaluation of the paper.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 2 frames of 16 × 16.
        reference: the original clips, of the same shape.

    Returns:
        float64 ``(n,)``, pixels per frame.

    Raises:
        InputError: wrong or different shapes, a wrong dtype, or clips too short or too small.
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


def colour_flicker(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the change of the error of colours from frame to frame, along the motion.

    The difference of Cb and Cr from those of the reference is compared with that of the next frame
    where the optical flow (DIS) of the reference leads, in pixels that are visible in both. Wrong
    colours that move along with things do not count, and errors of the flow hardly do.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least 2 frames of 16 × 16.
        reference: the original clips, of the same shape.

    Returns:
        float64 ``(n,)``, the mean absolute change in levels of 255, 0 where no pixel is visible.

    Raises:
        InputError: wrong or different shapes, a wrong dtype, or clips too short or too small.
    """
    clips, reference = clip_pairs(clips, reference, frames=2, side=MIN_SIDE)
    return np.array([_flicker(a, b) for a, b in zip(clips, reference, strict=True)])


def _flicker(clip: np.ndarray, original: np.ndarray) -> float:
    error, frames = chroma(clip) - chroma(original), grey(original)
    backward, found = dis_flow(frames, backward=True), []
    for step, (there, back) in enumerate(zip(clip_flow(frames), backward, strict=True)):
        mask = _visible(there, back)
        change = np.abs(warp(error[step + 1], there) - error[step]).mean(axis=-1)
        found.append(float(change[mask].mean(dtype=np.float64)) if mask.any() else 0.0)
    return float(np.mean(found))


def _visible(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return which pixels of a frame are visible in the next one, bool ``(height, width)``."""
    returned = warp(back, there)
    home = _squares(there + returned) < 0.01 * (_squares(there) + _squares(returned)) + 0.5
    visible: np.ndarray = home & leads_inside(there)
    return visible


def _squares(flow: np.ndarray) -> np.ndarray:
    """Return the squared lengths of a flow's vectors, ``(height, width)``."""
    squares: np.ndarray = np.square(flow[..., 0]) + np.square(flow[..., 1])
    return squares
