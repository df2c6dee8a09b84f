"""Two streams: what moves, before what stands still."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_run import reloaded

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import from_seeds
from vidgan.models import build_generator, latents
from vidgan.models.dcgan import BOUND
from vidgan.models.vgan import streams
from vidgan.tasks.synthesis import build_gan
from vidgan.training.run import Run

TINY = ModelConfig(model="vgan", frames=8, latent_dim=6, g_channels=4, d_channels=4)
LABELLED = TINY.replace(conditional=True, labels=("run", "walk"))


def set_mask(generator: keras.Model, logit: float) -> None:
    """Close the mask everywhere, or open it."""
    bias = generator.get_layer("moving").bias
    bias.assign([*np.asarray(bias)[:3], logit])


@pytest.mark.parametrize("config", [TINY, LABELLED, TINY.replace(spectral_norm="both")])
def test_clip_is_put_together_from_the_streams(config: ModelConfig) -> None:
    runtime.seed_everything(1)
    generator = build_generator(config, 32, 40)
    noise = from_seeds(latents(config), range(3))
    parts = streams(generator, noise)
    assert parts["foreground"].shape == (3, 8, 32, 40, 3)
    assert parts["mask"].shape == (3, 8, 32, 40, 1)
    assert parts["background"].shape == (3, 1, 32, 40, 3)
    assert all(part.dtype == np.float32 for part in parts.values())
    mask = parts["mask"]
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert mask.std() > 1e-3
    clip = mask * parts["foreground"] + (1 - mask) * parts["background"]
    np.testing.assert_allclose(generator(noise), BOUND * np.tanh(clip), rtol=1e-4, atol=1e-5)


def test_background_stands_still_and_foreground_moves() -> None:
    runtime.seed_everything(1)
    generator = build_generator(TINY, 32, 32)
    noise = from_seeds(latents(TINY), range(2))
    set_mask(generator, -1e3)
    still = generator(noise).numpy()
    np.testing.assert_array_equal(still, np.repeat(still[:, :1], 8, axis=1))
    assert still.std() > 1e-2
    set_mask(generator, 1e3)
    moving = generator(noise).numpy()
    foreground = BOUND * np.tanh(streams(generator, noise)["foreground"])
    np.testing.assert_allclose(moving, foreground, atol=1e-6)
    assert np.abs(moving[:, 1:] - moving[:, :-1]).max() > 1e-2


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_training_moves_both_streams(precision: str, tmp_path: Path) -> None:
    train = TrainConfig(precision=precision, penalty_every=1)
    gan = build_gan(Run(Path("run"), TINY, train, Path("data"), (32, 32), 25.0))
    noise = from_seeds(latents(TINY), range(2))
    before = streams(gan.generator, noise)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    for _ in range(2):
        logs = step(tf.random.stateless_uniform((4, 8, 32, 32, 3), (1, 2), -1, 1))
    assert np.isfinite(logs["d_loss"])
    assert np.isfinite(logs["r1"])
    after = streams(gan.generator, noise)
    for name in before:
        assert np.abs(after[name] - before[name]).max() > 1e-4, name
    again = reloaded(gan, precision, tmp_path / "g.weights.h5")
    np.testing.assert_array_equal(again(noise), gan(noise))
