"""Restoring that is interrupted, or asked for what cannot be: what is left, and what is said."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from restore_helpers import add_sound, call, ok, read, refused, sounds
from test_video_writers import small_disk
from tiny_run import make_run
from video_files import make_video, write_video

import vidgan
from vidgan.jobs.restore import classical_filters, restore, restore_video
from vidgan.jobs.restore.restore_jobs import RestoreJob

SIZE = (48, 32)
BICUBIC = ("--method", "bicubic")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("failures")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_video(folder / "clip.mp4", 12, SIZE)


# Interruptions


@pytest.fixture(scope="module")
def long(folder: Path) -> Path:
    return add_sound(make_video(folder / "q.mp4", 150, SIZE), folder / "long.mp4")


def blur(clip: np.ndarray, strength: float) -> np.ndarray:
    """Stand in for non-local means, with its context and margin, and take less time."""
    mixed = np.stack([cv2.GaussianBlur(f, (5, 5), 1) for f in clip]).astype(np.float32)
    padded = np.pad(mixed, ((2, 2), (0, 0), (0, 0), (0, 0)), mode="edge")
    return np.rint(sum(padded[i : i + len(clip)] for i in range(5)) / 5).astype(np.uint8)


def interrupt(
    monkeypatch: pytest.MonkeyPatch, after: int, failure: BaseException, waiting_for: Path
) -> None:
    """Let non-local means, or the blur in its place, fail at a call, once a file is there."""
    calls = iter(range(10**6))

    def failing(clip: np.ndarray, strength: float) -> np.ndarray:
        if next(calls) == after:
            deadline = time.monotonic() + 10
            while not waiting_for.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            raise failure
        return blur(clip, strength)

    monkeypatch.setattr(classical_filters, "denoise_clip", failing)


@pytest.fixture
def quick_denoise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace non-local means by :func:`blur`."""
    monkeypatch.setattr(classical_filters, "denoise_clip", blur)


@pytest.mark.parametrize("name", ["o.mkv", "o.mp4", "o.gif"])
def test_resume_equals_the_uninterrupted(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_denoise: None, name: str
) -> None:
    options = ("--method", "nlmeans", "--memory", "0.05")
    ok("enhance", long, "-o", tmp_path / "whole" / name, *options)
    out = tmp_path / name
    with monkeypatch.context() as patch:
        part = tmp_path / f"{name}.parts" / "00001.json"
        interrupt(patch, 2, KeyboardInterrupt(), part)
        result = call("enhance", long, "-o", out, *options)
    assert result.exit_code == 130
    assert "with --resume to continue" in result.output
    assert not out.exists()
    calls: list[int] = []

    def counting(frames: np.ndarray, strength: float) -> np.ndarray:
        calls.append(len(frames))
        return blur(frames, strength)

    monkeypatch.setattr(classical_filters, "denoise_clip", counting)
    ok("enhance", long, "-o", out, *options, "--resume")
    assert 0 < sum(calls) < 150
    whole = tmp_path / "whole" / name
    np.testing.assert_array_equal(read(out).frames, read(whole).frames)
    np.testing.assert_array_equal(read(out).times, read(whole).times)
    assert sounds(out) == sounds(whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "whole"])


def test_resume_with_other_options_is_refused(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_denoise: None
) -> None:
    out = tmp_path / "o.mp4"
    options = ("--method", "nlmeans")
    with monkeypatch.context() as patch:
        interrupt(patch, 1, KeyboardInterrupt(), tmp_path / "o.mp4.parts" / "00000.json")
        call("enhance", long, "-o", out, *options)
    parts = sorted((tmp_path / "o.mp4.parts").iterdir())
    words = refused("enhance", long, "-o", out, *options, "--strength", 5, "--resume", status=2)
    assert "another run or method" in words
    assert sorted((tmp_path / "o.mp4.parts").iterdir()) == parts
    assert "another end" in refused(
        "enhance", long, "-o", out, *options, "--end", 4, "--resume", status=2
    )
    # Without it the work begins anew, and leaves nothing behind.
    ok("enhance", long, "-o", out, *options)
    assert [p.name for p in tmp_path.iterdir()] == ["o.mp4"]


def test_resume_where_nothing_was_begun(clip: Path, tmp_path: Path) -> None:
    ok("enhance", clip, "-o", tmp_path / "o.mp4", *BICUBIC, "--resume")
    assert len(read(tmp_path / "o.mp4").frames) == 12


