"""What a reader has to say of a video is said by every command that reads one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_files import moving_shapes
from restore_helpers import call
from tiny_run import MODEL, make_encoder_run
from video_files import make_video, scene, write_video

from vidgan import pixels
from vidgan.training.run import Run
from vidgan.video.notes import by_note


def deep(folder: Path) -> Path:
    return make_video(folder / "v.mkv", pix_fmt="yuv420p10le")


def interlaced(folder: Path) -> Path:
    options = {"x264-params": "interlaced=1:tff=1"}
    return make_video(folder / "v.mp4", options=options)


def transparent(folder: Path) -> Path:
    frames = scene()
    rgba = np.concatenate([frames, np.full_like(frames[..., :1], 128)], -1)
    return write_video(folder / "v.mov", rgba, codec="png", pix_fmt="rgba")


def cut_short(folder: Path) -> Path:
    path = make_video(folder / "v.mp4")
    path.write_bytes(path.read_bytes()[:-1000])
    return path


VIDEOS = {
    deep: "it has 10 bits a colour, reduced to 8",
    interlaced: "it is interlaced",
    transparent: "its transparent parts become black",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    drawn = [moving_shapes(number, 8, (32, 32)) for number in range(20)]
    folder = tmp_path_factory.mktemp("from") / "runs" / "00000-dcgan-x"
    return make_encoder_run(folder, MODEL, clips=pixels.to_model(np.stack(drawn)))


@pytest.mark.parametrize("make", VIDEOS)
@pytest.mark.parametrize("option", ["--from", "--between", "--continue"])
def test_generate(run: Run, tmp_path: Path, make: Any, option: str) -> None:
    path = make(tmp_path)
    clips = [path, path] if option == "--between" else [path]
    result = call("generate", run.path, "-o", tmp_path / "o.npy", "--n", 2, option, *clips)
    assert result.exit_code == 0, result.output
    assert f"Note: {path}: {VIDEOS[make]}" in result.stderr


def test_generate_of_a_damaged_clip(run: Run, tmp_path: Path) -> None:
    path = cut_short(tmp_path)
    result = call("generate", run.path, "-o", tmp_path / "o.npy", "--n", 2, "--continue", path)
    assert result.exit_code == 0, result.output
    assert f"Note: {path}: damaged (" in result.stderr


@pytest.mark.parametrize("make", VIDEOS)
@pytest.mark.parametrize("paired", [False, True])
def test_evaluate(tmp_path: Path, make: Any, paired: bool) -> None:
    paths = [make(tmp_path / side) for side in ("real", "fake")]
    options = ["--paired"] if paired else ["--measures", "motion", "--frames", 4]
    sides = ["--real", paths[0], "--fake", paths[1], "--bootstrap", 0]
    result = call("evaluate", *sides, "-o", tmp_path / "r.json", *options)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if VIDEOS[make] in line]
    for path in paths:
        assert any(str(path) in line for line in lines), result.output


def test_videos_that_share_a_note_share_a_line() -> None:
    found = [(f"{number}.mp4", "it is interlaced") for number in range(5)]
    lines = by_note([*found, ("a.mp4", "it is deep"), found[0]])
    assert lines == ["0.mp4, 1.mp4, 2.mp4, …: it is interlaced", "a.mp4: it is deep"]
