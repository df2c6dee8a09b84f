"""Precision, recall, density and coverage against the papers' formulas, clip by clip; diversity."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from vidgan.errors import InputError, OptionError
from vidgan.metrics import diversity, measure_diversity, neighbourhoods, neighbours, pairwise


def normal(seed: int, n: int, d: int = 5, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def by_definition(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    def radius(clip: np.ndarray, others: np.ndarray) -> float:
        distances = np.sort(np.linalg.norm(others - clip, axis=1))
        return float(distances[k])  # the clip itself is first

    of_real = [radius(clip, real) for clip in real]
    of_fake = [radius(clip, fake) for clip in fake]
    across = cdist(real, fake)
    return {
        "precision": float(np.mean([any(across[:, j] <= of_real) for j in range(len(fake))])),
        "recall": float(np.mean([any(across[i] <= of_fake) for i in range(len(real))])),
        "density": float(np.mean([sum(across[:, j] <= of_real) / k for j in range(len(fake))])),
        "coverage": float(np.mean([any(across[i] <= of_real[i]) for i in range(len(real))])),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m", "shift"), [(40, 40, 0.0), (60, 25, 0.7), (7, 30, 1.5)])
def test_the_papers_formulas(k: int, n: int, m: int, shift: float) -> None:
    real, fake = normal(0, n), normal(1, m, shift=shift) * 0.8
    found = neighbourhoods(real, fake, k)
    for name, value in by_definition(real, fake, k).items():
        assert getattr(found, name) == pytest.approx(value), name


def test_blocks_do_not_change_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = normal(2, 50), normal(3, 37, shift=0.5)
    whole = neighbourhoods(real, fake)
    monkeypatch.setattr(neighbours, "blocks", lambda count: pairwise.blocks(count, 8))
    parts = neighbourhoods(real, fake)
    for name in ("precise", "recalled", "dense", "covered"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_set_lies_wholly_in_itself() -> None:
    found = neighbourhoods(normal(4, 60), normal(4, 60), k=4)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    # Every clip lies in its own ball, and balls reach to their 4th neighbours.
    assert found.density == pytest.approx((4 + 1) / 4)


def test_far_from_zero_nothing_changes() -> None:
    real, fake = normal(5, 60), normal(6, 60, shift=0.5)
    near, far = neighbourhoods(real, fake), neighbourhoods(real + 1e4, fake + 1e4)
    np.testing.assert_array_equal(near.dense, far.dense)


def test_one_repeated_clip_is_precise_but_recalls_little() -> None:
    real = normal(7, 100)
    fake = np.repeat(real[:1], 50, axis=0) + normal(8, 50) * 1e-3
    found = neighbourhoods(real, fake)
    assert found.precision == 1
    assert found.recall < 0.05
    assert found.coverage < 0.3


def test_a_collapsed_model_recalls_nothing() -> None:
    real = normal(13, 100)
    found = neighbourhoods(real, np.repeat(real[:1], 20, axis=0))
    assert found.precision == 1
    # The one real clip that it repeats.
    assert found.recall == pytest.approx(0.01)


def test_outliers_raise_recall_but_not_coverage() -> None:
    """What density and coverage are for: a few far clips have balls that hold everything."""
    real = normal(9, 100)
    fake = np.concatenate([np.full((4, 5), 30.0), -np.full((4, 5), 30.0)]) + normal(10, 8)
    found = neighbourhoods(real, fake, k=5)
    assert found.recall == 1
    assert found.coverage == 0


def test_sets_without_neighbours_are_refused() -> None:
    with pytest.raises(InputError, match="at least 6 clips are needed, found 5"):
        neighbourhoods(normal(0, 5), normal(1, 50))
    with pytest.raises(InputError, match="real clips all have the same features"):
        neighbourhoods(np.ones((9, 5)), normal(0, 9))
    with pytest.raises(OptionError, match="k 0 is too small"):
        neighbourhoods(normal(0, 9), normal(1, 9), k=0)
    with pytest.raises(InputError, match="NaN"):
        neighbourhoods(normal(0, 9) * np.nan, normal(1, 9))


def rounded_copies(n: int) -> np.ndarray:
    """Return one vector in float32 whose copies differ in the last bit, as networks round them."""
    copies = np.tile(np.random.default_rng(3).normal(4, 1, 100).astype(np.float32), (n, 1))
    copies[::3] = np.nextafter(copies[::3], np.float32(np.inf))
    assert len(np.unique(copies, axis=0)) == 2
    return copies


def test_copies_that_differ_by_rounding_are_copies() -> None:
    copies = rounded_copies(20)
    with pytest.raises(InputError, match="real clips all have the same features"):
        neighbourhoods(copies, copies)
    found = measure_diversity(copies)
    assert (found.spread, found.repeated) == (0, 1)
    others = np.random.default_rng(4).normal(4, 1, (40, 100)).astype(np.float32)
    assert measure_diversity(np.concatenate([others, copies[:3]])).repeated == 3 / 43
    # In double precision the same differences are differences.
    assert measure_diversity(copies.astype(np.float64)).spread > 0


def test_diversity_is_the_mean_distance_of_two_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    x = normal(11, 40) + 100
    monkeypatch.setattr(diversity, "blocks", lambda count: pairwise.blocks(count, 9))
    found = measure_diversity(x)
    assert found.spread == pytest.approx(pdist(x).mean())
    apart = cdist(x, x)
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_allclose(found.to_nearest, apart.min(axis=1))
    assert found.repeated == 0


def test_repeated_clips_are_counted() -> None:
    x = normal(12, 10) + 50
    x[7] = x[2]
    assert measure_diversity(x).repeated == pytest.approx(0.2)
    still = measure_diversity(np.full((4, 3), 7.0))
    assert (still.spread, still.repeated) == (0, 1)
    with pytest.raises(InputError, match="at least 2 clips"):
        measure_diversity(x[:1])
