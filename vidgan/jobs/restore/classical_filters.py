"""Classical filters: baselines, and the fallback without a trained run."""

from collections.abc import Callable

import cv2
import numpy as np

from vidgan.config import DEFAULT_SCALE, EnhanceVideo, RestoreConfig
from vidgan.tiling.filter import Filter
from vidgan.video.denoise import CONTEXT_FRAMES, MARGIN, denoise_clip
from vidgan.video.interpolation import CHANNELS, fuse

# Radius in pixels of Telea's method, https://doi.org/10.1080/10867651.2004.10487596
_TELEA_RADIUS = 3
# The filling of a hole depends on all of its border: pixels of it that a tile sees beyond its own.
_TELEA_MARGIN = 64
# Frames on either side that the median is taken over.
_MEDIAN_FRAMES = 5
# Radius of the cubic kernel.
_CUBIC_RADIUS = 2


def bicubic(scale: int) -> Filter:
    """Return a filter that enlarges by OpenCV's bicubic interpolation.

    Args:
        scale: factor of width and height.
    """
    return Filter(
        lambda frames, masks: _enlarge(frames, scale),
        name=f"bicubic x{scale}",
        scale=scale,
        margin=_CUBIC_RADIUS,
        bytes_per_pixel=0,
    )


def nlmeans(strength: float, scale: int = 1) -> Filter:
    """Return a filter that removes noise by OpenCV's non-local means over five frames.

    Args:
        strength: OpenCV's ``h``.
        scale: factor by which frames are then enlarged.
    """
    return Filter(
        lambda frames, masks: _enlarge(denoise_clip(frames, strength), scale),
        name=f"nlmeans {strength} x{scale}",
        scale=scale,
        context=CONTEXT_FRAMES,
        margin=MARGIN + _CUBIC_RADIUS,
        bytes_per_pixel=16,
    )


def telea() -> Filter:
    """Return a filter that fills holes frame by frame by Telea's fast marching method."""
    return Filter(_telea, name="telea", margin=_TELEA_MARGIN, bytes_per_pixel=24, inpaints=True)


def median() -> Filter:
    """Return a filter that fills holes with the median over neighbouring frames.

    Pixels that are masked in all of these frames are filled by Telea's method.
    """
    return Filter(
        _median,
        name="median",
        context=_MEDIAN_FRAMES,
        margin=_TELEA_MARGIN,
        bytes_per_pixel=24,
        inpaints=True,
    )


def fusion(method: str) -> Filter:
    """Return a filter that mixes the warped frames before and after.

    Args:
        method: of the evidence, which has optical flow or not.
    """
    return Filter(
        lambda seen, masks: fuse(seen), name=method, channels=CHANNELS, bytes_per_pixel=120
    )


def _bicubic_of(config: RestoreConfig) -> Filter:
    assert isinstance(config, EnhanceVideo)
    return bicubic(config.scale or DEFAULT_SCALE)


def _nlmeans_of(config: RestoreConfig) -> Filter:
    assert isinstance(config, EnhanceVideo)
    return nlmeans(config.strength, config.scale or 1)


# Filters of ``--method``, from a command's options.
METHODS: dict[str, Callable[[RestoreConfig], Filter]] = {
    "bicubic": _bicubic_of,
    "nlmeans": _nlmeans_of,
    "telea": lambda config: telea(),
    "median": lambda config: median(),
    "flow": lambda config: fusion("flow"),
    "blend": lambda config: fusion("blend"),
}


def _enlarge(frames: np.ndarray, scale: int) -> np.ndarray:
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
        near = slice(max(0, i - _MEDIAN_FRAMES), i + _MEDIAN_FRAMES + 1)
        # Masked pixels become 256, which sorts behind all that are visible.
        values = np.where(masks[near][:, mask, None], 256, frames[near][:, mask].astype(np.int16))
        values.sort(axis=0)
        visible = (values < 256).sum(axis=0)
        middle = [
            np.take_along_axis(values, k[None], 0)[0] for k in (visible // 2, (visible - 1) // 2)
        ]
        filled[i][mask] = np.mean(middle, axis=0)
        never = np.zeros_like(mask)
        never[mask] = visible[:, 0] == 0
        if never.any():
            rest = np.rint(np.clip(filled[i], 0, 255)).astype(np.uint8)
            filled[i][never] = _telea(rest[None], never[None])[0][never]
    return filled
