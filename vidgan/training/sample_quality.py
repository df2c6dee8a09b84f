"""Simple checks that generated clips are pictures at all, by comparison with training clips."""

import numpy as np

from vidgan.training.sample_diversity import shrink

# Names of the figures of :func:`compare`.
FIGURES = ("clipped", "contrast", "detail", "resemblance")
# Values this near to black or white are clipped.
MARGIN = 3


def clipped_fraction(clips: np.ndarray) -> float:
    """Return the fraction of values of uint8 clips that are black or white."""
    return float(np.mean((clips <= MARGIN) | (clips >= 255 - MARGIN)))


def contrast(clips: np.ndarray) -> float:
    """Return the mean standard deviation of the values of a frame, in grey levels."""
    return float(clips.std(axis=(2, 3), dtype=np.float32).mean())


def detail(clips: np.ndarray) -> float:
    """Return the mean difference of pixels from the mean of their neighbours, in grey levels."""
    values = clips[:, ::4].astype(np.float32)
    centre = values[:, :, 1:-1, 1:-1]
    neighbours = (
        values[:, :, :-2, 1:-1]
        + values[:, :, 2:, 1:-1]
        + values[:, :, 1:-1, :-2]
        + values[:, :, 1:-1, 2:]
    ) / 4
    return float(np.abs(centre - neighbours).mean())


def resemblance(small: np.ndarray, training: np.ndarray) -> float:
    """Return the median correlation of clips with the most similar training clip.

    Args:
        small: clips, shrunk by :func:`~vidgan.training.sample_diversity.shrink`, ``(n, …)``.
        training: training clips, likewise, ``(m, …)``.
    """

    def normalised(clips: np.ndarray) -> np.ndarray:
        flat = clips.reshape(len(clips), -1).astype(np.float64)
        flat -= flat.mean(axis=1, keepdims=True)
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.asarray(flat / np.maximum(length, 1e-6))

    return float(np.median((normalised(small) @ normalised(training).T).max(axis=1)))


def compare(clips: np.ndarray, real: np.ndarray, training: np.ndarray) -> dict[str, float]:
    """Return figures of generated clips.

    Args:
        clips: generated clips, uint8 ``(n, frames, height, width, 3)``.
        real: training clips, uint8 ``(m, frames, height, width, 3)``.
        training: more training clips, shrunk.

    Returns:
        ``clipped``: the fraction of clipped values, minus that of real clips. ``contrast`` and
        ``detail``: relative to real clips. ``resemblance``: see :func:`resemblance`.
    """
    return {
        "clipped": clipped_fraction(clips) - clipped_fraction(real),
        "contrast": contrast(clips) / max(contrast(real), 1.0),
        "detail": detail(clips) / max(detail(real), 1.0),
        "resemblance": resemblance(shrink(clips), training),
    }
