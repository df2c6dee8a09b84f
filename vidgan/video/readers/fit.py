"""Fitting frames to a size: crop, then scale, then pad."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FrameFit:
    """The wanted size of frames, and how frames of another aspect ratio fit.

    Attributes:
        width: in pixels.
        height: in pixels.
        mode: ``crop`` cuts off both ends of the longer side, ``pad`` adds black bars along the
            shorter side, ``stretch`` changes the aspect ratio.
    """

    width: int
    height: int
    mode: str = "crop"

    def rotated(self) -> "FrameFit":
        """Return this fit with width and height exchanged."""
        return FrameFit(self.height, self.width, self.mode)

    def plan(self, width: int, height: int, pixel_aspect: float = 1.0) -> "FitPlan":
        """Compute crop, scale and bars for a source.

        Args:
            width: of the source, in stored pixels.
            height: of the source, in stored pixels.
            pixel_aspect: width of a stored pixel over its height (1 for nearly all video).
        """
        crop = (0, 0, width, height)
        inner = (self.width, self.height)
        # Aspect ratio of the source over the wanted one: above 1 the source is too wide.
        excess = (width * pixel_aspect / height) / (self.width / self.height)
        if self.mode == "crop" and excess > 1:
            kept = max(1, round(width / excess))
            crop = ((width - kept) // 2, 0, kept, height)
        elif self.mode == "crop":
            kept = max(1, round(height * excess))
            crop = (0, (height - kept) // 2, width, kept)
        elif self.mode == "pad" and excess > 1:
            inner = (self.width, max(1, round(self.height / excess)))
        elif self.mode == "pad":
            inner = (max(1, round(self.width * excess)), self.height)
        return FitPlan(crop, inner, (self.width, self.height))


@dataclass(frozen=True)
class FitPlan:
    """Crop, scale and bars for the frames of a source.

    Attributes:
        crop: ``(left, top, width, height)`` in source pixels.
        inner: ``(width, height)`` that the crop is scaled to.
        size: ``(width, height)`` of the result; black bars fill the rest around ``inner``.
    """

    crop: tuple[int, int, int, int]
    inner: tuple[int, int]
    size: tuple[int, int]

    @property
    def shrinks(self) -> bool:
        """Whether scaling reduces a side, so that pixels must be averaged."""
        return self.inner[0] < self.crop[2] or self.inner[1] < self.crop[3]

    def pad(self, rgb: np.ndarray) -> np.ndarray:
        """Add the black bars to a scaled frame, uint8 ``(inner height, inner width, 3)``."""
        if self.inner == self.size:
            return rgb
        width, height = self.size
        canvas = np.zeros((height, width, 3), np.uint8)
        left, top = (width - self.inner[0]) // 2, (height - self.inner[1]) // 2
        canvas[top : top + self.inner[1], left : left + self.inner[0]] = rgb
        return canvas

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """FrameFit a whole frame, uint8 ``(height, width, 3)``, with OpenCV."""
        import cv2

        left, top, width, height = self.crop
        part = rgb[top : top + height, left : left + width]
        method = cv2.INTER_AREA if self.shrinks else cv2.INTER_CUBIC
        return self.pad(cv2.resize(part, self.inner, interpolation=method))
