"""Names of files and folders that are not UTF-8, as on old disks and in old archives."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_files import make_dataset
from restore_helpers import ok, read
from tiny_run import make_run
from video_files import make_video

from vidgan.dataset.manifest import Manifest

NAME = os.fsdecode(b"b\xf6se")


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi", ".mkv", ".gif"])
def test_enhance(tmp_path: Path, suffix: str) -> None:
    video = make_video(tmp_path / "in" / "v.mp4", 12, (48, 32))
    video = video.rename(video.with_stem(NAME))
    out = tmp_path / f"{NAME}{suffix}"
    ok("enhance", video, "-o", out, "--method", "bicubic", "--scale", 1)
    assert out.exists()
    shown = out.rename(tmp_path / f"shown{suffix}")
    assert len(read(shown).frames) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", shown.name]


def test_a_folder_and_a_mask(tmp_path: Path) -> None:
    make_video(tmp_path / "in" / "v.mp4", 12, (48, 32)).rename(tmp_path / "in" / f"{NAME}.mp4")
    mask = np.zeros((32, 48), np.uint8)
    mask[8:16, 8:16] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    masks = tmp_path / "masks"
    masks.mkdir()
    shutil.copy(tmp_path / "m.png", masks / f"{NAME}.png")
    ok("inpaint", tmp_path / "in", "--mask", masks, "-o", tmp_path / "out", "--method", "telea")
    assert (tmp_path / "out" / f"{NAME}.mp4").exists()


@pytest.mark.slow
def test_training(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    data = (tmp_path / "data").rename(tmp_path / NAME)
    run = tmp_path / f"{NAME}-run"
    options = "--steps=2 --frames=8 --batch-size=4 --g-channels=4 --d-channels=4 --metrics=none"
    ok("train", data, "-o", run, *options.split())
    ok("train", "--resume", run, "--steps=3")
    ok("generate", run, "--n", 1, "-o", tmp_path / f"{NAME}.mp4")
    ok("info", run)


def test_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for label in (NAME, "z"):
        video = make_video(tmp_path / "v.mp4", 60, (48, 32), seed=len(label))
        (tmp_path / "in" / label).mkdir(parents=True)
        video.rename(tmp_path / "in" / label / "v.mp4")
    ok("preprocess", "in", "-o", "data", "--labels", "--size", 32)
    assert Manifest.load(Path("data")).labels == [NAME, "z"]
    ok("info", "data", "--json")


def test_generate_and_evaluate(tmp_path: Path) -> None:
    run = make_run(tmp_path / NAME).path
    for suffix in (".mp4", ".png", ".npy"):
        ok("generate", run, "--n", 2, "-o", tmp_path / f"{NAME}{suffix}")
        assert (tmp_path / f"{NAME}{suffix}").exists()
    real = make_video(tmp_path / "v.mp4", 60, (48, 32)).rename(tmp_path / f"real-{NAME}.mp4")
    measures = ("--measures", "motion", "--bootstrap", 0, "--frames", 8)
    report = tmp_path / f"report-{NAME}.json"
    ok("evaluate", "--real", real, "--fake", tmp_path / f"{NAME}.mp4", *measures, "-o", report)
    assert report.exists()
