"""Nearest training clips, the verdict on them, membership inference and calibration."""

import numpy as np
import pytest
import scipy.stats
import sklearn.calibration
import sklearn.metrics
from scipy.spatial.distance import cdist

from vidgan.errors import InputError, OptionError
from vidgan.metrics import (
    Nearest,
    assess_memorisation,
    measure_calibration,
    membership_inference,
    memorisation,
    pairwise,
    pixel_vectors,
)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_nearest_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, others = normal(0, 40, 6) + 50, normal(1, 133, 6) + 50
    monkeypatch.setattr(memorisation, "_MAX_NUMBERS", 6 * 9)
    nearest = Nearest(queries)
    for batch in np.split(others, [0, 1, 1, 60, 100]):
        nearest.add(batch)
    apart = cdist(queries, others)
    np.testing.assert_array_equal(nearest.indices, apart.argmin(axis=1))
    np.testing.assert_allclose(nearest.distances, apart.min(axis=1))
    assert nearest.seen == 133


def test_the_first_of_equal_clips_and_copies_at_no_distance() -> None:
    queries = (normal(2, 5, 3000) + 1e3).astype(np.float32)
    nearest = Nearest(queries)
    nearest.add(normal(3, 7, 3000) + 1e3)
    nearest.add(queries[[4, 2, 2]])
    np.testing.assert_array_equal(nearest.distances[[2, 4]], 0)
    np.testing.assert_array_equal(nearest.indices[[2, 4]], [8, 7])
    assert (nearest.distances[[0, 1, 3]] > 50).all()


def test_copies_up_to_the_rounding_of_features() -> None:
    queries = normal(2, 5, 300).astype(np.float32)
    for rounding, expected in ((0.0, False), (pairwise.rounding(queries), True)):
        nearest = Nearest(queries, rounding)
        nearest.add(np.nextafter(queries, np.float32(np.inf)))
        assert (nearest.distances == 0).all() == expected


def test_before_the_stream_nothing_is_near() -> None:
    nearest = Nearest(normal(4, 2, 3))
    assert np.isinf(nearest.distances).all()
    np.testing.assert_array_equal(nearest.indices, -1)


def test_streams_of_other_vectors_are_refused() -> None:
    nearest = Nearest(normal(5, 4, 3))
    with pytest.raises(InputError, match=r"\(2, 4\) are not \(clips, 3\)"):
        nearest.add(normal(6, 2, 4))
    with pytest.raises(InputError, match="NaN"):
        nearest.add(np.full((2, 3), np.nan))
    with pytest.raises(InputError, match="at least 1"):
        Nearest(np.zeros((0, 3)))


def test_pixel_distance_is_in_grey_levels() -> None:
    clips = np.random.default_rng(7).integers(0, 200, (2, 3, 32, 32, 3), np.uint8)
    vectors = pixel_vectors(np.concatenate([clips, clips + 10]))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[2:] - vectors[:2], axis=1), 10, rtol=1e-5)
    # Larger frames of the same picture are at no distance.
    larger = pixel_vectors(clips.repeat(2, axis=2).repeat(2, axis=3))
    np.testing.assert_allclose(larger, vectors[:2], atol=1e-5)


def test_models_that_do_not_copy_are_rarely_accused() -> None:
    random = np.random.default_rng(8)
    accused = sum(
        assess_memorisation(
            random.exponential(size=150), random.exponential(size=60), significance=0.1
        ).verdict
        == memorisation.MEMORISED
        for _ in range(300)
    )
    # At most 10%, and but for one time in a thousand at most 47 of 300.
    assert 0 < accused <= 47


@pytest.mark.parametrize("share", [0.03, 0.2, 1.0])
def test_near_copies_are_noticed_also_where_they_are_few(share: float) -> None:
    random = np.random.default_rng(9)
    test, generated = random.normal(10, 1, 500), random.normal(10, 1, 500)
    generated[: int(share * 500)] = random.uniform(0.1, 1, int(share * 500))
    found = assess_memorisation(generated, test)
    assert found.verdict == memorisation.MEMORISED
    assert found.nearer_than_any >= share * 500
    assert set(found.order[: int(share * 500)]) == set(range(int(share * 500)))


def test_the_border_and_the_chance() -> None:
    test, generated = np.arange(1.0, 100.0), np.array([0.5, 4.5, 5.5, 200.0])
    found = assess_memorisation(generated, test, quantile=0.05)
    assert (found.border, found.expected) == (5, 0.05)
    assert found.fraction.value == 0.5
    assert found.nearer_than_any == 1
    # Two of four below the 5th of 99: all orders of the 103 distances are equally likely.
    draws = np.random.default_rng(10).permuted(np.tile(np.arange(103), (20_000, 1)), axis=1)
    made, kept = draws[:, :4], np.sort(draws[:, 4:], axis=1)
    wide = np.mean((made < kept[:, 4:5]).sum(axis=1) >= 2)
    close = np.mean((made < kept[:, :1]).sum(axis=1) >= 1)
    assert found.p_value == pytest.approx(2 * min(wide, close), rel=0.15)


