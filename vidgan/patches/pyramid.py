"""Replacing the patches of clips from a coarse size to the full one.

At a coarse size a patch holds a large part of the frame, which makes what moves whole; at each
finer size the details follow (VGPNN, arXiv 2109.08591).
"""

import numpy as np

from vidgan.patches.details import Details, memory
from vidgan.patches.index import PatchIndex
from vidgan.patches.matches import Matches, patch_count
from vidgan.patches.resizing import resized_frames

# The least pixels of the shorter side of the coarsest size, unless frames are smaller.
MIN_SIDE = 32
# Of the patches that are searched: they take 0.2 GiB. And memory for those of larger frames, bytes.
MAX_PATCHES, MAX_DETAILS = 2_000_000, 3 * 2**28


def most_clips(frames: int, base: tuple[int, int], size: tuple[int, int]) -> int:
    """Return how many training clips a pyramid may have.

    Args:
        frames: of a clip.
        base: ``(width, height)`` of generated clips.
        size: ``(width, height)`` of the training clips.
    """
    count = MAX_PATCHES // patch_count((frames, *base[::-1]))
    larger = [each for each in pyramid_sizes(base, size) if _exceeds(each, base)]
    if larger:
        details = sum(memory((frames, height, width)) for width, height in larger)
        count = min(count, MAX_DETAILS // details)
    return max(1, count)


class PatchPyramid:
    """Patches of training clips at several sizes, to replace those of generated clips by.

    Args:
        degraded: reconstructions of the clips, with the faults that generated clips have, uint8
            ``(n, frames, height, width, 3)``.
        clips: the training clips, of the same or of another size.

    Attributes:
        sizes: ``(width, height)``, the coarsest first.
    """

    def __init__(self, degraded: np.ndarray, clips: np.ndarray) -> None:
        self.sizes = pyramid_sizes(degraded.shape[2:4][::-1], clips.shape[2:4][::-1])
        base = degraded.shape[2:4][::-1]
        self._levels: list[PatchIndex | Details] = []
        for size in self.sizes:
            values = resized_frames(clips, size)
            if _exceeds(size, base):
                self._levels.append(Details(degraded, values))
            else:
                self._levels.append(PatchIndex(resized_frames(degraded, size), values))
            degraded = values  # A finer size adds what the one before lacks.

    def replace(self, clip: np.ndarray) -> np.ndarray:
        """Return a clip with the patches of training clips.

        Args:
            clip: uint8 ``(any number of frames, height, width, 3)``, of the reconstructions' size.

        Returns:
            uint8, of the training clips' size.
        """
        matches: Matches | None = None
        for size, level in zip(self.sizes, self._levels, strict=True):
            if isinstance(level, Details):
                assert matches is not None, "searched at the coarsest size"
                clip, matches = level.replace(clip, matches)
            else:
                clip = resized_frames(clip, size)
                matches = level.match(clip)
                clip = level.blend(matches, clip.shape[:3])
        return clip


def pyramid_sizes(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the sizes of a pyramid, ``(width, height)``, the coarsest first.

    Args:
        start: size of the clips to replace; coarser sizes halve it.
        end: size of the result; the sizes between double the start.
    """
    sizes = [end if _exceeds(start, end) else start]
    while min(sizes[0]) // 2 >= MIN_SIDE:
        sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
    while sizes[-1] != end:
        width, height = sizes[-1]
        larger = (min(2 * width, end[0]), min(2 * height, end[1]))
        # A size that is almost the last one adds nothing.
        sizes.append(end if 1.5 * larger[0] > end[0] else larger)
    return sizes


def _exceeds(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether a size is wider or higher than another."""
    return size[0] > other[0] or size[1] > other[1]
