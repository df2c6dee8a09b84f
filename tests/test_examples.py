"""The scripts under examples/, run as a reader would."""

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import python_api
from click.testing import CliRunner
from dataset_files import make_dataset
from video_files import make_video

import vidgan

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def example(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )


def decode(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    done = example(
        "make_video.py", "a b.mp4", "--seconds", "10", "--shot-seconds", "2", folder=folder
    )
    assert done.returncode == 0, done.stderr
    return folder / "a b.mp4"


def test_video_has_its_shots_and_motion(video: Path) -> None:
    frames = decode(video)
    assert frames.shape == (300, 240, 320, 3)
    change = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    cuts = np.flatnonzero(change > 20) + 1
    assert list(cuts) == [60, 120, 180, 240]
    # Within every shot something moves, and most of the picture stands still.
    for start in range(0, 300, 60):
        shot = frames[start : start + 60].astype(np.int16)
        moved = np.ptp(shot, axis=0).max(axis=-1) > 60
        assert 0.01 < moved.mean() < 0.6


def test_video_is_the_same_each_time(video: Path, tmp_path: Path) -> None:
    arguments = ["make_video.py", "again.mp4", "--seconds", "10", "--shot-seconds", "2"]
    assert example(*arguments, folder=tmp_path).returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == video.read_bytes()
    assert example(*arguments, "--seed", "1", folder=tmp_path).returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() != video.read_bytes()


def test_video_of_another_size_and_type(tmp_path: Path) -> None:
    done = example(
        "make_video.py",
        "v.webm",
        "--seconds",
        "1",
        "--height",
        "96",
        "--fps",
        "10",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert decode(tmp_path / "v.webm").shape == (10, 96, 128, 3)


def test_video_that_cannot_be_written(tmp_path: Path) -> None:
    done = example("make_video.py", "v.xyz", folder=tmp_path)
    assert done.returncode == 1
    assert "unknown video type" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in it runs; the networks are smaller than those of a reader."""
    small: dict[str, Any] = {"frames": 8, "g_channels": 4, "d_channels": 4, "batch_size": 2}
    small["reconstruction"] = 0
    monkeypatch.setattr(vidgan, "train", functools.partial(vidgan.train, **small))
    monkeypatch.chdir(tmp_path)
    make_video(Path("v.mp4"), 80, (96, 96))
    done = CliRunner().invoke(python_api.main, ["v.mp4", "--steps", "2", "--folder", "o"])
    assert done.exit_code == 0, done.output
    assert "clips (2, 8, 64, 64, 3), uint8" in done.output
    for name in ("grid.mp4", "walk.gif", "sheet.png", "clips.npy"):
        assert (tmp_path / "o" / name).stat().st_size > 1000


def test_train_step(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    done = example("train_step.py", "data", "clips.png", "--steps", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "d_loss" in done.stdout
    picture = cv2.imread(str(tmp_path / "clips.png"))
    assert picture is not None
    assert picture.std() > 1