def test_an_exact_copy_is_enough() -> None:
    test, generated = np.linspace(1, 2, 50), np.linspace(1, 2, 50)
    assert assess_memorisation(generated, test).verdict == memorisation.NOT_MEMORISED
    generated[3] = 0
    found = assess_memorisation(generated, test)
    assert (found.verdict, found.copies) == (memorisation.MEMORISED, 1)
    # Where the test clips themselves are in the training set, it says nothing.
    test[0] = 0
    assert assess_memorisation(generated, test).verdict == memorisation.NOT_MEMORISED


def test_too_few_clips_to_decide() -> None:
    found = assess_memorisation(np.array([0.1, 0.2]), np.array([5.0, 6.0, 7.0]))
    assert found.verdict == memorisation.UNDECIDED
    with pytest.raises(InputError, match="generated clips"):
        assess_memorisation(np.zeros(0), np.ones(3))
    with pytest.raises(InputError, match="negative values"):
        assess_memorisation(np.ones(3), np.array([1, -1]))
    with pytest.raises(InputError, match="infinity"):
        assess_memorisation(np.ones(3), np.array([1, np.inf]))
    with pytest.raises(OptionError, match="between 0 and 1"):
        assess_memorisation(np.ones(3), np.ones(3), quantile=5)


def test_area_and_advantage_are_scikit_learns() -> None:
    train, test = np.round(normal(11, 80) + 0.5, 1), np.round(normal(12, 50), 1)
    found = membership_inference(train, test)
    truth, values = np.repeat([1, 0], [80, 50]), np.concatenate([train, test])
    assert found.auc.value == pytest.approx(sklearn.metrics.roc_auc_score(truth, values))
    false, true, _ = sklearn.metrics.roc_curve(truth, values)
    assert found.advantage == pytest.approx(max(true - false))
    assert found.auc.low < found.auc.value < found.auc.high


def test_areas_intervals_hold_the_area_as_often_as_they_say() -> None:
    """Of 400 intervals of 90%, 336 to 380 hold it, but for one time in a thousand."""
    random, shift = np.random.default_rng(13), 1.5
    area = scipy.stats.norm.cdf(shift / np.sqrt(2))
    held = 0
    for _ in range(400):
        found = membership_inference(
            random.normal(shift, 1, 40), random.normal(0, 1, 25), level=0.9
        )
        held += found.auc.low <= area <= found.auc.high
    assert 336 <= held <= 380


def test_everything_and_nothing_given_away() -> None:
    whole = membership_inference(np.arange(10.0) + 20, np.arange(15.0))
    assert (whole.auc.value, whole.auc.high, whole.advantage) == (1, 1, 1)
    assert 0.6 < whole.auc.low < 0.95
    assert whole.p_value < 1e-4
    same = membership_inference(np.zeros(5), np.zeros(7))
    assert (same.auc.value, same.advantage, same.p_value) == (0.5, 0, 1)
    with pytest.raises(InputError, match="training clips hold NaN"):
        membership_inference(np.array([np.nan]), np.zeros(3))
    with pytest.raises(InputError, match="test clips must have the shape"):
        membership_inference(np.zeros(3), np.zeros(0))


def test_calibration_is_scikit_learns() -> None:
    real, fake = normal(14, 60) + 1, normal(15, 60) - 1
    found = measure_calibration(real, fake)
    truth = np.repeat([1, 0], 60)
    said = 1 / (1 + np.exp(-np.concatenate([real, fake])))
    assert found.brier == pytest.approx(sklearn.metrics.brier_score_loss(truth, said))
    held = found.weight > 0
    so, mean = sklearn.calibration.calibration_curve(truth, said, n_bins=10)
    np.testing.assert_allclose(found.observed[held], so)
    np.testing.assert_allclose(found.predicted[held], mean)
    assert found.error == pytest.approx(np.sum(found.weight[held] * abs(so - mean)))


def test_log_odds_are_calibrated_and_bolder_ones_are_not() -> None:
    """Logits of real and generated clips that are normal about ±1 with variance 2 are log odds."""
    real, fake = normal(16, 20_000) * 2**0.5 + 1, normal(17, 5_000) * 2**0.5 - 1
    good, bold = measure_calibration(real, fake), measure_calibration(3 * real, 3 * fake)
    assert good.error < 0.02
    assert bold.error > 5 * good.error
    assert bold.brier > good.brier


def test_a_discriminator_that_knows_nothing() -> None:
    found = measure_calibration(np.zeros(5), np.zeros(50))
    assert (found.error, found.brier) == pytest.approx((0, 0.25))
    sure = measure_calibration(np.full(5, 1e9), np.full(5, 1e9))
    assert (sure.error, sure.brier) == pytest.approx((0.5, 0.5))
    with pytest.raises(InputError, match="real clips"):
        measure_calibration(np.zeros(0), np.zeros(3))
    with pytest.raises(OptionError, match="0 bins"):
        measure_calibration(np.zeros(2), np.zeros(3), bins=0)
