"""Shrunk covariances, which estimator stands how many clips, and the moments they are taken of."""

import numpy as np
import pytest
import sklearn.covariance

from vidgan.errors import InputError, OptionError
from vidgan.metrics import Moments, choose_estimator, frechet_distance
from vidgan.metrics.covariance import covariance, oas_shrinkage


def normal(seed: int, n: int, d: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)) * np.arange(1, d + 1) ** -0.5 + 3


@pytest.mark.parametrize(("n", "d"), [(2, 5), (12, 40), (60, 40), (500, 7)])
def test_shrinkage_is_scikit_learns(n: int, d: int) -> None:
    x = normal(n, n, d)
    expected, share = sklearn.covariance.oas(x)
    moments = Moments.of(x)
    assert oas_shrinkage(moments) == pytest.approx(share, rel=1e-9)
    # scikit-learn shrinks the biased covariance.
    found = covariance(moments, "oas") * (n - 1) / n
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_shrunk_covariances_have_full_rank_and_the_same_trace() -> None:
    moments = Moments.of(normal(1, 10, 50))
    assert np.linalg.matrix_rank(moments.covariance) == 9
    shrunk = covariance(moments, "oas")
    assert np.linalg.matrix_rank(shrunk) == 50
    assert np.trace(shrunk) == pytest.approx(np.trace(moments.covariance))


def test_many_clips_are_hardly_shrunk() -> None:
    x, y = normal(2, 4000, 10), normal(3, 4000, 10) * 1.2
    a, b = Moments.of(x), Moments.of(y)
    assert frechet_distance(a, b, "oas") == pytest.approx(frechet_distance(a, b), rel=2e-2)


def test_shrinking_lowers_the_floor_of_few_clips() -> None:
    a, b = Moments.of(normal(4, 30, 60)), Moments.of(normal(5, 30, 60))
    assert 0 < frechet_distance(a, b, "oas") < 0.9 * frechet_distance(a, b)


def test_constant_features_are_shrunk_to_nothing() -> None:
    still = Moments.of(np.full((5, 3), 2.0))
    assert oas_shrinkage(still) == 1.0
    np.testing.assert_array_equal(covariance(still, "oas"), np.zeros((3, 3)))
    assert frechet_distance(still, still, "oas") == 0.0


@pytest.mark.parametrize(
    ("real", "fake", "dim", "wanted"),
    [
        (2048, 2048, 400, "empirical"),
        (65, 300, 64, "empirical"),
        (64, 300, 64, "oas"),
        (300, 16, 64, "oas"),
        (300, 15, 64, "kernel"),
        (2, 2, 64, "kernel"),
        (2, 2, 1, "empirical"),
    ],
)
def test_the_smaller_set_decides_which_estimator_stands(
    real: int, fake: int, dim: int, wanted: str
) -> None:
    choice = choose_estimator(real, fake, dim)
    assert choice.estimator == wanted
    assert str(min(real, fake)) in choice.reason
    assert str(dim) in choice.reason


def test_what_no_estimator_stands_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2 clips on each side, found 1"):
        choose_estimator(1, 9, 4)
    with pytest.raises(OptionError, match="'kernel' is none of empirical, oas"):
        frechet_distance(Moments.of(normal(6, 5, 2)), Moments.of(normal(7, 5, 2)), "kernel")
