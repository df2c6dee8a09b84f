"""The generator in continuous time: pictures are functions of time, of no rate and no beginning."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import from_seeds
from vidgan.models import build_generator, latents
from vidgan.models.continuous import ANCHOR_SPACING, REACH, FilteredNoise
from vidgan.tasks.synthesis import build_gan
from vidgan.training import latent_sampling
from vidgan.training.run import Run

CONFIG = ModelConfig(
    model="continuous", frames=8, latent_dim=6, g_channels=4, d_channels=4, motion_dim=3
)
CLIPS = 2000


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    runtime.seed_everything(0)
    return build_generator(CONFIG, 32, 32)


def paths(times: Sequence[float], clips: int = CLIPS, channels: int = 6) -> np.ndarray:
    """Return filtered noise ``(clips, times, 2 · channels)`` of an untrained layer."""
    anchors = 2 * REACH + 1 + int(max(times) // ANCHOR_SPACING)
    random = np.random.default_rng(0).standard_normal((clips, anchors, channels))
    rows = np.tile(np.asarray(times, np.float32), (clips, 1))
    filtered: np.ndarray = FilteredNoise()(random.astype(np.float32), rows).numpy()
    return filtered


def test_steps_train_every_weight() -> None:
    gan = build_gan(Run(Path(), CONFIG, TrainConfig(batch_size=2), Path(), (32, 32), 25.0))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    networks = [gan.generator, *gan.discriminators.values()]
    before = [network.get_weights() for network in networks]
    for index in range(2):
        logs = step(tf.random.stateless_uniform((2, 8, 32, 32, 3), (index, 1), -1, 1))
    assert np.isfinite(float(logs["d_loss"] + logs["g_loss"]))
    for network, weights in zip(networks, before, strict=True):
        for variable, old in zip(network.weights, weights, strict=True):
            assert np.isfinite(variable.numpy()).all()
            assert np.abs(variable.numpy() - old).max() > 0, variable.path


@pytest.mark.parametrize("spacing", [0.5, 0.25, 1 / 3, 0.8, 2.0])
def test_a_frame_depends_on_its_time_and_not_on_the_rate(
    generator: keras.Model, spacing: float
) -> None:
    frames = 31
    usual = generator(from_seeds(latents(CONFIG, 62), [4]))[0].numpy()
    other = generator(from_seeds(latents(CONFIG, frames, spacing), [4]))[0].numpy()
    times = np.arange(frames) * spacing
    whole = np.flatnonzero(np.abs(times - times.round()) < 1e-9)
    assert len(whole) >= 7
    np.testing.assert_allclose(other[whole], usual[times[whole].round().astype(int)], atol=1e-4)


def test_a_longer_clip_begins_with_the_shorter_one(generator: keras.Model) -> None:
    short, long = (generator(from_seeds(latents(CONFIG, n), [3]))[0].numpy() for n in (8, 40))
    np.testing.assert_allclose(long[:8], short, atol=1e-5)
    assert np.abs(long[8:16] - short).mean() > 0.01


def test_motion_is_smooth(generator: keras.Model) -> None:
    """Between frames of training lie pictures between theirs."""
    fine = generator(from_seeds(latents(CONFIG, 81, 0.1), [2]))[0].numpy()
    steps = np.abs(np.diff(fine, axis=0)).mean(axis=(1, 2, 3))
    apart = np.abs(np.diff(fine[::10], axis=0)).mean()
    assert 0 < steps.max() < 0.5 * apart


def test_no_time_is_special() -> None:
    """Deviations are 1 and correlations are alike at, between and far from the first anchors."""
    phases = np.array([0, 0.3, 0.5, 1, 1.7, 400.2, 401])
    lags = np.array([0, 1, 4])
    values = paths((phases[:, None] + lags).ravel()).reshape(CLIPS, len(phases), len(lags), -1)
    np.testing.assert_allclose((values**2).mean(axis=(0, 2, 3)), 1, atol=0.03)
    correlations = (values[:, :, :1] * values).mean(axis=0)  # (phases, lags, channels)
    error = np.abs(correlations - correlations.mean(axis=0)).max()
    assert error < 0.15, "2000 clips tell correlations to about 0.03"
    assert correlations[:, 1].mean() > 0.8


def test_nothing_repeats_in_ten_seconds() -> None:
    """What happens is forgotten within the reach of the anchors, whatever the frequencies."""
    far = np.arange(2 * REACH * ANCHOR_SPACING, 260, 7.3)
    values = paths([0, *far], clips=1000)
    correlations = (values[:, :1] * values[:, 1:]).mean(axis=0)
    assert np.abs(correlations).max() < 0.2
    assert np.abs(correlations).mean() < 0.05


def test_training_begins_anywhere_between_two_anchors() -> None:
    inputs = latents(CONFIG)
    drawn = latent_sampling.draw_latents(inputs, 2000, tf.constant((1, 2)), None)
    starts = drawn["times"].numpy()[:, 0]
    assert starts.min() < 0.05
    assert ANCHOR_SPACING - 0.05 < starts.max() < ANCHOR_SPACING
    last = np.floor(drawn["times"].numpy().max() / ANCHOR_SPACING) + 2 * REACH
    assert last == inputs[-1].shape[0] - 1, "as many anchors as are needed, and no more"


def test_every_anchor_of_a_long_clip_exists(generator: keras.Model) -> None:
    for frames, spacing in ((1, 1.0), (128, 1.0), (50, 0.37), (40, 2.6)):
        inputs = latents(CONFIG, frames, spacing)
        times = np.arange(frames) * spacing
        assert np.floor(times[-1] / ANCHOR_SPACING) + 2 * REACH < inputs[-1].shape[0]
    assert generator(from_seeds(inputs, [0])).shape == (1, 40, 32, 32, 3)


def test_motion_and_content_are_both_heard_from_the_start(generator: keras.Model) -> None:
    noises = from_seeds(latents(CONFIG), (1, 2))
    first, second = generator(noises).numpy()
    for name in ("latent", "motion"):
        other = generator(noises | {name: noises[name][::-1]})[0].numpy()
        assert np.abs(other - first).mean() > 0.2 * np.abs(second - first).mean(), name
