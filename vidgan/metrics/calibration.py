"""Calibration of the probabilities that a discriminator gives."""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import OptionError
from vidgan.metrics.checks import logits

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Calibration of sigmoid(logit) as the probability that a clip is real.

    Attributes:
        error: the expected calibration error (arXiv 1706.04599), the mean difference between
            predicted probability and fraction of real clips, in [0, 1]; 0 is best.
        brier: the mean squared error of the probabilities, in [0, 1]; 0.25 for saying one half.
        predicted: float64 ``(bins,)``, mean predicted probability; NaN in an empty bin.
        observed: float64 ``(bins,)``, fraction of real clips; NaN in an empty bin.
        weight: float64 ``(bins,)``, fraction of all clips in each bin.
    """

    error: float
    brier: float
    predicted: np.ndarray
    observed: np.ndarray
    weight: np.ndarray


def measure_calibration(real: np.ndarray, fake: np.ndarray, bins: int = BINS) -> Calibration:
    """Compare the probabilities of a discriminator with the fraction of real clips.

    Real and generated clips have the same total weight, as in training. Logits are log odds only if
    the discriminator was trained with the minimax or the non-saturating loss (arXiv 1406.2661).

    Args:
        real: logits of held-out real clips, ``(n,)``.
        fake: logits of generated clips, ``(m,)``.
        bins: number of bins of equal width over the probabilities.

    Raises:
        InputError: no logits, wrong shapes, or NaN.
        OptionError: fewer than one bin.
    """
    from scipy.special import expit

    if bins < 1:
        raise OptionError(f"{bins} bins: at least 1 is needed")
    real, fake = logits(real, "real clips"), logits(fake, "generated clips")
    predicted = expit(np.concatenate([real, fake]))
    is_real = np.repeat([1.0, 0.0], [len(real), len(fake)])
    weights = np.repeat([0.5 / len(real), 0.5 / len(fake)], [len(real), len(fake)])
    bin_of = np.minimum((predicted * bins).astype(int), bins - 1)
    total, mean_predicted, mean_observed = (
        np.bincount(bin_of, weights * each, minlength=bins) for each in (1.0, predicted, is_real)
    )
    with np.errstate(invalid="ignore"):
        return Calibration(
            error=float(np.abs(mean_predicted - mean_observed).sum()),
            brier=float(weights @ np.square(predicted - is_real)),
            predicted=mean_predicted / total,
            observed=mean_observed / total,
            weight=total,
        )
