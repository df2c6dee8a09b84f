"""The Fréchet distance between two sets of features, and the influence of each clip on it.

The distance between the Gaussians that have the sets' means and covariances (FID, arXiv
1706.08500; FVD, arXiv 1812.01717) is |m₁ − m₂|² + tr C₁ + tr C₂ − 2 tr (C₁ᵏ C₂ C₁ᵏ)^½ with k = ½.
"""

import numpy as np
from scipy.linalg import lapack, solve_triangular

from vidgan.errors import InputError
from vidgan.metrics.checks import feature_sets
from vidgan.metrics.covariance import EMPIRICAL, covariance, covariance_influence
from vidgan.metrics.moments import Moments


def frechet_distance(a: Moments, b: Moments, estimator: str = EMPIRICAL) -> float:
    """Return the (squared) Fréchet distance between the Gaussians of two sets.

    With C₁ = F₁ F₁ᵀ and C₂ = F₂ F₂ᵀ the last trace is the sum of the singular values of F₁ᵀ F₂.
    Computed from factors of their numerical rank it is real and finite for covariances of any rank,
    unlike the square root of the product C₁ C₂.

    Args:
        a: moments of one set.
        b: moments of the other.
        estimator: of the covariances, a name in ``ESTIMATORS``; see ``choose_estimator``.

    Returns:
        float64 ≥ 0 in the features' units squared; 0 for equal moments up to rounding.

    Raises:
        InputError: fewer than two vectors on a side, or vectors of two lengths.
        OptionError: unknown estimator.
    """
    if a.dim != b.dim:
        raise InputError(f"features of {a.dim} and {b.dim} numbers cannot be compared")
    difference = a.mean - b.mean
    of_a, of_b = covariance(a, estimator), covariance(b, estimator)
    product = _Factor(of_a).values.T @ _Factor(of_b).values
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(_gram(product)), 0.0)).sum()
    traces = np.trace(of_a) + np.trace(of_b)
    return max(0.0, float(difference @ difference + traces - 2.0 * overlap))


def frechet_influence(
    real: np.ndarray, fake: np.ndarray, estimator: str = EMPIRICAL
) -> tuple[np.ndarray, np.ndarray]:
    """Return the influence of each clip on the Fréchet distance.

    The influence function of robust statistics, the derivative by the clips' weights: to first
    order the distance of sets with weights w, 1 on average, is the distance plus the mean of w
    times these values over each set. With T the optimal transport map from C₁ to C₂, the influence
    of a clip x of set 1 is 2 (m₁ − m₂)·(x − m₁) + (x − m₁)ᵀ (I − T) (x − m₁), less the mean. Takes
    a few times as long as the distance itself.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.
        estimator: of the covariances, a name in ``ESTIMATORS``.

    Returns:
        float64 ``(n,)`` and ``(m,)``, each of mean 0, in the features' units squared.

    Raises:
        InputError: fewer than two clips in a set, wrong shapes, vectors of two lengths, or NaN.
        OptionError: unknown estimator.
    """
    real, fake = feature_sets(real, fake)
    moments = Moments.of(real), Moments.of(fake)
    factors = [_Factor(covariance(each, estimator)) for each in moments]
    product = factors[0].values.T @ factors[1].values
    shift = moments[0].mean - moments[1].mean
    influences = []
    for values, of, factor, turned, sign in (
        (real, moments[0], factors[0], product, 1.0),
        (fake, moments[1], factors[1], product.T, -1.0),
    ):
        centred = values - of.mean
        # xᵀ T x = zᵀ (F₁ᵀ C₂ F₁)^½ z with x = F₁ z.
        eigenvalues, vectors = np.linalg.eigh(turned @ turned.T)
        roots = np.sqrt(np.maximum(eigenvalues, 0.0))
        form = np.square(centred).sum(axis=1) - np.square(factor.solve(centred) @ vectors) @ roots
        trace = of.dim - _transport_trace(factor, vectors, roots)
        spread = covariance_influence(of, centred, form, trace, estimator)
        influences.append(2 * sign * centred @ shift + spread)
    return influences[0], influences[1]


def _transport_trace(factor: "_Factor", vectors: np.ndarray, roots: np.ndarray) -> float:
    """Return tr T where the covariance has full rank: T = F⁻ᵀ (F₁ᵀ C₂ F₁)^½ F⁻¹."""
    whitened = factor.solve(np.eye(len(factor.values)))
    return float(np.square(whitened @ vectors).sum(axis=0) @ roots)


def _gram(values: np.ndarray) -> np.ndarray:
    """Return A Aᵀ or Aᵀ A, whichever is smaller; A's singular values are its eigenvalues' roots."""
    if values.shape[0] > values.shape[1]:
        values = values.T
    gram: np.ndarray = values @ values.T
    return gram


class _Factor:
    """A covariance as F Fᵀ: Cholesky factorisation with pivots, cut to its numerical rank.

    The pivots decrease, so F is graded, and the Gram matrix of a product of two such factors keeps
    the small singular values, which other square roots lose. It is also ten times as fast as an
    eigendecomposition.

    Attributes:
        values: F, float64 ``(dim, rank)``.
    """

    def __init__(self, matrix: np.ndarray) -> None:
        lower, pivots, rank, _ = lapack.dpstrf(matrix, lower=1)
        self._pivots = pivots - 1
        self._lower = np.tril(lower)[:, :rank]
        self.values = np.empty_like(self._lower)
        self.values[self._pivots] = self._lower

    def solve(self, vectors: np.ndarray) -> np.ndarray:
        """Return z ``(n, rank)`` with F z = x for x ``(n, dim)`` in the span of F."""
        rank = self._lower.shape[1]
        if rank == 0:
            return np.zeros((len(vectors), 0))
        top = vectors[:, self._pivots[:rank]].T
        return solve_triangular(self._lower[:rank], top, lower=True, check_finite=False).T
