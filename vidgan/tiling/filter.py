"""What restores: a function of a few frames that knows nothing of the video they come from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Filter:
    """Turns a few frames, or a tile of each of them, into restored ones.

    Windows and tiles are cut so that what depends on pixels beyond their edges is thrown away:
    the result is that of the whole video at once, as far as ``context`` and ``margin`` are true.
    Where they are less than the reach of a network, for the sake of speed, the joints are blended.

    Attributes:
        apply: from uint8 RGB ``(frames, height, width, 3)`` and, for inpainting, bool masks
            ``(frames, height, width)`` that are true in the holes, else None, to float32
            ``(frames, scale * height, scale * width, 3)`` in [0, 255]. It is called from one
            thread, with sides that are multiples of ``multiple`` and at least ``frames`` frames.
        name: what it is, with all that its results depend on (method and settings, or run and
            checkpoint): a video is only taken up again by a filter of the same name.
        scale: how many times longer the sides become.
        frames: the fewest frames it takes; shorter videos are filled up with their last frame.
        context: frames on either side that a frame's result depends on.
        margin: pixels around that a pixel's result depends on.
        multiple: what the sides must be multiples of; frames are filled up by reflection.
        bytes_per_pixel: memory that it needs while it runs, for every pixel of every frame.
        fills: whether it fills the holes of masks.
    """

    apply: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    name: str
    scale: int = 1
    frames: int = 1
    context: int = 0
    margin: int = 0
    multiple: int = 1
    bytes_per_pixel: int = 64
    fills: bool = False
