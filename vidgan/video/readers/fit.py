"""How a source frame becomes a frame of the dataset's size: crop first, then scale, then pad."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fit:
    """The frame that is wanted.

    Attributes:
        width: in pixels.
        height: in pixels.
        mode: ``crop`` cuts the middle out of the longer direction, ``pad`` adds black bars to the
            shorter, ``stretch`` lets the shapes differ.
    """

    width: int
    height: int
    mode: str = "crop"

    def turned(self) -> "Fit":
        """Return the same with width and height exchanged."""
        return Fit(self.height, self.width, self.mode)

    def plan(self, width: int, height: int, pixel_aspect: float = 1.0) -> "FitPlan":
        """Work out the crop, scale and bars for a source.

        Args:
            width: the source's, in stored pixels.
            height: the source's.
            pixel_aspect: width of a stored pixel over its height (1 for nearly all video).
        """
        crop = (0, 0, width, height)
        inner = (self.width, self.height)
        # The source's shape over the wanted one: above 1 the source is too wide.
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
    """What to do with every frame of a source.

    Attributes:
        crop: ``(left, top, width, height)`` in source pixels.
        inner: ``(width, height)`` that the crop is scaled to.
        size: ``(width, height)`` of the result; black bars fill what ``inner`` leaves.
    """

    crop: tuple[int, int, int, int]
    inner: tuple[int, int]
    size: tuple[int, int]

    @property
    def shrinks(self) -> bool:
        """Whether there are fewer pixels afterwards, so that areas must be averaged."""
        return self.inner[0] < self.crop[2] or self.inner[1] < self.crop[3]

    def pad(self, rgb: np.ndarray) -> np.ndarray:
        """Add the black bars to uint8 ``(inner height, inner width, 3)``."""
        if self.inner == self.size:
            return rgb
        width, height = self.size
        canvas = np.zeros((height, width, 3), np.uint8)
        left, top = (width - self.inner[0]) // 2, (height - self.inner[1]) // 2
        canvas[top : top + self.inner[1], left : left + self.inner[0]] = rgb
        return canvas

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """Fit a whole frame, uint8 ``(height, width, 3)``, with OpenCV."""
        import cv2

        left, top, width, height = self.crop
        part = rgb[top : top + height, left : left + width]
        method = cv2.INTER_AREA if self.shrinks else cv2.INTER_CUBIC
        return self.pad(cv2.resize(part, self.inner, interpolation=method))