def test_a_part_that_was_cut_off_is_made_again(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_denoise: None
) -> None:
    options = ("--method", "nlmeans")
    ok("enhance", long, "-o", tmp_path / "whole.mp4", *options)
    out = tmp_path / "o.mp4"
    with monkeypatch.context() as patch:
        interrupt(patch, 2, KeyboardInterrupt(), tmp_path / "o.mp4.parts" / "00001.json")
        call("enhance", long, "-o", out, *options)
    # As if the power had failed: the picture is there, but not the word that it is complete.
    (tmp_path / "o.mp4.parts" / "00001.json").unlink()
    ok("enhance", long, "-o", out, *options, "--resume")
    np.testing.assert_array_equal(read(out).frames, read(tmp_path / "whole.mp4").frames)


def test_early_interruption_leaves_nothing(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "o.mp4"
    out.write_bytes(b"the old video")
    interrupt(monkeypatch, 0, KeyboardInterrupt(), tmp_path)
    assert call("enhance", long, "-o", out, "--method", "nlmeans", "--overwrite").exit_code == 130
    assert [p.name for p in tmp_path.iterdir()] == ["o.mp4"]
    assert out.read_bytes() == b"the old video"


def test_signal(tmp_path: Path) -> None:
    """Ctrl-C in a process of its own, with all its threads."""
    video = make_video(tmp_path / "in" / "v.mp4", 400, (160, 120))
    out = tmp_path / "out" / "o.mp4"
    command = [sys.executable, "-m", "vidgan", "enhance", str(video), "-o", str(out)]
    root = str(Path(vidgan.__file__).parents[1])
    with subprocess.Popen(
        [*command, "--method", "nlmeans"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    ) as process:
        deadline = time.monotonic() + 20
        while not out.with_name("o.mp4.parts").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1] == "Interrupted."
    assert "Traceback" not in errors
    assert not out.exists()


@pytest.mark.parametrize("name", ["o.mp4", "o.gif"])
def test_full_disk(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 64, 96, 3), dtype=np.uint8)
    video = write_video(tmp_path / "v.mp4", noise)
    with small_disk(tmp_path / "disk", "600k") as disk:
        words = call("enhance", video, "-o", disk / name, *BICUBIC)
        assert words.exit_code == 1
        last = words.output.strip().splitlines()[-1]
        assert "No space left" in last
        assert not (disk / name).exists()
        assert {p.name for p in disk.iterdir()} <= {f"{name}.parts"}


# What cannot be


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"no video at all" * 100), "not a video"),
    ],
)
def test_bad_inputs(tmp_path: Path, make: Callable[..., Any], word: str) -> None:
    make(tmp_path / "v.mp4")
    assert word in refused("enhance", tmp_path / "v.mp4", "-o", tmp_path / "o.mp4", *BICUBIC)
    assert not (tmp_path / "o.mp4").exists()


def test_sound_alone(tmp_path: Path, clip: Path) -> None:
    loud = add_sound(clip, tmp_path / "loud.mp4")
    with av.open(str(loud)) as source, av.open(str(tmp_path / "v.m4a"), "w") as output:
        track = output.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = track
                output.mux(packet)
    words = refused("enhance", tmp_path / "v.m4a", "-o", tmp_path / "o.mp4", *BICUBIC)
    assert "has no video in it" in words


def test_no_frame_that_can_be_decoded(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 10, SIZE)
    data = bytearray(video.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    video.write_bytes(data)
    words = refused("enhance", video, "-o", tmp_path / "o.mp4", *BICUBIC)
    assert "not one frame" in words
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
def test_broken_tail_is_told(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / name, 60, (96, 64))
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    result = ok("enhance", video, "-o", tmp_path / "o.mp4", *BICUBIC)
    count = len(read(tmp_path / "o.mp4").frames)
    assert 0 < count < 60
    assert "damaged" in result.output
    assert f"the {count} frames that can be decoded" in result.output


def test_output_is_input(clip: Path) -> None:
    before = clip.read_bytes()
    words = refused("enhance", clip, "-o", clip, *BICUBIC, "--overwrite", status=2)
    assert "one file" in words
    assert clip.read_bytes() == before


def test_output_that_is_there(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.mp4"
    out.write_bytes(b"mine")
    assert "--overwrite" in refused("enhance", clip, "-o", out, *BICUBIC)
    assert out.read_bytes() == b"mine"
    ok("enhance", clip, "-o", out, *BICUBIC, "--overwrite")
    assert len(read(out).frames) == 12


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("o.xyz", (), "known are .mp4"),
        ("o", (), "unknown video type"),
        ("o.mp4", ("--codec", "vp9"), "does not go into"),
        ("o.mp4", ("--format", "avi"), "--format"),
        ("o.mp4", ("--method", "none"), "--method"),
        ("o.mp4", ("--scale", "9"), "--scale"),
    ],
)
def test_wrong_options(
    clip: Path, tmp_path: Path, name: str, options: tuple[str, ...], word: str
) -> None:
    assert word in refused("enhance", clip, "-o", tmp_path / name, *BICUBIC, *options, status=2)
    assert not list(tmp_path.iterdir())


