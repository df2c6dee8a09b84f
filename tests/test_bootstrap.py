"""Intervals: that they hold what they should as often as they say, and repeat."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

from vidgan.errors import InputError, OptionError
from vidgan.metrics import (
    Moments,
    bootstrap_frechet,
    bootstrap_interval,
    bootstrap_kernel,
    bootstrap_mean,
    frechet_distance,
    kernel_distance,
    proportion_interval,
)

DIM = 12


def draw(seed: int, n: int = 80, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, DIM)) * np.arange(1, DIM + 1) ** -0.5 + shift


def frechet(real: np.ndarray, fake: np.ndarray) -> float:
    return frechet_distance(Moments.of(real), Moments.of(fake))


@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize(
    ("interval", "figure"),
    [(bootstrap_frechet, frechet), (bootstrap_kernel, kernel_distance)],
)
def test_intervals_hold_the_average_of_other_clips(
    interval: Callable[..., Any], figure: Callable[..., Any], shift: float
) -> None:
    """Of 60 intervals of 90% at least 47 hold it, but for one time in a thousand."""
    average = np.mean([figure(draw(i), draw(10_000 + i, shift=shift)) for i in range(500)])
    held = 0
    for i in range(60):
        found = interval(draw(500 + i), draw(20_000 + i, shift=shift), level=0.9, replicates=200)
        held += found.low <= average <= found.high
    assert held >= 47


@pytest.mark.parametrize("estimator", ["empirical", "oas"])
def test_first_order_scatter_is_that_of_weighted_moments(estimator: str) -> None:
    """Away from the floor the whole bootstrap, with every clip drawn, scatters as much."""
    x, y = draw(1, 300), draw(2, 300, shift=1.0)
    fast = bootstrap_frechet(x, y, estimator, replicates=400)

    def figure(a: np.ndarray, b: np.ndarray) -> float:
        return frechet_distance(Moments.of(a), Moments.of(b), estimator)

    slow = bootstrap_interval(figure, x, y, replicates=400)
    assert fast.value == slow.value
    assert fast.high - fast.low == pytest.approx(slow.high - slow.low, rel=0.2)
    assert fast.low == pytest.approx(slow.low, rel=0.1)


def test_kernel_replicates_are_those_of_drawn_clips_without_pairs_of_copies() -> None:
    x, y = draw(3, 30), draw(4, 25, shift=0.5)
    found = bootstrap_kernel(x, y, replicates=400)
    assert found.value == pytest.approx(kernel_distance(x, y), rel=1e-9)

    def figure(a: np.ndarray, b: np.ndarray) -> float:
        sums = []
        for each in (a, b):
            pairs = (each @ each.T / DIM + 1) ** 3
            other = (each[:, None] != each[None]).any(axis=-1)
            sums.append(pairs[other].mean())
        return float(sum(sums) - 2 * ((a @ b.T / DIM + 1) ** 3).mean())

    slow = bootstrap_interval(figure, x, y, replicates=400, seed=5)
    assert found.high - found.low == pytest.approx(slow.high - slow.low, rel=0.25)


def test_a_mean_has_the_interval_of_its_standard_error() -> None:
    values = np.random.default_rng(6).exponential(size=500)
    found = bootstrap_mean(values, replicates=2000)
    error = values.std() / np.sqrt(500)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_a_share_has_wilsons_interval_also_at_its_ends() -> None:
    found = proportion_interval(np.array([True] * 7 + [False] * 13))
    z = scipy.stats.norm.ppf(0.975)
    centre = (7 + z**2 / 2) / (20 + z**2)
    half = z * np.sqrt(7 * 13 / 20 + z**2 / 4) / (20 + z**2)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half))
    whole = proportion_interval(np.ones(20, bool))
    assert (whole.value, whole.high) == (1, 1)
    assert whole.low < 0.9


@pytest.mark.parametrize("interval", [bootstrap_frechet, bootstrap_kernel])
def test_the_same_seed_gives_the_same_digits(interval: Callable[..., Any]) -> None:
    x, y = draw(7), draw(8, shift=0.2)
    once = interval(x, y, replicates=150, seed=3)
    assert once == interval(x, y, replicates=150, seed=3)
    other = interval(x, y, replicates=150, seed=4)
    assert (once.low, once.high) != (other.low, other.high)
    assert once.low <= once.value <= once.high


@pytest.mark.parametrize(
    ("interval", "figure"), [(bootstrap_frechet, frechet), (bootstrap_kernel, kernel_distance)]
)
def test_frames_of_a_clip_are_drawn_together(
    interval: Callable[..., Any], figure: Callable[..., Any]
) -> None:
    """Sixteen frames that hardly differ are one clip, not sixteen that confirm each other."""
    random = np.random.default_rng(11)

    def frames(clips: np.ndarray) -> np.ndarray:
        near = clips[:, None] + random.normal(0, 0.01, (len(clips), 16, DIM))
        return near.reshape(-1, DIM)

    average = np.mean([figure(draw(i, 40), draw(10_000 + i, 40, 0.6)) for i in range(200)])
    together = alone = 0
    for i in range(20):
        sets = frames(draw(500 + i, 40)), frames(draw(20_000 + i, 40, 0.6))
        options: dict[str, Any] = {"level": 0.9, "replicates": 100}
        found = interval(*sets, per_clip=16, **options)
        assert found.value == pytest.approx(figure(*sets))
        together += found.low <= average <= found.high
        found = interval(*sets, **options)
        alone += found.low <= average <= found.high
    assert together >= 14
    assert alone < 10


def test_equal_sets() -> None:
    x = draw(9)
    found = bootstrap_frechet(x, x)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.low == 0
    assert bootstrap_kernel(x, x).value < 0


def test_what_has_no_interval_is_refused() -> None:
    x = draw(10)
    for interval in (bootstrap_frechet, bootstrap_kernel):
        with pytest.raises(InputError, match="at least 10 clips, found 9"):
            interval(x, x[:9])
        with pytest.raises(InputError, match="NaN"):
            interval(x, x * np.nan)
        with pytest.raises(InputError, match="80 features are not complete clips of 3"):
            interval(x, x, per_clip=3)
        with pytest.raises(InputError, match="at least 10 clips, found 5"):
            interval(x, x, per_clip=16)
    with pytest.raises(InputError, match="at least 10"):
        bootstrap_interval(frechet, x, x[:9])
    with pytest.raises(InputError, match=r"shape \(clips,\), found \(20, 2\)"):
        bootstrap_mean(np.ones((20, 2)))
    with pytest.raises(OptionError, match="level of 95 is not between 0 and 1"):
        bootstrap_mean(np.ones(20), level=95)
    with pytest.raises(OptionError, match=r"10 replicates are too few.*use 40 or more"):
        bootstrap_mean(np.ones(20), replicates=10)
    with pytest.raises(InputError, match="shape"):
        proportion_interval(np.zeros(0, bool))
