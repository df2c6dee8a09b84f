"""Replacing the patches of clips from a coarse size to the full one.

At a coarse size a patch holds a large part of the frame, which makes what moves whole; at each
finer size the details follow (VGPNN, arXiv 2109.08591).
"""

import numpy as np

from vidgan.patches.index import PatchIndex
from vidgan.patches.resizing import resized_frames

# The least pixels of the shorter side of the coarsest size, unless frames are smaller.
MIN_SIDE = 32


class PatchPyramid:
    """Patches of training clips at several sizes, to replace those of generated clips by.

    Args:
        degraded: reconstructions of the clips, with the faults that generated clips have, uint8
            ``(n, frames, height, width, 3)``.
        clips: the training clips, of the same shape.

    Attributes:
        sizes: ``(width, height)``, the coarsest first.
    """

    def __init__(self, degraded: np.ndarray, clips: np.ndarray) -> None:
        height, width = clips.shape[2:4]
        self.sizes = [(width, height)]
        while min(self.sizes[0]) // 2 >= MIN_SIDE:
            self.sizes.insert(0, (self.sizes[0][0] // 2, self.sizes[0][1] // 2))
        self._indices = []
        for size in self.sizes:
            values = resized_frames(clips, size)
            self._indices.append(PatchIndex(resized_frames(degraded, size), values))
            degraded = values  # A finer size adds what the one before lacks.

    def replace(self, clip: np.ndarray) -> np.ndarray:
        """Return a clip with the patches of training clips.

        Args:
            clip: uint8 ``(any number of frames, height, width, 3)``, of the training clips' size.

        Returns:
            uint8 of the same shape.
        """
        for size, index in zip(self.sizes, self._indices, strict=True):
            clip = index.replace(resized_frames(clip, size))
        return clip
