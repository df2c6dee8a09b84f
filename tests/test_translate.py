"""Translating between two unpaired domains: the step, the task and its runs."""

from pathlib import Path
from time import perf_counter as clock
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from dataset_files import make_dataset
from pictures import read_picture
from restore_helpers import ok, read, refused
from tiny_run import make_run
from video_files import make_video

import vidgan
from vidgan import pixels, runtime, tasks
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig, TranslateConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import evaluation_clips
from vidgan.errors import DatasetError, OptionError
from vidgan.models import build_discriminators, translator
from vidgan.tasks.base import crop_size
from vidgan.tasks.load import load_gan, load_generator
from vidgan.tasks.translation_gan import TranslationGAN, translate_cycle
from vidgan.training.callbacks.periodic import PeriodicMonitor
from vidgan.training.context import TrainingContext
from vidgan.training.health_log import HealthLog
from vidgan.training.log_file import LOG_NAME, read_log
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.video.layout import GAP

TINY: dict[str, Any] = {
    "task": "translate",
    "frames": 8,
    "g_channels": 4,
    "d_channels": 4,
    "batch_size": 2,
    "r1": 0.0,
    "tensorboard": False,
}


def make_gan(
    share_backward: bool = True,
    r1: float = 0.0,
    cycle: float = TranslateConfig.cycle,
    identity: float = TranslateConfig.identity,
) -> TranslationGAN:
    runtime.seed_everything(0)
    model = ModelConfig(frames=8, g_channels=4, d_channels=4)
    networks = {name: build_discriminators(model, 16, 16)["clip"] for name in ("a", "b")}
    config = TranslateConfig(cycle=cycle, identity=identity)
    gan = TranslationGAN(config, translator.translators(4), translator.translators(4), networks, 8)
    adams = (keras.optimizers.Adam(2e-3, 0.5), keras.optimizers.Adam(2e-3, 0.5))
    gan.compile(*adams, TrainConfig(r1=r1, penalty_every=1), share_backward)
    return gan


@pytest.fixture(scope="module")
def batch() -> tuple[tf.Tensor, tf.Tensor]:
    """Red clips and blue ones, each with a brighter bar that moves."""
    clips = np.full((2, 2, 8, 16, 16, 3), -1, np.float32)
    for time in range(8):
        clips[0, :, time, :, time : time + 6, 0] = 0.8
        clips[1, :, time, time : time + 6, :, 2] = 0.8
    return tf.constant(clips[0]), tf.constant(clips[1])


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two datasets that are alike in size and rate."""
    folder = tmp_path_factory.mktemp("domains")
    make_dataset(folder / "a", size=(40, 32))
    make_dataset(folder / "b", (24, 30), (16,), size=(40, 32))
    return folder / "a", folder / "b"


def test_one_backward_pass_gives_what_two_give(batch: tuple[tf.Tensor, tf.Tensor]) -> None:
    weights = []
    for shared in (True, False):
        gan = make_gan(shared, r1=0.3, cycle=3.0, identity=0.5)
        logs = gan.train_step(batch)
        assert {"cycle_loss", "identity_loss", "d_loss", "g_loss", "r1"} <= set(logs)
        weights.append(gan.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_clips_come_back_and_those_of_the_domain_stay(batch: tuple[tf.Tensor, tf.Tensor]) -> None:
    gan = make_gan(cycle=300.0, identity=300.0)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    logs = [step(batch) for _ in range(30)]
    for name in ("cycle_loss", "identity_loss"):
        assert float(logs[-1][name]) < 0.5 * float(logs[0][name])
    made = translate_cycle(gan.generator, *batch)
    found = tf.reduce_mean(tf.abs(made.a - batch[0])) + tf.reduce_mean(tf.abs(made.b - batch[1]))
    assert float(found) < 0.5 * float(logs[0]["cycle_loss"])
    assert "identity_loss" not in make_gan(cycle=1.0).train_step(batch)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, domains: tuple[Path, Path]) -> Path:
    """A run of four steps."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return vidgan.train(*domains, output=folder, steps=4, log_every=2, **TINY)