def test_gif_of_too_many_frames_a_second(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 6, SIZE, fps=60)
    assert "at most 50" in refused("enhance", video, "-o", tmp_path / "o.gif", *BICUBIC, status=2)


@pytest.mark.parametrize(
    ("command", "method"),
    [
        (("enhance",), ", or use --method bicubic"),
        (("inpaint", "--mask", "0,0,4,4"), ", or use --method telea"),
        (("interpolate",), ", or use --method flow"),
        (("colorize",), ""),
        (("translate",), " A B"),
    ],
)
def test_without_a_run(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    method: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = refused(*command, clip, "-o", "o.mp4")
    assert words.endswith(f"create one with vidgan train --task {command[0]}{method}\n")
    assert not list(tmp_path.iterdir())


def test_wrong_runs(clip: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run").path
    assert "vidgan generate" in refused("enhance", clip, run, "-o", tmp_path / "o.mp4")
    words = refused("enhance", clip, tmp_path / "x", "-o", tmp_path / "o.mp4")
    assert "no run there" in words
    assert "vidgan train --task enhance" in words
    words = refused("enhance", clip, run, "-o", tmp_path / "o.mp4", *BICUBIC, status=2)
    assert "--method" in words
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


# Folders


def test_folder(tmp_path: Path) -> None:
    videos = tmp_path / "in"
    make_video(videos / "a.mp4", 4, SIZE, seed=1)
    make_video(videos / "a.avi", 4, SIZE, seed=2)
    make_video(videos / "deep" / "b.mkv", 5, SIZE)
    (videos / "broken.mp4").write_bytes(b"none" * 100)
    (videos / "notes.txt").write_text("no video")
    result = call("enhance", videos, "-o", videos / "out", *BICUBIC, "--format", "webm")
    assert result.exit_code == 1
    assert "skipped" in result.output
    assert "broken.mp4: not a video" in result.output
    made = sorted(str(p.relative_to(videos / "out")) for p in (videos / "out").rglob("*.*"))
    assert made == ["a.avi.webm", "a.mp4.webm", "deep/b.webm"]
    assert read(videos / "out" / "deep" / "b.webm").frames.shape == (5, 64, 96, 3)
    # What is there already is not made twice, nor taken for a source.
    again = call("enhance", videos, "-o", videos / "out", *BICUBIC, "--format", "webm")
    assert again.output.count("is there already") == 3


@pytest.mark.parametrize(("input", "output"), [("v", "v"), ("v/deep", "v"), ("v", "link")])
def test_the_input_lies_in_the_output(tmp_path: Path, input: str, output: str) -> None:
    make_video(tmp_path / "v" / "deep" / "a.mov", 4, SIZE)
    (tmp_path / "link").symlink_to("v")
    words = refused("enhance", tmp_path / input, "-o", tmp_path / output, *BICUBIC, status=2)
    assert f"{tmp_path / output}: the videos of {tmp_path / input} lie in it" in words


def test_an_unexpected_error_costs_one_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        make_video(tmp_path / "in" / f"{name}.mp4", 4, SIZE)
    real = restore_video.restore_video

    def fails_once(job: RestoreJob, *arguments: Any) -> None:
        if job.source.stem == "b":
            raise ZeroDivisionError("division by zero")
        real(job, *arguments)

    monkeypatch.setattr(restore, "restore_video", fails_once)
    result = call("enhance", tmp_path / "in", "-o", tmp_path / "out", *BICUBIC)
    assert result.exit_code == 1
    assert "b.mp4: cannot be processed (division by zero)" in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "c.mp4"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_folder_that_cannot_be_written(tmp_path: Path, clip: Path) -> None:
    """The message has the user's own name."""
    folder = tmp_path / "ro"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "none", str(folder)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("cannot mount")
    try:
        for command in (
            ("enhance", clip, "-o", folder / "o.mp4", *BICUBIC),
            ("enhance", clip, "-o", folder / "deep" / "o.gif", *BICUBIC),
            ("preprocess", clip, "-o", folder / "data"),
        ):
            words = refused(*command)
            assert f"{command[3]}: cannot be written (Read-only file system); choose" in words
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    words = refused("enhance", tmp_path / "in", "-o", tmp_path / "out", *BICUBIC)
    assert f"{tmp_path / 'in'}: no such file or folder" in words


def test_folder_into_a_file(tmp_path: Path) -> None:
    make_video(tmp_path / "in" / "a.mp4", 4, SIZE)
    words = refused("enhance", tmp_path / "in", "-o", tmp_path / "o.mp4", *BICUBIC, status=2)
    assert "name a folder" in words
