"""The benchmark of what the metrics notice: its damages, its drawn clips and its tables."""

import damages
import metric_sensitivity
import numpy as np
import pytest
from drawn_clips import KINDS, drawn_clips


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    return drawn_clips(0, 4)[0]


def test_drawn_clips_are_of_every_kind_and_move(clips: np.ndarray) -> None:
    assert clips.shape == (4, 16, 64, 64, 3)
    again, labels = drawn_clips(0, 4)
    np.testing.assert_array_equal(again, clips)
    assert labels.tolist() == list(range(len(KINDS)))
    assert (np.abs(np.diff(clips.astype(int), axis=1)).max(axis=(1, 2, 3, 4)) > 30).all()


@pytest.mark.parametrize("name", damages.DAMAGES)
def test_damages_grow_and_repeat(clips: np.ndarray, name: str) -> None:
    damage, strengths, _ = damages.DAMAGES[name]
    before, changes = clips.copy(), []
    for strength in strengths:
        damaged = damage(clips, strength)
        assert damaged.shape == clips.shape
        assert damaged.dtype == np.uint8
        np.testing.assert_array_equal(damaged, damage(clips, strength))
        changes.append(np.abs(damaged.astype(int) - clips).mean())
    np.testing.assert_array_equal(clips, before)
    assert changes[0] > 0
    # Frames may come to stand where they stood, and bent pictures come back a little.
    assert changes[-1] > 0.9 * max(changes)


def test_temporal_damage_leaves_frames_as_they_are(clips: np.ndarray) -> None:
    for name in ("frozen", "dropped frames", "shuffled", "reversed"):
        damage, strengths, _ = damages.DAMAGES[name]
        for clip, damaged in zip(clips, damage(clips, strengths[-1]), strict=True):
            known = {frame.tobytes() for frame in clip}
            assert all(frame.tobytes() in known for frame in damaged), name


def test_frames_are_bent_alike_or_each_anew() -> None:
    still = np.repeat(drawn_clips(1, 2)[0][:, :1], 5, axis=1)
    alike, anew = damages.warp_clips(still, 2), damages.warp_frames(still, 2)
    assert (alike == alike[:, :1]).all()
    assert not (anew == anew[:, :1]).all()
    # Alone, a frame cannot tell which it is.
    np.testing.assert_array_equal(alike[:, 0], anew[:, 0])


def test_sets_lose_modes() -> None:
    assert damages.fewer(8, 0.5).tolist() == [0, 1, 2, 3] * 2
    assert damages.fewer(8, 0.01).tolist() == [0] * 8


def test_the_tables_say_what_rises() -> None:
    rows: list[tuple[str, str, dict[str, list[float]]]] = [
        ("none", "", {"a": [0.9, 1, 1.1], "b": [0.9, 1, 1.1]}),
        ("blur", "1, 2", {"a": [2, 8], "b": [1.5, 1.25]}),
        ("reversed", "0.5, 1", {"a": [2, 4], "b": [1, 1]}),
    ]
    lines = metric_sensitivity.table(rows).splitlines()
    assert lines[0] == "| damage | strength | a | b |"
    assert lines[3] == "| blur | 1, 2 | 2, 8 | 1.5, 1.25 ↯ |"
    fares = metric_sensitivity.summary({"real": rows}).splitlines()
    assert fares[2] == "| a | 2 of 2 | 2.00 | 2.00 | reversed, real: 4 |"
    assert fares[3] == "| b | 1 of 2 | 1.50 | 1.00 | reversed, real: 1 |"


def test_ratios_are_in_units_of_the_floor() -> None:
    whole = np.random.default_rng(0).normal(size=(60, 1, 3))
    halves = metric_sensitivity.Halves(whole)
    assert halves.ratio(lambda second: whole[second]) == 1
    moved = halves.ratio(lambda second: whole[second] + 3)
    floor = np.median(halves.floors)
    assert moved * floor == pytest.approx(27, rel=0.2)
