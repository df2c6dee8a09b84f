"""Clips of video files for ``vidgan evaluate``: brought to one rate, counted before reading."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from video_files import scene, write_video

from vidgan.cli import main
from vidgan.jobs.evaluate.sources import Shape, open_set

# Of the clock that frames show: their grey level is their time in ticks.
TICKS_PER_SECOND = 50


def write_clock(path: Path, fps: int, frames: int) -> Path:
    """Write a video, to the last bit, whose frames show what time it is."""
    levels = np.arange(frames, dtype=np.uint8) * (TICKS_PER_SECOND // fps)
    pictures = np.broadcast_to(levels[:, None, None, None], (frames, 32, 32, 3))
    return write_video(path, pictures, fps, codec="ffv1", pix_fmt="bgr0")


def times(path: Path, frames: int, **shape: Any) -> tuple[list[list[int]], list[str]]:
    """Return what time the frames of all clips show, and the notes of a set that promised them."""
    found = open_set(path, Shape(frames, **shape))
    shown = [clip[:, 0, 0, 0].tolist() for clip, _ in found]
    assert len(shown) == found.count, found.notes
    return shown, found.notes


def test_videos_of_several_rates_are_brought_to_one(tmp_path: Path) -> None:
    """Clips of a folder cover equal times whatever their video's rate was."""
    write_clock(tmp_path / "a.mkv", 25, 40)
    write_clock(tmp_path / "b.mkv", 50, 80)
    write_clock(tmp_path / "c.mkv", 10, 16)
    shown, notes = times(tmp_path, 5, fps=10)
    clips = [[0, 5, 10, 15, 20], [25, 30, 35, 40, 45], [50, 55, 60, 65, 70]]
    # A frame may come a little early: resample() says why.
    np.testing.assert_allclose(shown, clips * 3, atol=1)
    assert shown[6:] == clips
    assert notes == []


def test_without_a_rate_each_video_keeps_its_own(tmp_path: Path) -> None:
    write_clock(tmp_path / "a.mkv", 25, 10)
    write_clock(tmp_path / "b.mkv", 50, 10)
    shown, [note] = times(tmp_path, 4)
    assert shown == [[0, 2, 4, 6], [8, 10, 12, 14], [0, 1, 2, 3], [4, 5, 6, 7]]
    assert "25, 50 frames/s" in note
    assert "--fps resamples them to one rate" in note


def test_a_slower_video_repeats_its_frames(tmp_path: Path) -> None:
    """None is repeated beyond the end: the clips that are promised are there."""
    write_clock(tmp_path / "a.mkv", 25, 8)
    shown, notes = times(tmp_path / "a.mkv", 5, fps=50)
    assert shown == [[0, 0, 2, 2, 4], [4, 6, 6, 8, 8], [10, 10, 12, 12, 14]]
    assert notes == []


def test_stride_counts_frames_of_the_new_rate(tmp_path: Path) -> None:
    write_clock(tmp_path / "a.mkv", 50, 60)
    shown, _ = times(tmp_path / "a.mkv", 4, fps=10, stride=2)
    np.testing.assert_allclose(shown, [[0, 10, 20, 30]], atol=1)
    assert open_set(tmp_path / "a.mkv", Shape(4, 2, fps=10)).fps == 5


def test_images_have_no_rate(tmp_path: Path) -> None:
    """Each is a frame, at any rate."""
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((32, 32, 3), number, np.uint8))
    assert times(tmp_path, 3, fps=10)[0] == [[0, 1, 2], [3, 4, 5]]


def test_images_that_change_places_are_other_clips(tmp_path: Path) -> None:
    """What was measured of them before must not stand for them, though no file is another one."""
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((32, 32, 3), number, np.uint8))
    before = open_set(tmp_path, Shape(3)).key
    assert open_set(tmp_path, Shape(3)).key == before
    (tmp_path / "0.png").rename(tmp_path / "held.png")
    (tmp_path / "5.png").rename(tmp_path / "0.png")
    (tmp_path / "held.png").rename(tmp_path / "5.png")
    assert open_set(tmp_path, Shape(3)).key != before


@pytest.mark.parametrize(("fps", "clips"), [("12.5", 3), ("25", 6)])
def test_the_command_brings_both_sides_to_one_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fps: str, clips: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for side, rate in (("real", 25), ("fake", 50)):
        for seed in range(2):
            frames = scene(24 * rate // 25, (32, 32), seed)
            write_video(Path(side) / f"{seed}.mkv", frames, rate, codec="ffv1", pix_fmt="bgr0")
    arguments = ["evaluate", "--real", "real", "--fake", "fake", "--frames", "4", "--fps", fps]
    shown = CliRunner().invoke(main, [*arguments, "--measures", "motion", "--bootstrap", "0"])
    assert shown.exit_code == 0, shown.output
    sets = json.loads(Path("evaluation.json").read_text())["sets"]
    assert {each["fps"] for each in sets.values()} == {float(fps)}
    assert {each["clips"] for each in sets.values()} == {clips}
    assert "frames/s, so that" not in shown.stdout
