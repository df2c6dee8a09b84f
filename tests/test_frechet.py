"""The Fréchet distance against closed forms, SciPy, and covariances without full rank."""

import numpy as np
import pytest
import scipy.linalg

from vidgan.errors import InputError
from vidgan.metrics import Moments, frechet_distance
from vidgan.metrics.frechet import frechet_influence


def normal(seed: int, n: int, d: int, spread: float = 1.0, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(d, d)) / np.sqrt(d)
    mixed: np.ndarray = random.normal(size=(n, d)) @ mixing
    return mixed * spread + shift


def with_moments(mean: np.ndarray, covariance: np.ndarray) -> Moments:
    """Moments of a set that has exactly this mean and covariance."""
    d = len(mean)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    # ±1 on every axis, scaled so that the unbiased covariance is the identity.
    axes = np.concatenate([np.eye(d), -np.eye(d)]) * np.sqrt((2 * d - 1) / 2)
    return Moments.of(axes @ root.T + mean)


def dual(x: np.ndarray, y: np.ndarray) -> float:
    """The distance from the samples themselves, without any covariance."""
    a = (x - x.mean(0)) / np.sqrt(len(x) - 1)
    b = (y - y.mean(0)) / np.sqrt(len(y) - 1)
    overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    shift = x.mean(0) - y.mean(0)
    return float(shift @ shift + (a**2).sum() + (b**2).sum() - 2 * overlap)


def test_diagonal_covariances_have_a_closed_form() -> None:
    a, b = np.array([4.0, 9.0, 1.0]), np.array([1.0, 16.0, 0.25])
    mean = np.array([1.0, -2.0, 3.0])
    distance = frechet_distance(
        with_moments(np.zeros(3), np.diag(a)), with_moments(mean, np.diag(b))
    )
    assert distance == pytest.approx(14 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2), rel=1e-12)


def test_agrees_with_scipy_where_covariances_are_well_conditioned() -> None:
    x, y = normal(0, 4000, 24), normal(1, 3000, 24, spread=1.3, shift=0.2)
    ca, cb = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(ca @ cb).real
    shift = x.mean(0) - y.mean(0)
    expected = shift @ shift + np.trace(ca + cb - 2 * root)
    assert frechet_distance(Moments.of(x), Moments.of(y)) == pytest.approx(expected, rel=1e-8)


def test_rank_one_covariances_have_a_closed_form() -> None:
    u, v = np.array([3.0, 4.0, 0.0]), np.array([1.0, 2.0, 2.0])
    distance = frechet_distance(
        with_moments(np.zeros(3), np.outer(u, u)), with_moments(np.zeros(3), np.outer(v, v))
    )
    assert distance == pytest.approx(25 + 9 - 2 * 11, rel=1e-12)


@pytest.mark.parametrize("counts", [(4, 6), (20, 300), (150, 40)])
def test_fewer_clips_than_features(counts: tuple[int, int]) -> None:
    x, y = normal(2, counts[0], 256), normal(3, counts[1], 256, spread=0.5, shift=0.1)
    distance = frechet_distance(Moments.of(x), Moments.of(y))
    assert distance == pytest.approx(dual(x, y), rel=1e-9)


def test_constant_features_have_no_covariance() -> None:
    still, moving = np.full((5, 3), 2.0), normal(4, 50, 3)
    expected = dual(still, moving)
    assert frechet_distance(Moments.of(still), Moments.of(moving)) == pytest.approx(expected)
    assert frechet_distance(Moments.of(still), Moments.of(still)) == 0.0


@pytest.mark.parametrize("n", [3, 40, 1000])
def test_a_set_is_at_no_distance_from_itself_and_never_below(n: int) -> None:
    moments = Moments.of(normal(5, n, 32, spread=100))
    assert 0.0 <= frechet_distance(moments, moments) < 1e-8 * np.trace(moments.covariance)


@pytest.mark.parametrize("counts", [(30, 40), (200, 150)])
def test_variances_over_many_orders_of_magnitude_keep_their_digits(counts: tuple[int, int]) -> None:
    """Squared on the way to singular values, the small half of these would be lost."""
    scales = np.arange(1, 101) ** -3.0
    x, y = normal(14, counts[0], 100) * scales, normal(15, counts[1], 100) * scales
    found = frechet_distance(Moments.of(x), Moments.of(y))
    assert found == pytest.approx(dual(x, y), rel=1e-7)


