"""Shot boundaries."""

from collections.abc import Collection

import numpy as np
import pytest
from video_files import scene

from vidgan.video.shots import DETECTORS, ShotDetector, mark_cuts

LENGTHS = (30, 12, 45, 20)
FINDING = [kind for kind in DETECTORS if kind != "none"]


def shots(kind: str, clip: np.ndarray, breaks: Collection[int] = ()) -> list[tuple[int, int]]:
    detector = ShotDetector(kind, 25)
    for i, frame in enumerate(clip):
        detector.add(frame, i in breaks)
    return detector.finish()


@pytest.fixture(scope="module")
def cut() -> np.ndarray:
    return np.concatenate([scene(n, (64, 64), seed) for seed, n in enumerate(LENGTHS)])


@pytest.mark.parametrize("kind", FINDING)
def test_finds_every_cut_where_it_is(kind: str, cut: np.ndarray) -> None:
    assert shots(kind, cut) == [(0, 30), (30, 42), (42, 87), (87, 107)]


def test_none_finds_none(cut: np.ndarray) -> None:
    assert shots("none", cut) == [(0, 107)]


@pytest.mark.parametrize("kind", FINDING)
def test_motion_is_no_cut(kind: str) -> None:
    assert shots(kind, scene(80, (64, 64))) == [(0, 80)]


@pytest.mark.parametrize("kind", FINDING)
def test_a_pan_is_no_cut(kind: str) -> None:
    wide = scene(1, (400, 64), 3)[0]
    pan = np.stack([wide[:, 4 * i : 4 * i + 64] for i in range(80)])
    assert shots(kind, pan) == [(0, 80)]


@pytest.mark.parametrize("kind", DETECTORS)
def test_breaks_are_boundaries(kind: str) -> None:
    assert shots(kind, scene(40, (64, 64)), breaks=(0, 15)) == [(0, 15), (15, 40)]


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("frames", [0, 1, 2])
def test_hardly_any_frames(kind: str, frames: int) -> None:
    expected = [(0, frames)] if frames else []
    assert shots(kind, scene(2, (64, 64))[:frames]) == expected


def test_short_shots_are_not_merged() -> None:
    clip = np.concatenate([scene(n, (64, 64), seed) for seed, n in enumerate((20, 6, 20))])
    assert shots("adaptive", clip) == [(0, 20), (20, 26), (26, 46)]


def test_cuts_are_marked_while_frames_stream() -> None:
    frames = np.concatenate([scene(count, seed=seed) for count, seed in ((2, 1), (9, 5), (2, 3))])
    marked = list(mark_cuts(enumerate(frames), lambda item: item[1], 25))
    assert [number for (number, _), _ in marked] == list(range(13))
    assert [number for (number, _), cut in marked if cut] == [2, 11]
    assert list(mark_cuts([], lambda frame: frame, 25)) == []
