"""Simple checks that generated clips are pictures at all, by comparison with training clips."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from vidgan.training.sample_diversity import rms_distances

# Names of the figures of :meth:`Reference.compare`.
FIGURES = ("clipped", "contrast", "blank", "detail", "grain", "resemblance")
# Values this near to black or white are clipped.
MARGIN = 3
# Grey levels that are added to contrasts before they are compared: black is like black.
LEAST_CONTRAST = 1.0
# A clip is blank if its contrast is below this fraction of that of nearly all training clips.
FLAT = 0.15
# Thumbnails whose difference is well below this many grey levels look the same, even if they show
# so little that they do not correlate.
VISIBLE = 8.0
# The grain of clips with hardly any detail, to compare with; that of white noise is 0.9.
LEAST_GRAIN = 0.2
# Thumbnails with less than this fraction of the clips' contrast, as those of noise, say nothing.
COARSE = 0.4


def clipped_fractions(clips: np.ndarray) -> np.ndarray:
    """Return the fractions of values of uint8 clips that are black and that are white, ``(2,)``."""
    return np.array([np.mean(clips <= MARGIN), np.mean(clips >= 255 - MARGIN)])


def contrasts(clips: np.ndarray) -> np.ndarray:
    """Return the mean standard deviation of the values of each clip's frames, ``(n,)``."""
    deviations: np.ndarray = clips.std(axis=(2, 3), dtype=np.float32).mean(axis=(1, 2))
    return deviations


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


def grain(detail: float, contrast: float) -> float:
    """Return the detail relative to the contrast, at least :data:`LEAST_GRAIN`.

    It tells noise from pictures even where both have the same detail.

    Args:
        detail: see :func:`detail`.
        contrast: mean of :func:`contrasts`, and :data:`LEAST_CONTRAST`.
    """
    return max(detail / contrast, LEAST_GRAIN)


def similarities(small: np.ndarray, training: np.ndarray, plain: bool = True) -> np.ndarray:
    """Return how alike each pair of clips is, float64 ``(n, m)``: at most 1.

    That is their correlation, apart from the mean of each colour, which plain clips have in common
    with any; or, if it is higher, 1 minus their difference over :data:`VISIBLE`, for clips so dark
    or plain that there is nothing to correlate.

    Args:
        small: clips, shrunk by :func:`~vidgan.training.sample_diversity.shrink`, ``(n, …)``.
        training: training clips, likewise, ``(m, …)``.
        plain: whether the difference counts.
    """

    def normalised(clips: np.ndarray) -> np.ndarray:
        pixels = clips.reshape(len(clips), -1, clips.shape[-1]).astype(np.float64)
        flat = (pixels - pixels.mean(axis=1, keepdims=True)).reshape(len(clips), -1)
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.asarray(flat / np.maximum(length, 1e-6))

    correlations = np.asarray(normalised(small) @ normalised(training).T)
    if not plain:
        return correlations
    nearness = 1 - 127.5 * rms_distances(small, training) / VISIBLE
    return np.asarray(np.maximum(correlations, nearness))


def resemblance(small: np.ndarray, training: np.ndarray, plain: bool = True) -> float:
    """Return the median of :func:`similarities` with the most similar training clip."""
    return float(np.median(similarities(small, training, plain).max(axis=1)))


@dataclass(frozen=True)
class Reference:
    """The figures of training clips, with which generated clips are compared.

    Attributes:
        small: training clips, shrunk, ``(m, frames, 8, 8, 3)``.
        clipped: see :func:`clipped_fractions`.
        contrast: the mean of :func:`contrasts`.
        least_contrast: that of all but the twentieth of the clips that have the least.
        detail: see :func:`detail`.
        grain: see :func:`grain`.
        coarse: whether thumbnails show what the clips do.
    """

    small: np.ndarray
    clipped: np.ndarray
    contrast: float
    least_contrast: float
    detail: float
    grain: float
    coarse: bool

    @classmethod
    def of(cls, whole: np.ndarray, small: np.ndarray) -> Self:
        """Compute the figures.

        Args:
            whole: training clips, uint8 ``(n, frames, height, width, 3)``.
            small: these and more training clips, shrunk, ``(m, frames, 8, 8, 3)``.
        """
        full = contrasts(whole) + LEAST_CONTRAST
        left = 127.5 * contrasts(small) + LEAST_CONTRAST
        fine, contrast = detail(whole), float(full.mean())
        return cls(
            small,
            clipped_fractions(whole),
            contrast,
            float(np.quantile(full, 0.05)),
            fine,
            grain(fine, contrast),
            bool(left.mean() > COARSE * full.mean()),
        )

    def compare(self, clips: np.ndarray, small: np.ndarray) -> dict[str, float]:
        """Return figures of generated clips.

        Args:
            clips: generated clips, uint8 ``(n, frames, height, width, 3)``.
            small: the same, shrunk.

        Returns:
            ``clipped``: the fraction of black and of white values beyond that of training clips.
            ``contrast``, ``detail`` and ``grain``: relative to training clips; ``grain`` is left
            out where these are plain. ``blank``: the fraction of blank clips. ``resemblance``: see
            :func:`resemblance`; left out where thumbnails do not show what the clips do.
        """
        found = contrasts(clips) + LEAST_CONTRAST
        beyond = np.maximum(clipped_fractions(clips) - self.clipped, 0)
        fine, contrast = detail(clips), float(found.mean())
        figures = {
            "clipped": float(beyond.sum()),
            "contrast": contrast / self.contrast,
            "blank": float(np.mean(found < FLAT * self.least_contrast)),
            "detail": fine / max(self.detail, 1.0),
        }
        plain = self.contrast < VISIBLE
        if not plain:
            figures["grain"] = grain(fine, contrast) / self.grain
        if self.coarse:
            figures["resemblance"] = resemblance(small, self.small, plain)
        return figures
