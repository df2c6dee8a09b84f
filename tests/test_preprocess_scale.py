"""Preprocessing of many videos and of long ones."""

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_files import make_video

import vidgan
from vidgan.dataset.pool import Job, scan_all
from vidgan.dataset.scan import Scan, Shot
from vidgan.dataset.signature import LENGTH, MOMENTS, NEAR, SIDE, near_duplicates
from vidgan.jobs import preprocess


def all_pairs(pictures: np.ndarray) -> list[int]:
    """Return what :func:`near_duplicates` returns, by comparing all pairs."""
    flat = pictures.reshape(-1, LENGTH).astype(float)
    mirrored = pictures[..., ::-1].reshape(-1, LENGTH).astype(float)
    groups = list(range(len(flat)))
    for one in range(len(flat)):
        for other in range(one):
            apart = min(np.abs(flat[other] - each[one]).mean() for each in (flat, mirrored))
            if apart <= NEAR:
                joined = {groups[one], groups[other]}
                groups = [min(joined) if group in joined else group for group in groups]
    return groups


def test_near_duplicates() -> None:
    """Copies, re-encoded ones, mirrored ones, chains of them, and others of the same brightness."""
    random = np.random.default_rng(0)
    bases = random.integers(100, 110, (12, MOMENTS, SIDE, SIDE))
    bases[:4] += random.integers(-90, 90, (4, MOMENTS, 1, 1))
    pictures = bases[random.integers(0, 12, 80)]
    pictures += random.integers(-2, 3, pictures.shape) * random.integers(0, 2, (80, 1, 1, 1))
    pictures[::7] = pictures[::7, ..., ::-1]
    # Each is near the next one, and far from the one after that.
    pictures[-6:] = 50 + np.arange(6)[:, None, None, None]
    pictures = pictures.astype(np.uint8)
    expected = all_pairs(pictures)
    assert 3 < len(set(expected)) < 80
    assert expected[-1] == 74
    assert near_duplicates([picture.tobytes() for picture in pictures]) == expected
    assert near_duplicates([]) == []


def test_thousands_of_copies_are_quick() -> None:
    """Comparing all pairs of them would take minutes."""
    start = time.process_time()
    assert near_duplicates([bytes([100]) * LENGTH] * 10_000) == [0] * 10_000
    assert time.process_time() - start < 20


def test_frames_of_a_shot_are_found_by_number() -> None:
    shot = Shot(0, 2, [3, 0, 0, 1, 0, 2], motion=0, brightness=0, signature="")
    frames = [b"aaa", b"aaa", b"aaa", b"b", b"b", b"cc"]
    file = io.BytesIO(b"--aaabcc")
    for start in range(6):
        for end in range(start + 1, 7):
            assert shot.read(file, start, end) == frames[start:end]


def test_a_frame_may_be_repeated_for_long() -> None:
    shot = Shot(0, 0, [1] + [0] * 5000, motion=0, brightness=0, signature="")
    assert shot.read(io.BytesIO(b"a"), 4990, 5001) == [b"a"] * 11


def test_long_videos_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are started first, and change nothing of the result."""
    for name, frames in (("a", 10), ("b", 30), ("c", 20)):
        make_video(tmp_path / "in" / f"{name}.mp4", frames, (32, 32), seed=frames)
    started: list[str] = []

    def record(jobs: list[Job], *args: Any, **kwargs: Any) -> list[Scan]:
        started.extend(job.path.stem for job in jobs)
        return scan_all(jobs, *args, **kwargs)

    monkeypatch.setattr(preprocess, "scan_all", record)
    manifest = vidgan.preprocess(tmp_path / "in", tmp_path / "out", size=(32, 32))
    assert started == ["b", "c", "a"]
    found = [(Path(source["path"]).stem, source["frames"]) for source in manifest.sources]
    assert found == [("a", 10), ("b", 30), ("c", 20)]


def test_most_common_rate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rates of phones vary; those near one another count as one."""
    for name, fps in (("a", 24.0), ("b", 29.9), ("c", 30.1), ("d", 30.0), ("e", 60.0)):
        make_video(tmp_path / "in" / f"{name}.mp4", 20, (32, 32), fps)
    manifest = vidgan.preprocess(tmp_path / "in", tmp_path / "out", size=(32, 32))
    assert manifest.fps == pytest.approx(30.0)
