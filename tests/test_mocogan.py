"""MoCoGAN: content and motion apart, and a motion that neither begins nor ends."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import ArrayLike

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import from_seeds
from vidgan.models import build_discriminators, build_generator, latents, resolve
from vidgan.models.mocogan import WARM_UP, SlowGate
from vidgan.tasks.synthesis import build_gan
from vidgan.training.run import Run

CONFIG = ModelConfig(
    model="mocogan", frames=8, latent_dim=6, g_channels=4, d_channels=4, motion_dim=5
)


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    runtime.seed_everything(0)
    return build_generator(CONFIG, 32, 32)


def change(a: ArrayLike, b: ArrayLike) -> float:
    """Return the mean difference of two clips."""
    return float(np.abs(np.asarray(a) - np.asarray(b)).mean())


def test_steps_train_every_weight_of_all_networks() -> None:
    gan = build_gan(Run(Path(), CONFIG, TrainConfig(batch_size=2), Path(), (32, 32), 25.0))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    networks = [gan.generator, *gan.discriminators.values()]
    before = [network.get_weights() for network in networks]
    for index in range(2):
        real = tf.random.stateless_uniform((2, 8, 32, 32, 3), (index, 1), -1, 1)
        logs = step(real)
    assert np.isfinite(float(logs["d_loss"]))
    assert np.isfinite(float(logs["g_loss"]))
    for network, weights in zip(networks, before, strict=True):
        for variable, old in zip(network.weights, weights, strict=True):
            assert np.isfinite(variable.numpy()).all()
            assert np.abs(variable.numpy() - old).max() > 0, variable.path


def test_frames_and_clips_are_judged() -> None:
    networks = build_discriminators(CONFIG, 32, 32)
    shapes = {name: network.input["clip"].shape[1:4] for name, network in networks.items()}
    assert shapes == {"frames": (1, 32, 32), "clip": (8, 32, 32)}


def test_the_papers_size_of_motion_can_be_had() -> None:
    assert resolve(ModelConfig(model="mocogan")).motion_dim == 16
    motion = latents(CONFIG.replace(motion_dim=10))[-1]
    assert (motion.name, motion.shape[1]) == ("motion", 10)


def test_content_and_motion_are_both_heard_from_the_start(generator: keras.Model) -> None:
    noises = from_seeds(latents(CONFIG), (1, 2))
    first, second = generator(noises)
    other_motion = generator(noises | {"motion": noises["motion"][::-1]})[0]
    other_content = generator(noises | {"latent": noises["latent"][::-1]})[0]
    assert change(first, second) > 0
    for other in (other_motion, other_content):
        assert change(first, other) > 0.2 * change(first, second)


def test_motion_is_slow_at_first(generator: keras.Model) -> None:
    clip = generator(from_seeds(latents(CONFIG, 32), [1])).numpy()[0]
    assert change(clip[1:], clip[:-1]) < 0.6 * change(clip[12:], clip[:-12])


def test_a_longer_clip_begins_with_the_shorter_one(generator: keras.Model) -> None:
    short, long = (generator(from_seeds(latents(CONFIG, n), [3]))[0] for n in (8, 40))
    np.testing.assert_allclose(long[:8], short, atol=1e-5)
    assert change(long[8:16], short) > 0.01


def test_no_frame_knows_what_comes_later(generator: keras.Model) -> None:
    noises = from_seeds(latents(CONFIG, 16), [3])
    changed = {**noises, "motion": noises["motion"].copy()}
    changed["motion"][:, WARM_UP + 10] += 1
    a, b = generator(noises)[0].numpy(), generator(changed)[0].numpy()
    np.testing.assert_array_equal(a[:10], b[:10])
    assert change(a[10:], b[10:]) > 0


def test_motion_goes_on_as_it_began(generator: keras.Model) -> None:
    """The codes' deviation at the first frame, within training's frames and far on is the same."""
    noises = from_seeds(latents(CONFIG, 200), range(256))
    codes = generator.get_layer("motion_codes")(noises["motion"]).numpy()[:, WARM_UP:]
    later = codes[:, 100:].std()
    assert codes[:, 0].std() == pytest.approx(later, rel=0.1)
    assert codes[:, :8].std() == pytest.approx(later, rel=0.1)
    assert np.abs(codes).max() <= 1


def test_long_clips_do_not_drift_in_half_precision() -> None:
    clips = []
    for precision in ("float32", "mixed_bfloat16"):
        runtime.seed_everything(1)
        runtime.set_precision(precision)
        try:
            built = build_generator(CONFIG, 32, 32)
        finally:
            runtime.set_precision("float32")
        clips.append(built(from_seeds(latents(CONFIG, 128), [0])).numpy()[0])
    assert change(clips[0][-8:], clips[1][-8:]) < 2 * change(clips[0][:8], clips[1][:8]) + 1e-3


def test_slow_gate() -> None:
    bias = SlowGate(2.0)((2, 12)).numpy()
    np.testing.assert_array_equal(bias.sum(axis=0), [2] * 4 + [0] * 8)
    assert SlowGate(**SlowGate(1.5).get_config()).bias == 1.5