@pytest.mark.slow
def test_a_run_goes_on_as_if_it_had_never_stopped(
    tmp_path: Path, domains: tuple[Path, Path], whole: Path
) -> None:
    parts = vidgan.train(*domains, output=tmp_path / "parts", steps=2, **TINY)
    vidgan.train(resume=parts, steps=4)
    runs = [Run.open(folder) for folder in (whole, parts)]
    assert [run.state()["step"] for run in runs] == [4, 4]
    for one, other in zip(*(load_gan(run).get_weights() for run in runs), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert runs[0].task == "translate"
    assert runs[0].datasets == tuple(folder.resolve() for folder in domains)
    log = read_log(whole / LOG_NAME)
    assert [row["step"] for row in log] == [2, 4]
    assert all(row["cycle_loss"] > 0 for row in log)
    # What generates fits into generators for any shape.
    generators = load_generator(runs[0])
    clip = np.zeros((1, 5, 12, 20, 3), np.float32)
    assert generators.get_layer("b2a")(clip).shape == clip.shape


def test_what_is_measured_is_how_far_clips_come_back(
    whole: Path, tmp_path: Path, domains: tuple[Path, Path]
) -> None:
    make_dataset(tmp_path / "b", test=(16, 24), size=(40, 32))
    manifests = [Manifest.load(folder) for folder in (tmp_path / "b", tmp_path / "b")]
    run = Run.open(whole)
    told: list[str] = []
    context = TrainingContext(
        run,
        manifests,
        load_gan(run),
        Progress(),
        lambda: told.append("saved"),
        told.append,
        HealthLog(tmp_path, told.append),
        clock,
    )
    (hook,) = tasks.find_task("translate").callbacks(context)
    assert isinstance(hook, PeriodicMonitor)
    hook.set_model(context.gan)
    assert hook.possible()
    hook.prepare()
    figures, measured = hook.measure()
    clips = [pixels.to_model(clip) for clip in evaluation_clips(manifests[0], "test", 8)]
    assert len(clips) == 5
    off: dict[str, list[float]] = {"reconstruction": [], "shuffled": []}
    for index, clip in enumerate(clips):
        made = translate_cycle(context.gan.generator_ema, clip[None], clip[None])
        for name, seen in (("reconstruction", clip), ("shuffled", clips[index - 1])):
            shown = pixels.to_uint8(seen).astype(float)
            off[name] += [np.abs(pixels.to_uint8(m.numpy()[0]) - shown).mean() for m in made[2:]]
    for name, values in off.items():
        np.testing.assert_allclose(figures[name], np.mean(values), rtol=1e-3)
    assert (measured.metric, measured.rising) == ("reconstruction", False)
    assert not told


def test_preview_shows_both_ways(whole: Path, domains: tuple[Path, Path]) -> None:
    sheet = read_picture(next((whole / "samples").glob("*.png")))
    tile = 3 * 32 + GAP  # Frames of 40 x 32 are enlarged three times.
    rows = [sheet[GAP + i * tile : (i + 1) * tile].astype(int) for i in range(12)]
    assert sheet.shape[0] == GAP + 12 * tile
    # Two clips are held out of each: as they are, translated, and what comes back.
    a, b = (next(evaluation_clips(Manifest.load(each), "test", 8)) for each in domains)
    for row, clip in ((0, a), (6, b)):
        first = rows[row][:96, GAP : GAP + 120][..., ::-1]
        np.testing.assert_array_equal(first[::3, ::3], clip[0])
    assert all(np.abs(rows[i] - rows[i + 1]).mean() > 1 for i in range(11))


def test_frames_larger_than_the_crop_are_shown_whole(
    whole: Path, domains: tuple[Path, Path]
) -> None:
    run = Run.open(whole)
    assert run.task_config is not None
    run = run.replace(task_config=run.task_config.replace(crop=32))
    task, manifests = tasks.find_task("translate"), [Manifest.load(folder) for folder in domains]
    gan = task.build(run)
    a, b = next(iter(task.data(run, manifests, 0)))
    assert a.shape == b.shape == (2, 8, 32, 32, 3)
    assert task.preview(run, manifests).render(gan).shape == (12, 8, 32, 40, 3)


@pytest.mark.parametrize("direction", ["a2b", "b2a"])
def test_command_translates_as_the_network_does(
    whole: Path, tmp_path: Path, direction: str
) -> None:
    source = make_video(tmp_path / "in.mp4", 11, (50, 38))
    ok(
        "translate",
        source,
        "-o",
        tmp_path / "o.mkv",
        "--codec",
        "ffv1",
        "--precision",
        "float32",
        "--direction",
        direction,
        whole,
    )
    before, after = read(source), read(tmp_path / "o.mkv")
    assert after.frames.shape == before.frames.shape
    # Filled up to multiples of 4, by reflection.
    padded = np.pad(before.frames, ((0, 0), (0, 2), (0, 2), (0, 0)), "reflect")
    network = load_generator(Run.open(whole)).get_layer(direction)
    expected = pixels.to_uint8(network(pixels.to_model(padded[None])).numpy()[0])[:, :38, :50]
    assert np.abs(after.frames.astype(int) - expected).max() <= 1
    np.testing.assert_allclose(after.times, before.times, atol=0.002)


def test_command_wants_a_run_of_its_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_video(tmp_path / "in.mp4", 9, (48, 32))
    assert "--task translate" in refused("translate", source, "-o", "o.mp4")
    make_run(tmp_path / "runs" / "00000-dcgan-clips")
    assert "--task translate" in refused("translate", source, "-o", "o.mp4", "latest")
    found = refused("translate", source, "-o", "o.mp4", "runs/00000-dcgan-clips")
    assert "vidgan generate" in found


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"size": (32, 32)}, "32x32, those of"), ({"fps": 12.0}, "12 frames a second")],
)
def test_domains_must_be_alike(
    tmp_path: Path, domains: tuple[Path, Path], changes: dict[str, Any], words: str
) -> None:
    make_dataset(tmp_path / "c", **{"size": (40, 32), **changes})
    with pytest.raises(DatasetError, match=words):
        vidgan.train(domains[0], tmp_path / "c", steps=1, **TINY)


def test_a_run_goes_on_with_datasets_of_its_size(
    tmp_path: Path, domains: tuple[Path, Path], whole: Path
) -> None:
    make_dataset(tmp_path / "c", size=(32, 32))
    with pytest.raises(DatasetError, match="32x32, the run was trained on 40x32"):
        vidgan.train(domains[0], tmp_path / "c", resume=whole, steps=9)


@pytest.mark.slow
def test_a_size_that_no_network_has(tmp_path: Path) -> None:
    make_dataset(tmp_path / "c", size=(36, 32))
    run = vidgan.train(tmp_path / "c", tmp_path / "c", output=tmp_path / "run", steps=1, **TINY)
    assert crop_size(Run.open(run)) == (32, 32)


def test_needs_two_datasets(domains: tuple[Path, Path]) -> None:
    done = CliRunner().invoke(main, ["train", "--task", "translate", str(domains[0])])
    assert done.exit_code == 2
    assert "takes 2 datasets" in done.output
    with pytest.raises(OptionError, match="--cycle"):
        vidgan.train(domains[0], cycle=1.0, steps=1)
