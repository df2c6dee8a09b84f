"""Patches around every second pixel of clips, their matches, and what takes their place."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vidgan.patches.overlap import PATCH, VALUES, Components, blend, trust, whole_patches

# Frames, rows and columns from one patch to the next. More patches, which overlap more, blur.
STRIDE = (2, 2, 2)
# Of so many clips, patches at this stride determine the principal components.
PCA_CLIPS, PCA_STRIDE = 64, (4, 8, 8)
# Pixels of a patch that weigh less are left out, for speed.
MIN_WEIGHT = 0.1
# Where patches overlap, those that are nearer to what they replace weigh more, so that others do
# not blur them: by this power of the distance.
POWER = -4

_MARGIN = tuple((side // 2, side // 2) for side in PATCH)


@dataclass(frozen=True)
class Matches:
    """For each patch of a clip its match among the patches of other clips.

    Attributes:
        clips: numbers of the other clips, int64 ``(frames, rows, columns)`` of patches.
        places: frame, row and column of the pixel in the middle of the match, int64 ``(3, frames,
            rows, columns)``.
        distances: to the matches, squared, float32 ``(frames, rows, columns)``.
    """

    clips: np.ndarray
    places: np.ndarray
    distances: np.ndarray


def grid_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Return how many patches of a clip ``(frames, height, width)`` there are along each axis."""
    return tuple(-(-side // step) for side, step in zip(shape, STRIDE, strict=True))


def patch_count(shape: Sequence[int]) -> int:
    """Return the number of patches of a clip ``(frames, height, width)``."""
    return math.prod(grid_shape(shape))


def padded(clips: np.ndarray) -> np.ndarray:
    """Return one or more clips with margins, so that every pixel is the centre of a patch."""
    return np.pad(clips, ((0, 0),) * (clips.ndim - 4) + (*_MARGIN, (0, 0)), "edge")


def patches_of_frames(clip: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the patches of a clip frame by frame, float32 ``(patches, values)``.

    All of a clip at once would take much more memory than its pixels.
    """
    for frame in whole_patches(padded(clip), STRIDE):
        yield frame.reshape(-1, VALUES).astype(np.float32)


def fit_components(clips: np.ndarray) -> Components:
    """Return the principal components of patches of clips, uint8 ``(n, …, 3)``."""
    every = max(1, len(clips) // PCA_CLIPS)
    patches = [
        whole_patches(padded(clip), PCA_STRIDE).reshape(-1, VALUES) for clip in clips[::every]
    ]
    return Components(np.concatenate(patches).astype(np.float32))


def replaced(values: np.ndarray, matches: Matches, shape: Sequence[int]) -> np.ndarray:
    """Return the clip of the matches, blended where they overlap.

    Args:
        values: the other clips with margins, see :func:`padded`.
        matches: of each patch.
        shape: of the clip, ``(frames, height, width)``.

    Returns:
        uint8 ``(frames, height, width, 3)``.
    """
    trusted = trust(matches.distances.ravel(), POWER).reshape(matches.distances.shape)
    # Margins move a patch's middle to its beginning.
    corners = (matches.clips.ravel(), *(axis.ravel() for axis in matches.places))
    blended = blend(values, corners, trusted, STRIDE, MIN_WEIGHT)
    # The last patches need not reach as far as the margin.
    inner = tuple(
        slice(margin, margin + side) for (margin, _), side in zip(_MARGIN, shape, strict=True)
    )
    clip: np.ndarray = np.rint(blended[inner]).astype(np.uint8)
    return clip
