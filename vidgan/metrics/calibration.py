"""Calibration of a discriminator: whether its probabilities are as good as they say."""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import OptionError
from vidgan.metrics.checks import logits

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """How well sigmoid(logit) is the probability that a clip is real.

    Attributes:
        error: the expected calibration error (1706.04599), the mean gap between what is said and
            what is so, in [0, 1]; 0 is best.
        brier: the mean squared error of the probabilities, in [0, 1]; 0.25 for saying one half.
        said: float64 ``(bins,)``, the mean probability of each bin; NaN where it is empty.
        so: float64 ``(bins,)``, the share of real clips in each; NaN where it is empty.
        weight: float64 ``(bins,)``, the share of all clips that each holds; their sum is 1.
    """

    error: float
    brier: float
    said: np.ndarray
    so: np.ndarray
    weight: np.ndarray


def measure_calibration(real: np.ndarray, fake: np.ndarray, bins: int = BINS) -> Calibration:
    """Compare a discriminator's probabilities with what clips are.

    Real and generated clips count for one half each, however many there are: the discriminator was
    trained so. Only losses whose best logit is the log odds mean probabilities (the minimax and
    non-saturating losses of 1406.2661); for others the figures say how far they are from that.

    Args:
        real: logits of real clips that were not trained on, ``(n,)``.
        fake: logits of generated clips, ``(m,)``.
        bins: bins of equal width over the probabilities.

    Raises:
        InputError: no logits, another shape, or NaN.
        OptionError: no bins.
    """
    from scipy.special import expit

    if bins < 1:
        raise OptionError(f"{bins} bins: at least 1 is needed")
    real, fake = logits(real, "real clips"), logits(fake, "generated clips")
    said = expit(np.concatenate([real, fake]))
    so = np.repeat([1.0, 0.0], [len(real), len(fake)])
    weights = np.repeat([0.5 / len(real), 0.5 / len(fake)], [len(real), len(fake)])
    place = np.minimum((said * bins).astype(int), bins - 1)
    total, mean_said, mean_so = (
        np.bincount(place, weights * each, minlength=bins) for each in (1.0, said, so)
    )
    with np.errstate(invalid="ignore"):
        return Calibration(
            error=float(np.abs(mean_said - mean_so).sum()),
            brier=float(weights @ np.square(said - so)),
            said=mean_said / total,
            so=mean_so / total,
            weight=total,
        )
