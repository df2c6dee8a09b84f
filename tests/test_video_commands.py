"""A task for videos gets its command from its entries in the registries."""

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from restore_helpers import ok, read, refused
from video_files import make_video

import vidgan
from vidgan import runtime, tasks
from vidgan.cli import main
from vidgan.config import (
    TASK_OPTIONS,
    CropConfig,
    MaskedRestoreConfig,
    ModelConfig,
    RestoreConfig,
    TaskOptions,
    TrainConfig,
    VideoCommand,
    option,
)
from vidgan.errors import OptionError
from vidgan.jobs.restore.classical_filters import METHODS
from vidgan.tasks.load import build_generator
from vidgan.tasks.network_filter import clip_filter
from vidgan.tiling.filter import Filter
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME

SIZE = (48, 32)


@dataclass(frozen=True)
class DarkenVideo(RestoreConfig):
    """Options of a toy command."""

    method: str | None = option(None, "Invert, without a run.", choices=("invert",))
    factor: float = option(0.5, "What pixels are multiplied with.", min=0, max=1)


def darken(run: Run, network: keras.Model, factor: float) -> Filter:
    apply = clip_filter(network)
    return Filter(lambda frames, masks: apply(frames, masks) * factor, name=str(run.path))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a task: its module, its options, and a classical method."""
    command = VideoCommand(
        DarkenVideo, "Darken video.", action="Darken", filter_options=("factor",)
    )
    spec = TaskOptions(
        "make dark",
        command="vidgan darken",
        example="vidgan darken in.mp4 -o out.mp4",
        measured="vidgan evaluate --real A --fake B",
        config=CropConfig,
        video=command,
    )
    module = ModuleType("vidgan.tasks.darken")

    def generator(run: Run) -> keras.Model:
        clip = keras.Input((None, None, None, 3))
        return keras.Model(clip, keras.layers.Identity()(clip))

    task = replace(tasks.find_task("enhance"), generator=generator, filter=darken)
    monkeypatch.setattr(module, "TASK", task, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(TASK_OPTIONS, "darken", spec)
    invert = Filter(lambda frames, masks: 255.0 - frames, name="invert")
    monkeypatch.setitem(METHODS, "invert", lambda config: invert)


@pytest.fixture
def run(toy: None, tmp_path: Path) -> Path:
    runtime.prepare()
    folder = tmp_path / "run"
    run = Run(
        *(folder, ModelConfig(), TrainConfig(), Path("/data"), (64, 64), 25.0),
        task="darken",
        task_config=CropConfig(),
    )
    checkpoint = folder / CHECKPOINTS / "step-00000001"
    checkpoint.mkdir(parents=True)
    run.save()
    build_generator(run).save_weights(checkpoint / EMA_NAME)
    state = {"step": 1, "clips": 4, "epoch": 1.0, "seconds": 1.0}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "v.mkv", 4, SIZE, codec="ffv1", pix_fmt="bgr0")


def test_a_new_task_has_its_command(toy: None) -> None:
    assert re.search(r"\n  darken +Darken video\.", CliRunner().invoke(main, ["--help"]).output)
    words = " ".join(CliRunner().invoke(main, ["darken", "--help"]).output.split())
    assert "Darken the video IN with RUN" in words
    assert "vidgan train --task darken" in words
    assert "--factor" in words
    assert "--mask" not in words


def test_it_applies_a_run(run: Path, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.mkv"
    exact = ("--codec", "ffv1", "--precision", "float32")
    ok("darken", clip, run, "-o", out, "--factor", 0.25, *exact)
    expected = read(clip).frames * 0.25
    assert np.abs(read(out).frames - expected).max() <= 1


def test_it_applies_its_classical_filter(toy: None, clip: Path, tmp_path: Path) -> None:
    ok("darken", clip, "-o", tmp_path / "o.mkv", "--method", "invert", "--codec", "ffv1")
    np.testing.assert_array_equal(read(tmp_path / "o.mkv").frames, 255 - read(clip).frames)
    result = vidgan.restore("darken", clip, tmp_path / "p.mkv", method="invert", codec="ffv1")
    assert result.paths == [tmp_path / "p.mkv"]
    np.testing.assert_array_equal(read(tmp_path / "p.mkv").frames, 255 - read(clip).frames)


def test_without_a_run_the_method_is_named(
    toy: None, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "or use --method invert" in refused("darken", clip, "-o", "o.mkv")


def test_a_config_with_a_mask_gives_the_option(toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    video = TASK_OPTIONS["darken"].video
    assert video is not None
    command = replace(video, config=MaskedRestoreConfig, filter_options=())
    masked = replace(TASK_OPTIONS["darken"], video=command)
    monkeypatch.setitem(TASK_OPTIONS, "darken", masked)
    words = CliRunner().invoke(main, ["darken", "--help"]).output
    assert "--mask" in words
    assert "--tolerance" in words


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        ("synthesis", {}, "task 'synthesis' is none of enhance, inpaint, interpolate, colorize"),
        ("inpaint", {}, "vidgan inpaint needs --mask"),
        ("enhance", {"mask": "auto"}, "vidgan enhance takes no --mask"),
        ("translate", {"method": "bicubic"}, "unknown option 'method'"),
    ],
)
def test_what_restore_refuses(
    clip: Path, tmp_path: Path, task: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        vidgan.restore(task, clip, tmp_path / "o.mkv", **options)
