"""Restoring without a trained run, by what has long been known: for comparison, and for want."""

import cv2
import numpy as np

from vidgan.tiling.filter import Filter
from vidgan.video.denoise import NEIGHBOURS, REACH, denoise_clip

# How far around a pixel Telea's method looks, https://doi.org/10.1080/10867651.2004.10487596
_TELEA_RADIUS = 3
# What a hole shows depends on all of its border; so far a tile reaches beyond its own.
_TELEA_MARGIN = 64
# The median is taken over so many frames to either side.
_MEDIAN_REACH = 5
# Of the cubic kernel.
_CUBIC_REACH = 2


def bicubic(scale: int) -> Filter:
    """Enlarge by OpenCV's bicubic interpolation."""
    return Filter(
        lambda frames, masks: _enlarged(frames, scale),
        name=f"bicubic x{scale}",
        scale=scale,
        margin=_CUBIC_REACH,
        bytes_per_pixel=0,
    )


def nlmeans(strength: float, scale: int = 1) -> Filter:
    """Take noise away by OpenCV's non-local means over five frames, then enlarge.

    Args:
        strength: OpenCV's ``h``.
        scale: of the enlargement.
    """
    return Filter(
        lambda frames, masks: _enlarged(denoise_clip(frames, strength), scale),
        name=f"nlmeans {strength} x{scale}",
        scale=scale,
        context=NEIGHBOURS,
        margin=REACH + _CUBIC_REACH,
        bytes_per_pixel=16,
    )


def telea() -> Filter:
    """Fill every hole from its border, frame by frame, by Telea's fast marching method."""
    return Filter(_telea, name="telea", margin=_TELEA_MARGIN, bytes_per_pixel=24, fills=True)


def median() -> Filter:
    """Fill every hole with the median of what neighbouring frames show there, else as Telea."""
    return Filter(
        _median,
        name="median",
        context=_MEDIAN_REACH,
        margin=_TELEA_MARGIN,
        bytes_per_pixel=24,
        fills=True,
    )


def _enlarged(frames: np.ndarray, scale: int) -> np.ndarray:
    if scale == 1:
        return frames.astype(np.float32)
    _, height, width, _ = frames.shape
    size = (width * scale, height * scale)
    large = [cv2.resize(f.astype(np.float32), size, interpolation=cv2.INTER_CUBIC) for f in frames]
    return np.stack(large)


def _telea(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
    filled = frames.astype(np.float32)
    for i, mask in enumerate(() if masks is None else masks):
        if mask.any():
            hole = mask.astype(np.uint8)
            filled[i] = cv2.inpaint(frames[i], hole, _TELEA_RADIUS, cv2.INPAINT_TELEA)
    return filled


def _median(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
    filled = frames.astype(np.float32)
    if masks is None:
        return filled
    for i, mask in enumerate(masks):
        if not mask.any():
            continue
        near = slice(max(0, i - _MEDIAN_REACH), i + _MEDIAN_REACH + 1)
        # What is itself hidden sorts behind all that is seen.
        shown = np.where(masks[near][:, mask, None], 256, frames[near][:, mask].astype(np.int16))
        shown.sort(axis=0)
        seen = (shown < 256).sum(axis=0)
        middle = [np.take_along_axis(shown, k[None], 0)[0] for k in (seen // 2, (seen - 1) // 2)]
        filled[i][mask] = np.mean(middle, axis=0)
        never = np.zeros_like(mask)
        never[mask] = seen[:, 0] == 0
        if never.any():
            rest = np.rint(np.clip(filled[i], 0, 255)).astype(np.uint8)
            filled[i][never] = _telea(rest[None], never[None])[0][never]
    return filled
