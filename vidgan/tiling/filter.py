"""The interface of filters: a function of a few frames, or of a tile of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Filter:
    """A video filter with a limited receptive field.

    Windows and tiles overlap, and results that depend on pixels beyond their edges are discarded:
    the result is that of the whole video at once if ``context`` and ``margin`` cover the receptive
    field. If they are smaller, for speed, the seams are blended.

    Attributes:
        apply: maps uint8 ``(frames, height, width, channels)`` and masks to float32
            ``(frames, scale * height, scale * width, 3)`` in [0, 255]. Masks are bool
            ``(frames, height, width)``, True where pixels are to be filled, or None. It is called
            from one thread, with sides that are multiples of ``multiple`` and at least ``frames``
            frames.
        name: identifies the filter with all that its results depend on (method and settings, or
            run and checkpoint); ``--resume`` needs a filter of the same name.
        scale: factor of width and height.
        frames: least number of frames; shorter videos are padded with their last frame.
        context: frames on either side that the result of a frame depends on.
        margin: pixels on all sides that the result of a pixel depends on.
        multiple: sides must be multiples of this; frames are padded by reflection.
        bytes_per_pixel: working memory for each pixel of each frame.
        inpaints: whether it fills masks, and changes nothing outside them.
        channels: of the frames that it takes, of which the first three are RGB; others hold what
            else it needs.
    """

    apply: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    name: str
    scale: int = 1
    frames: int = 1
    context: int = 0
    margin: int = 0
    multiple: int = 1
    bytes_per_pixel: int = 64
    inpaints: bool = False
    channels: int = 3
