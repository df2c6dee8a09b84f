"""Simple checks that generated clips are pictures at all, by comparison with training clips."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from vidgan.training.sample_diversity import rms_distances

# Names of the figures of :meth:`Reference.compare`.
FIGURES = ("clipped", "contrast", "detail", "resemblance")
# Values this near to black or white are clipped.
MARGIN = 3
# Grey levels that are added to a contrast before two are compared: black is like black.
LEAST_CONTRAST = 1.0
# Thumbnails whose difference is well below this many grey levels look the same, even if they show
# so little that they do not correlate.
VISIBLE = 16.0
# Thumbnails with less than this fraction of the clips' contrast, as those of noise, say nothing.
COARSE = 0.4


def clipped_fractions(clips: np.ndarray) -> np.ndarray:
    """Return the fractions of values of uint8 clips that are black and that are white, ``(2,)``."""
    return np.array([np.mean(clips <= MARGIN), np.mean(clips >= 255 - MARGIN)])


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


def similarities(small: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Return how alike each pair of clips is, float64 ``(n, m)``: at most 1.

    That is their correlation or, if it is higher, 1 minus their difference over :data:`VISIBLE`,
    for clips so dark or plain that there is nothing to correlate.

    Args:
        small: clips, shrunk by :func:`~vidgan.training.sample_diversity.shrink`, ``(n, …)``.
        training: training clips, likewise, ``(m, …)``.
    """

    def normalised(clips: np.ndarray) -> np.ndarray:
        flat = clips.reshape(len(clips), -1).astype(np.float64)
        flat -= flat.mean(axis=1, keepdims=True)
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.asarray(flat / np.maximum(length, 1e-6))

    nearness = 1 - 127.5 * rms_distances(small, training) / VISIBLE
    return np.asarray(np.maximum(normalised(small) @ normalised(training).T, nearness))


def resemblance(small: np.ndarray, training: np.ndarray) -> float:
    """Return the median of :func:`similarities` with the most similar training clip."""
    return float(np.median(similarities(small, training).max(axis=1)))


@dataclass(frozen=True)
class Reference:
    """The figures of training clips, with which generated clips are compared.

    Attributes:
        small: training clips, shrunk, ``(m, frames, 8, 8, 3)``.
        clipped: see :func:`clipped_fractions`.
        contrast: see :func:`contrast`.
        detail: see :func:`detail`.
        coarse: whether thumbnails show what the clips do.
    """

    small: np.ndarray
    clipped: np.ndarray
    contrast: float
    detail: float
    coarse: bool

    @classmethod
    def of(cls, whole: np.ndarray, small: np.ndarray) -> Self:
        """Compute the figures.

        Args:
            whole: training clips, uint8 ``(n, frames, height, width, 3)``.
            small: these and more training clips, shrunk, ``(m, frames, 8, 8, 3)``.
        """
        full, left = contrast(whole), 127.5 * contrast(small)
        coarse = left + LEAST_CONTRAST > COARSE * (full + LEAST_CONTRAST)
        return cls(small, clipped_fractions(whole), full, detail(whole), coarse)

    def compare(self, clips: np.ndarray, small: np.ndarray) -> dict[str, float]:
        """Return figures of generated clips.

        Args:
            clips: generated clips, uint8 ``(n, frames, height, width, 3)``.
            small: the same, shrunk.

        Returns:
            ``clipped``: the fraction of black and of white values beyond that of training clips.
            ``contrast`` and ``detail``: relative to training clips. ``resemblance``: see
            :func:`resemblance`; left out where thumbnails do not show what the clips do.
        """
        beyond = np.maximum(clipped_fractions(clips) - self.clipped, 0)
        figures = {
            "clipped": float(beyond.sum()),
            "contrast": (contrast(clips) + LEAST_CONTRAST) / (self.contrast + LEAST_CONTRAST),
            "detail": detail(clips) / max(self.detail, 1.0),
        }
        return figures | ({"resemblance": resemblance(small, self.small)} if self.coarse else {})
