"""Training that undoes damage: losses, networks, and a run from its start to a restored clip."""

import csv
import functools
import itertools
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from dataset_files import make_dataset, moving_shapes
from tiny_run import measurement

import vidgan
from vidgan import metrics, pixels, tasks
from vidgan.cli import main
from vidgan.config import EnhanceConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.jobs.restore.trained_filter import trained_filter
from vidgan.jobs.train import run_config
from vidgan.models import patch, restorer
from vidgan.tasks.load import load_gan
from vidgan.training import reconstruction_losses
from vidgan.training.log_file import read_log
from vidgan.training.run import Run
from vidgan.video.optical_flow import farneback_flow, grey

TINY: dict[str, Any] = {
    "task": "enhance",
    "g_channels": 8,
    "d_channels": 4,
    "blocks": 1,
    "batch_size": 2,
}
WIDTH, HEIGHT = 40, 32
ALL: dict[str, Any] = {"adversarial": 0.01, "perceptual": 0.1, "temporal": 0.5}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames larger than the crop, and held-out clips."""
    folder = tmp_path_factory.mktemp("enhance") / "clips"
    make_dataset(folder, (20, 28, 17), (20, 16), (WIDTH, HEIGHT), fps=12.5)
    return folder


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight steps of all losses."""
    output = tmp_path_factory.mktemp("trained") / "run"
    options: dict[str, Any] = {
        "crop": 32,
        "scale": 2,
        "metric_share": 1.0,
        "log_every": 2,
        "penalty_every": 3,
    }
    return vidgan.train(dataset, output=output, steps=8, **TINY, **ALL, **options)


# Networks.


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_an_untrained_network_enlarges(scale: int) -> None:
    """Its change is zero: what is left is the bicubic base, of any shape."""
    network = restorer.generator(scale, 4, 1)
    clip = tf.random.stateless_uniform((1, 5, 8, 12, 3), (1, 2), -1, 1)
    made = network(clip)
    assert made.shape == (1, 5, scale * 8, scale * 12, 3)
    np.testing.assert_allclose(made, restorer.Bicubic(scale)(clip), atol=1e-6)
    np.testing.assert_allclose(
        restorer.Bicubic(scale)(tf.fill((1, 2, 8, 8, 3), 0.25)), 0.25, atol=1e-6
    )


@pytest.mark.parametrize("scale", [1, 2])
def test_reach_is_how_far_the_network_looks(scale: int) -> None:
    network = restorer.generator(scale, 4, 2)
    tf.keras.utils.set_random_seed(0)
    for variable in network.trainable_variables:
        variable.assign(tf.random.normal(variable.shape))
    context, margin = restorer.receptive_field(scale, 2)
    clip = np.zeros((1, 2 * context + 3, 2, 2 * margin + 8, 3), np.float32)
    changed = clip.copy()
    changed[0, context + 1, :, margin + 4] = 1
    moved = np.abs(network(changed) - network(clip)).sum(axis=(0, 2, 4)) > 0
    frames, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    assert context == context + 1 - frames.min() == frames.max() - context - 1
    assert (margin + 4) * scale - columns.min() <= margin * scale
    assert columns.max() // scale - (margin + 4) <= margin


def test_critic_judges_each_clip_alone() -> None:
    judge = patch.discriminator(4)
    clips = tf.random.stateless_uniform((2, 8, 16, 24, 3), (1, 2), -1, 1)
    both = judge({"clip": clips})["logit"]
    assert both.shape == (2, 1)
    np.testing.assert_allclose(both[1:], judge({"clip": clips[1:]})["logit"], rtol=1e-4)


# Losses.


def test_perceptual_loss_is_the_metric_with_other_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstruction_losses, "FILTER_SEED", 0)
    clip = moving_shapes(1, 4, (48, 40))
    noisy = np.clip(clip + np.random.default_rng(0).normal(0, 20, clip.shape), 0, 255)
    noisy = noisy.astype(np.uint8)
    expected = metrics.perceptual_distance(noisy[None], clip[None]).mean()
    found = reconstruction_losses.perceptual_loss(
        *(tf.constant(pixels.to_model(c[None])) for c in (noisy, clip))
    )
    assert float(found) == pytest.approx(expected, rel=1e-3)


def test_temporal_loss_sees_flicker_alone() -> None:
    """An error that moves with what it lies on costs little, one that comes and goes much."""
    clip = moving_shapes(5, 6, (48, 40))
    flow = tf.constant(farneback_flow(grey(clip))[None])
    original = tf.constant(pixels.to_model(clip[None]))
    assert float(reconstruction_losses.temporal_loss(original, original, flow)) == 0
    brighter = original + 0.1
    flicker = original + 0.1 * tf.reshape(tf.constant([1.0, -1] * 3), (1, 6, 1, 1, 1))
    assert float(reconstruction_losses.temporal_loss(brighter, original, flow)) < 1e-6
    assert float(reconstruction_losses.temporal_loss(flicker, original, flow)) == pytest.approx(
        0.2, rel=1e-4
    )


def test_warping_follows_the_flow() -> None:
    """An error that is carried along by a motion of one pixel a frame is no flicker."""
    error = np.random.default_rng(0).normal(size=(8, 32)).astype(np.float32)
    frames = np.stack([np.roll(error, i, axis=1) for i in range(4)])[None, ..., None].repeat(3, -1)
    flow = np.zeros((1, 3, 8, 32, 2), np.float32)
    still = float(
        reconstruction_losses.temporal_loss(frames, np.zeros_like(frames), tf.constant(flow))
    )
    flow[..., 0] = 1
    moved = float(
        reconstruction_losses.temporal_loss(frames, np.zeros_like(frames), tf.constant(flow))
    )
    assert moved < 0.1 * still  # What is left is the border, where the roll comes round.


