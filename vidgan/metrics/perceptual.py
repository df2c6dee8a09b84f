"""A perceptual distance between frames without a trained network.

As in LPIPS (arXiv 1801.03924), feature maps of a convolution are normalised to unit length at every
position and compared by their squared difference. The weights are random and fixed; that paper
finds that random networks are better than squared errors. Feature maps are pooled over windows
before the comparison, so that the distance is sensitive to the presence of texture (blur, noise,
blocks) but not to small displacements and changes of brightness. See ``benchmarks/perceptual.md``.
"""

from functools import cache

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from vidgan.metrics.checks import clip_pairs

# The coarsest scale needs one window.
MIN_SIDE = 32

_SEED = 0
SIDE = 5
CHANNELS = 32
SCALES = 3
# Responses are pooled over overlapping windows of two by two cells with this side.
CELL = 4
# Added to the length in the normalisation, so that almost flat regions count less.
FLOOR = 0.1
# Fraction of its mean that each filter keeps: without the mean, brightness and colour would not
# count; with all of it they would dominate.
_MEAN = 0.1
OPPONENT = np.array([[0.299, 0.587, 0.114], [0.5, -0.5, 0.0], [-0.25, -0.25, 0.5]], np.float32)


def perceptual_distance(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the perceptual distance of frames to their references.

    It is not LPIPS and its values must not be compared with those of LPIPS. It is reproducible bit
    for bit on one machine.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, sides of at least 32.
        reference: the original clips, of the same shape.

    Returns:
        float64 ``(n, frames)``, 0 for equal frames; about 0.05 for a clearly visible blur.

    Raises:
        InputError: wrong or different shapes, a wrong dtype, or too small frames.
    """
    clips, reference = clip_pairs(clips, reference, side=MIN_SIDE)
    distances = np.empty(clips.shape[:2])
    for place in np.ndindex(distances.shape):
        distances[place] = sum(
            np.square(a - b).sum(axis=-1).mean(dtype=np.float64)
            for a, b in zip(_features(clips[place]), _features(reference[place]), strict=True)
        )
    return distances


@cache
def kernel(seed: int = _SEED) -> np.ndarray:
    """Draw the filters, float32 ``(side, side, 3, channels)``, each of unit length."""
    random = np.random.Generator(np.random.Philox(seed))
    filters = random.standard_normal((3, SIDE, SIDE, CHANNELS))
    filters -= (1 - _MEAN) * filters.mean(axis=(1, 2), keepdims=True)
    filters /= np.sqrt(np.square(filters).sum(axis=(0, 1, 2)))
    return filters.transpose(1, 2, 0, 3).astype(np.float32)


@cache
def _filters() -> np.ndarray:
    """Return the filters as a matrix, float32 ``(3 · side · side, channels)``."""
    return kernel().transpose(2, 0, 1, 3).reshape(-1, CHANNELS)


def _features(frame: np.ndarray) -> list[np.ndarray]:
    """Return the features of a frame at every scale, float32 ``(rows, columns, channels)``."""
    values: np.ndarray = (frame.astype(np.float32) / np.float32(127.5) - np.float32(1)) @ OPPONENT.T
    found, margin = [], SIDE // 2
    for scale in range(SCALES):
        if scale:
            values = cv2.resize(values, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        height, width = values.shape[:2]
        padded = np.pad(values, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        windows = sliding_window_view(padded, (SIDE, SIDE), (0, 1)).reshape(height, width, -1)
        pooled = _pooled(np.maximum(windows @ _filters(), 0))
        length = np.sqrt(np.square(pooled).sum(axis=-1, keepdims=True))
        found.append(pooled / (length + np.float32(FLOOR)))
    return found


def _pooled(responses: np.ndarray) -> np.ndarray:
    rows, columns = responses.shape[0] // CELL, responses.shape[1] // CELL
    whole = responses[: rows * CELL, : columns * CELL]
    cells: np.ndarray = whole.reshape(rows, CELL, columns, CELL, -1).mean(axis=(1, 3))
    pooled: np.ndarray = cells[:-1, :-1] + cells[1:, :-1] + cells[:-1, 1:] + cells[1:, 1:]
    return pooled / 4