def weighted(values: np.ndarray, weights: np.ndarray) -> Moments:
    """Moments of a set whose clips weigh so much, by drawing it out: every clip stands for many."""
    weights = weights * len(values) / weights.sum()
    mean = weights @ values / len(values)
    centred = values - mean
    moments = Moments(values.shape[1])
    scatter = (centred * weights[:, None]).T @ centred
    moments._merge(len(values), mean, scatter)
    return moments


@pytest.mark.parametrize("estimator", ["empirical", "oas"])
@pytest.mark.parametrize("counts", [(60, 50), (12, 15)])
def test_influence_is_the_derivative_by_the_clips_weights(
    estimator: str, counts: tuple[int, int]
) -> None:
    x, y = normal(16, counts[0], 20), normal(17, counts[1], 20, spread=1.5, shift=0.3)
    influences = frechet_influence(x, y, estimator)

    def moved(side: int, clip: int, by: float) -> float:
        weights = [np.ones(len(x)), np.ones(len(y))]
        weights[side][clip] += by
        return frechet_distance(weighted(x, weights[0]), weighted(y, weights[1]), estimator)

    for side, clip in ((0, 0), (0, 7), (1, 3)):
        slope = (moved(side, clip, 1e-5) - moved(side, clip, -1e-5)) / 2e-5
        assert influences[side][clip] == pytest.approx(counts[side] * slope, rel=1e-5, abs=1e-6)
    for each in influences:
        assert each.mean() == pytest.approx(0, abs=1e-9)


def test_influence_of_constant_features() -> None:
    still, moving = np.full((5, 3), 2.0), normal(18, 20, 3)
    on_still, on_moving = frechet_influence(still, moving)
    np.testing.assert_allclose(on_still, 0, atol=1e-12)
    assert np.ptp(on_moving) > 0


def test_symmetric() -> None:
    a, b = Moments.of(normal(6, 30, 48)), Moments.of(normal(7, 500, 48))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-10)


def test_batches_of_any_size_give_the_moments_of_the_whole() -> None:
    x = normal(8, 301, 12, shift=3)
    streamed = Moments(12)
    for batch in np.split(x, [1, 2, 50, 50, 200]):
        streamed.add(batch)
    assert streamed.count == 301
    np.testing.assert_allclose(streamed.mean, x.mean(0), rtol=1e-13)
    np.testing.assert_allclose(streamed.covariance, np.cov(x.T), rtol=1e-10)


def test_merging_keeps_its_digits_far_from_zero() -> None:
    """A sum of squares would lose all of the variance here: 1e8² has no room for 1."""
    x = normal(9, 1000, 4)
    first, second = Moments.of(x[:300] + 1e8), Moments.of(x[300:] + 1e8)
    first.merge(second)
    np.testing.assert_allclose(first.covariance, np.cov(x.T), rtol=1e-6, atol=1e-7)


def test_merging_with_nothing_changes_nothing() -> None:
    moments = Moments.of(normal(10, 20, 3))
    before = moments.covariance.copy()
    moments.merge(Moments(3))
    empty = Moments(3)
    empty.merge(moments)
    np.testing.assert_array_equal(moments.covariance, before)
    np.testing.assert_allclose(empty.covariance, before, rtol=1e-12)


def test_what_was_added_is_not_changed() -> None:
    x = normal(11, 20, 3)
    kept = x.copy()
    a, b = Moments.of(x), Moments.of(x)
    scatter = b.covariance.copy()
    a.merge(b)
    a.add(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(b.covariance, scatter)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="NaN or infinity"):
        Moments.of(np.array([[1.0, bad], [1.0, 2.0]]))


def test_one_clip_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2 clips, found 1"):
        frechet_distance(Moments.of(np.ones((1, 3))), Moments.of(normal(12, 9, 3)))


def test_features_of_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="3 and 4"):
        frechet_distance(Moments.of(normal(13, 9, 3)), Moments.of(normal(13, 9, 4)))
    with pytest.raises(InputError, match="do not mix"):
        Moments(3).merge(Moments(4))
    with pytest.raises(InputError, match="are not"):
        Moments(3).add(np.ones((2, 4)))