# Training.


def test_batches_are_the_same_in_every_session(dataset: Path) -> None:
    """A run that is taken up again sees what it would have seen, damage included."""
    manifest = Manifest.load(dataset)
    run = setup_run(dataset, manifest, crop=16, scale=2)
    data = tasks.find_task("enhance").data
    whole = [b for b, _ in zip(data(run, [manifest], 0), range(5), strict=False)]
    later = [b for b, _ in zip(data(run, [manifest], 3), range(2), strict=False)]
    for (damaged, original), (again, same) in zip(whole[3:], later, strict=True):
        assert damaged.shape == (2, 8, 8, 8, 3)
        assert original.shape == (2, 8, 16, 16, 3)
        np.testing.assert_array_equal(damaged, again)
        np.testing.assert_array_equal(original, same)
    assert any((a[1].numpy() != b[1].numpy()).any() for a, b in itertools.pairwise(whole))


def setup_run(dataset: Path, manifest: Manifest, **options: Any) -> Run:
    values = {**TINY, **options}
    return run_config.new_run(
        [dataset], [manifest], Path(), TrainingOptions.parse(values.pop("task"), values)
    )


@pytest.mark.parametrize(("scale", "side"), [(1, 32), (2, 32), (3, 48), (4, 64)])
def test_crop_follows_the_scale(scale: int, side: int) -> None:
    assert EnhanceConfig(scale=scale).side == side
    assert EnhanceConfig(scale=scale, crop=40).side == 40


def test_log(trained: Path) -> None:
    with (trained / "log.csv").open(newline="") as file:
        names = csv.DictReader(file).fieldnames or ()
    assert {"pixel_loss", "perceptual_loss", "temporal_loss", "psnr", "ssim_before"} <= set(names)
    rows = read_log(trained / "log.csv")
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    for row in rows:
        assert row["d_loss"] > 0
        assert row["pixel_loss"] > 0
    assert any("r1" in row for row in rows)


def test_pixel_loss_falls(dataset: Path, tmp_path: Path) -> None:
    """Brighter again within a few dozen steps: the gradient goes the right way."""
    options: dict[str, Any] = {"scale": 1, "damage": "dark", "dark": "8", "crop": 16, "g_lr": 0.01}
    run = vidgan.train(dataset, output=tmp_path / "run", steps=40, log_every=5, **TINY, **options)
    losses = [row["pixel_loss"] for row in read_log(run / "log.csv")]
    assert losses[-1] < 0.7 * losses[0]


def test_best_checkpoint_is_that_of_psnr(dataset: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "crop": 32,
        "damage": "none",
        "g_lr": 0.003,
        "metric_share": 1.0,
        "log_every": 1,
    }
    options |= {"metric_every": "0.1"}
    seconds = functools.partial(next, itertools.count(step=0.2))  # The machine may be a fast one.
    path = vidgan.train(
        dataset, output=tmp_path / "run", steps=60, keep=100, clock=seconds, **TINY, **options
    )
    figures = {row["step"]: row["psnr"] for row in read_log(path / "log.csv") if "psnr" in row}
    assert figures
    run = Run.open(path)
    found = measurement(run, "best")
    assert (found.metric, found.rising) == ("psnr", True)
    assert found.value == pytest.approx(max(figures.values()), rel=1e-4)
    text = CliRunner().invoke(main, ["info", str(path)]).output
    assert re.search(r"best +step \d+: psnr [\d.]+ \(4 clips of test\)", text)
    assert re.search(r"task +enhance: restore degraded video", text)


@pytest.mark.slow
def test_resumed_run_goes_on(trained: Path) -> None:
    vidgan.train(resume=trained, steps=9)
    assert Run.open(trained).state()["step"] == 9
    gan = load_gan(Run.open(trained))
    assert int(gan.step) == 9
    for average, weight in zip(gan.generator_ema.weights, gan.generator.weights, strict=True):
        assert average.shape == weight.shape


def test_samples(trained: Path) -> None:
    """Damaged, restored and original of each held-out clip, whole frames."""
    (path,) = (trained / "samples").glob("step-00000008.mp4")
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(3 * WIDTH, 4 * HEIGHT)] * 8


def test_trained_filter(trained: Path) -> None:
    made = trained_filter("enhance", trained, "latest", "cpu", scale=None)
    frames = moving_shapes(2, 11, (20, 18))
    restored = made.apply(frames, None)
    assert (made.scale, restored.shape) == (2, (11, 36, 40, 3))
    assert restored.dtype == np.float32
    # Eight steps from the bicubic base, which is near.
    enlarged = (restorer.Bicubic(2)(pixels.to_model(frames[None])).numpy()[0] + 1) * 127.5
    assert np.abs(restored - enlarged).mean() < 20
    assert np.abs(restored - enlarged).mean() > 0


def test_dry_run(dataset: Path) -> None:
    done = CliRunner().invoke(
        main,
        ["train", str(dataset), "--task=enhance", "--g-channels=4", "--blocks=1", "--dry-run"],
    )
    assert done.exit_code == 0, done.output
    assert re.search(r"task +enhance", done.output)
    assert re.search(r"scale +4", done.output)
    assert re.search(r"crop +64", done.output)
    assert "latent_dim" not in done.output
    assert re.search(r"generator [\d,]+, discriminator 0", done.output)
