"""The kernel distance against a loop over all pairs."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest

from vidgan.errors import InputError
from vidgan.metrics import kernel, kernel_distance, pairwise


def normal(seed: int, n: int, d: int = 6, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def by_pairs(x: np.ndarray, y: np.ndarray) -> float:
    def mean(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
        return float(np.mean([(a @ b / len(a) + 1) ** 3 for a, b in pairs]))

    within = mean(itertools.permutations(x, 2)) + mean(itertools.permutations(y, 2))
    return within - 2 * mean(itertools.product(x, y))


@pytest.mark.parametrize(("n", "m"), [(2, 2), (7, 4), (20, 33)])
def test_every_pair_counts_once(n: int, m: int) -> None:
    x, y = normal(0, n), normal(1, m, shift=0.5)
    assert kernel_distance(x, y) == pytest.approx(by_pairs(x, y), rel=1e-10)


def test_blocks_do_not_change_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(2, 50), normal(3, 41, shift=0.3)
    whole = kernel_distance(x, y)
    monkeypatch.setattr(kernel, "blocks", lambda count: pairwise.blocks(count, 7))
    assert kernel_distance(x, y) == pytest.approx(whole, rel=1e-12)


def test_influence_is_what_leaving_a_clip_out_does(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(2, 90), normal(3, 70, shift=0.3)
    monkeypatch.setattr(kernel, "blocks", lambda count: pairwise.blocks(count, 32))
    whole, found = kernel_distance(x, y), kernel.kernel_influence(x, y)
    assert [len(each) for each in found] == [90, 70]
    without_x = [whole - kernel_distance(np.delete(x, i, 0), y) for i in range(90)]
    without_y = [whole - kernel_distance(x, np.delete(y, i, 0)) for i in range(70)]
    for influence, change in zip(found, (without_x, without_y), strict=True):
        assert influence.mean() == pytest.approx(0, abs=1e-9)
        expected = len(influence) * np.array(change)
        np.testing.assert_allclose(influence, expected, atol=0.05 * np.abs(expected).max())


def test_unbiased_for_any_number_of_clips() -> None:
    few = [kernel_distance(normal(i, 5), normal(1000 + i, 5)) for i in range(400)]
    assert min(few) < 0 < max(few)
    assert abs(np.mean(few)) < 3 * np.std(few) / 20


def test_farther_sets_are_farther() -> None:
    x = normal(4, 200)
    distances = [kernel_distance(x, normal(5, 200, shift=shift)) for shift in (0, 0.3, 1, 3)]
    assert distances == sorted(distances)


def test_constant_features_are_at_no_distance() -> None:
    still = np.full((5, 4), 0.5)
    assert kernel_distance(still, still) == pytest.approx(0, abs=1e-12)


def test_a_set_against_itself_is_nearer_than_chance() -> None:
    """The pairs of a clip with itself count across the sets, not within them."""
    x = normal(10, 9)
    assert kernel_distance(x, x) == pytest.approx(by_pairs(x, x.copy()), rel=1e-10)
    assert kernel_distance(x, x) < 0


def test_bad_sets_are_refused() -> None:
    with pytest.raises(InputError, match="at least 2 clips are needed, found 1"):
        kernel_distance(normal(0, 1), normal(1, 9))
    with pytest.raises(InputError, match="6 and 5 numbers"):
        kernel_distance(normal(0, 9), normal(1, 9, 5))
    with pytest.raises(InputError, match="other features hold NaN"):
        kernel_distance(normal(0, 9), normal(1, 9) * np.nan)
    with pytest.raises(InputError, match="shape"):
        kernel_distance(normal(0, 9)[0], normal(1, 9))
