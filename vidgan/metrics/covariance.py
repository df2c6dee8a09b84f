"""Estimators of covariances for the Fréchet distance, and the choice by the number of clips."""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.moments import Moments

EMPIRICAL = "empirical"
OAS = "oas"
KERNEL = "kernel"
ESTIMATORS = (EMPIRICAL, OAS)

# With fewer clips than this fraction of the dimension a shrunk covariance is almost a multiple of
# the identity: benchmarks/few_clips.md.
_FEWEST_FOR_OAS = 0.25


def oas_shrinkage(moments: Moments) -> float:
    """Return the shrinkage of a covariance towards a multiple of the identity.

    The oracle approximating shrinkage (OAS, arXiv 0907.4698) in the form of scikit-learn. It needs
    only the moments, which can be computed from a stream.

    Returns:
        float in [0, 1]: 0 keeps the covariance, 1 gives the identity times the mean variance.

    Raises:
        InputError: fewer than two vectors.
    """
    covariance, dim = moments.covariance, moments.dim
    power, level = float(np.mean(np.square(covariance))), float(np.trace(covariance) / dim) ** 2
    excess = (moments.count + 1) * (power - level / dim)
    # Equal variances without correlation: the covariance is its own target.
    return min(1.0, (power + level) / excess) if excess > 0 else 1.0


def covariance(moments: Moments, estimator: str = EMPIRICAL) -> np.ndarray:
    """Return the covariance of a set of features.

    Args:
        moments: of at least two vectors.
        estimator: ``empirical``, the unbiased sample covariance; ``oas``, the same shrunk by
            :func:`oas_shrinkage`, which has full rank however few the vectors are.

    Returns:
        float64 ``(dim, dim)``.

    Raises:
        InputError: fewer than two vectors.
        OptionError: unknown estimator.
    """
    if estimator not in ESTIMATORS:
        raise OptionError(f"estimator {estimator!r} is none of {', '.join(ESTIMATORS)}")
    sample = moments.covariance
    if estimator == EMPIRICAL:
        return sample
    shrinkage = oas_shrinkage(moments)
    shrunk = (1 - shrinkage) * sample
    shrunk[np.diag_indices_from(shrunk)] += shrinkage * np.trace(sample) / moments.dim
    return shrunk


def covariance_influence(
    moments: Moments, centred: np.ndarray, form: np.ndarray, trace: float, estimator: str
) -> np.ndarray:
    """Return the influence of each vector on tr G C, a linear function of a covariance C.

    Args:
        moments: of the vectors.
        centred: the vectors less their mean, float64 ``(n, dim)``.
        form: xᵀ G x of each of them, ``(n,)``.
        trace: tr G; only ``oas`` needs it.
        estimator: of C, a name in ``ESTIMATORS``.

    Returns:
        float64 ``(n,)``, of mean 0: the derivatives by the weights, times n.
    """
    scale, dim = moments.count / (moments.count - 1), moments.dim
    moved: np.ndarray = scale * (form - form.mean())
    if estimator == EMPIRICAL:
        return moved
    sample, shrinkage = moments.covariance, oas_shrinkage(moments)
    total = np.trace(sample)
    power = np.square(centred).sum(axis=1)
    # How the trace of the sample covariance S moves, tr S² / d² and (tr S / d)².
    traced = scale * (power - power.mean())
    squares = np.einsum("ij,ij->i", centred @ sample, centred)
    squares = 2 * scale * (squares - squares.mean()) / dim**2
    levels = 2 * total * traced / dim**2
    excess = (moments.count + 1) * (np.square(sample).mean() - total**2 / dim**3)
    shrinkage_influence = np.zeros(moments.count)
    if shrinkage < 1:
        shrinkage_influence = (
            squares + levels - shrinkage * (moments.count + 1) * (squares - levels / dim)
        )
        shrinkage_influence /= excess
    target = trace * total / dim
    influence: np.ndarray = (1 - shrinkage) * moved + shrinkage * trace * traced / dim
    influence += shrinkage_influence * (target - scale * form.mean())
    return influence


@dataclass(frozen=True)
class EstimatorChoice:
    """The estimator for a number of clips.

    Attributes:
        estimator: ``empirical`` or ``oas`` for a Fréchet distance with that covariance; ``kernel``
            where the clips suffice for the kernel distance only.
        reason: one sentence for the reader of the report.
    """

    estimator: str
    reason: str


def choose_estimator(real: int, fake: int, dim: int) -> EstimatorChoice:
    """Choose the estimator by the number of clips in the smaller set.

    More clips than dimensions: the sample covariance has full rank, and the Fréchet distance is the
    usual one. Down to a quarter of the dimensions: the covariance is shrunk (``oas``). Fewer: use
    the kernel distance, which is unbiased for any number. Both Fréchet distances depend on the
    number of clips and, with few clips, hide a loss of diversity, which coverage and recall show;
    the kernel distance does not. See ``benchmarks/few_clips.md``.

    Args:
        real: number of real clips.
        fake: number of other clips.
        dim: length of a feature vector.

    Raises:
        InputError: fewer than two clips in a set.
    """
    count = min(real, fake)
    if count < 2:
        raise InputError(
            f"a distance between sets needs at least 2 clips on each side, found {count}"
        )
    if count > dim:
        return EstimatorChoice(
            EMPIRICAL, f"{count} clips give a covariance of {dim} features full rank"
        )
    if count >= _FEWEST_FOR_OAS * dim:
        return EstimatorChoice(
            OAS,
            f"{count} clips are fewer than {dim} features: the covariance is shrunk (OAS); "
            "compare only with results of as many clips and the same estimator",
        )
    return EstimatorChoice(
        KERNEL,
        f"{count} clips are too few for a covariance of {dim} features: use the kernel distance",
    )
