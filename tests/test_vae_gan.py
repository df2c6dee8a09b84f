"""Training that is led by reconstruction: encoder, sampler of codes, and both training steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from dataset_files import make_dataset
from matrices import some

import vidgan
from vidgan import latents, runtime
from vidgan.config import MODELS, ModelConfig, TrainConfig
from vidgan.models import resolve
from vidgan.models.layers import code_sampler
from vidgan.models.layers.code_sampler import CodeSampler
from vidgan.tasks.load import load_gan
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.vae_gan import ADVERSARIAL_FROM, VAEGAN
from vidgan.training.log_file import read_log
from vidgan.training.run import Run

TINY: dict[str, Any] = {"frames": 8, "latent_dim": 8, "g_channels": 4, "d_channels": 4}
LABELS = ("walk", "run", "jump")


def moving_squares(count: int = 4, side: int = 32) -> tf.Tensor:
    """A bright square on grey that moves, at another place and in another colour in each clip."""
    clips = np.full((count, 8, side, side, 3), -0.2, np.float32)
    for index in range(count):
        for frame in range(8):
            row, column = 4 + 5 * index, 2 + 2 * frame
            clips[index, frame, row : row + 8, column : column + 8, index % 3] = 0.9
    return tf.constant(clips)


def make_gan(model: ModelConfig | None = None, **options: Any) -> VAEGAN:
    runtime.seed_everything(0)
    model = resolve(model or ModelConfig(**TINY))
    train = TrainConfig(**{"batch_size": 4, "augment": "none", **options})
    gan = build_gan(Run(Path(), model, train, Path(), (32, 32), 25.0))
    assert isinstance(gan, VAEGAN)
    return gan


def sampler_of(gan: VAEGAN) -> CodeSampler:
    sampler = gan.generator.get_layer("code_sampler")
    assert isinstance(sampler, CodeSampler)
    return sampler


def drawn(gan: VAEGAN, count: int) -> latents.Noise:
    return latents.from_seeds(gan.latents, range(count))


# The sampler.


def filled_sampler(codes: np.ndarray, classes: int = 0, labels: Any = None) -> CodeSampler:
    sampler = CodeSampler(codes.shape[1], classes)
    sampler.build(None)
    sampler.enqueue(tf.constant(codes, tf.float32), labels)
    return sampler


def anchors(*indices: int) -> np.ndarray:
    one_hot: np.ndarray = np.eye(code_sampler.SIZE, dtype=np.float32)
    return one_hot[list(indices)]


def test_without_noise_a_sample_is_a_code_of_the_queue() -> None:
    codes = np.random.default_rng(0).normal(size=(40, 6))
    noise = np.zeros((3, 6), np.float32)
    # A queue that is not full is repeated.
    found = filled_sampler(codes)({"anchor": anchors(0, 7, 47), "latent": noise})
    np.testing.assert_allclose(found, codes[[0, 7, 7]], atol=1e-5)


def test_samples_follow_the_local_shape_of_the_distribution() -> None:
    # Codes on a line in eight dimensions: samples lie on it, between and beyond the codes.
    direction = np.random.default_rng(1).normal(size=8)
    codes = np.linspace(-1, 1, 60)[:, None] * direction
    random = np.random.default_rng(2)
    noise = random.normal(size=(50, 8)).astype(np.float32)
    found = filled_sampler(codes)({"anchor": anchors(*range(50)), "latent": noise}).numpy()
    along = found @ direction / (direction @ direction)
    np.testing.assert_allclose(found, along[:, None] * direction, atol=1e-5)
    assert np.abs(along - np.linspace(-1, 1, 60)[:50]).min() > 0


def test_the_newest_codes_replace_the_oldest() -> None:
    sampler = CodeSampler(2)
    sampler.build(None)
    for start in range(0, 3 * code_sampler.SIZE // 2, 64):
        values = np.arange(start, start + 64)
        sampler.enqueue(tf.constant(np.stack([values, -values], 1), tf.float32))
    kept = np.sort(sampler.codes.numpy()[0, :, 0])
    np.testing.assert_array_equal(
        kept, np.arange(code_sampler.SIZE // 2, 3 * code_sampler.SIZE // 2)
    )


def test_a_label_has_codes_of_its_own() -> None:
    labels = tf.constant([0, 2, 2, 1, 0, 2] * 8)
    codes = np.repeat(labels.numpy()[:, None], 4, 1) * 10.0
    sampler = filled_sampler(codes, 3, labels)
    np.testing.assert_array_equal(sampler.count, [16, 8, 24])
    for label in range(3):
        inputs = {
            "anchor": anchors(0, 5, 300),
            "latent": np.ones((3, 4), np.float32),
            "label": np.full(3, label, np.int32),
        }
        np.testing.assert_allclose(sampler(inputs), np.full((3, 4), 10.0 * label))


def test_interpolation_passes_between_the_codes() -> None:
    gan = make_gan()
    start, end = (latents.from_seeds(gan.latents, [seed]) for seed in (0, 1))
    quiet = {"latent": np.zeros_like(start["latent"])}
    path = latents.interpolate(gan.latents, start, end, 4)
    codes = sampler_of(gan)({"anchor": path["anchor"], "latent": np.repeat(quiet["latent"], 4, 0)})
    ends = [
        sampler_of(gan)({"anchor": each["anchor"], **quiet}).numpy()[0] for each in (start, end)
    ]
    expected = [ends[0] * (1 - t) + ends[1] * t for t in (0, 0.25, 0.5, 0.75)]
    np.testing.assert_allclose(codes, expected, atol=1e-4)


# The training steps.


@pytest.mark.parametrize("model", some(MODELS, ("dcgan", "infogan", "mocogan", "continuous")))
def test_every_model_can_be_led(model: str) -> None:
    gan = make_gan(ModelConfig(model=model, reconstruction=1.0, **TINY))
    real = moving_squares()
    for step in (gan.reconstruction_step, gan.train_step):
        before = [weight.numpy() for weight in gan.g_variables()]
        logs = {name: float(value) for name, value in step(real).items()}
        assert np.isfinite(logs["reconstruction_loss"])
        assert np.isfinite(logs["kl_loss"])
        changed = [
            not np.array_equal(old, new.numpy())
            for old, new in zip(before, gan.g_variables(), strict=True)
        ]
        assert np.mean(changed) > 0.7
    clips = gan(drawn(gan, 3))
    assert clips.shape == (3, 8, 32, 32, 3)
    assert np.isfinite(clips).all()


def test_reconstruction_learns_the_clips_and_samples_resemble_them() -> None:
    gan = make_gan(ModelConfig(temporal_threshold=0.0, **TINY), g_lr=2e-3)
    real = moving_squares()
    step = tf.function(gan.reconstruction_step, autograph=False, jit_compile=False)
    losses = [float(step(real)["reconstruction_loss"]) for _ in range(400)]
    assert np.mean(losses[-10:]) < 0.45 * losses[0]
    inputs = drawn(gan, 8) | {"latent": np.zeros((8, TINY["latent_dim"]), np.float32)}
    samples = gan.generator({name: tf.constant(value) for name, value in inputs.items()}).numpy()
    error = np.abs(samples[:, None] - real.numpy()[None]).mean(axis=(2, 3, 4, 5)).min(axis=1)
    apart = np.abs(real.numpy()[0] - real.numpy()[1]).mean()
    assert np.median(error) < 0.6 * apart


def test_discriminators_join_later() -> None:
    gan = make_gan()
    assert gan.step_at(0.0) == gan.reconstruction_step
    assert gan.step_at(ADVERSARIAL_FROM) == gan.train_step
    frozen = [weight.numpy() for weight in gan.discriminators["clip"].weights]
    gan.reconstruction_step(moving_squares())
    for old, new in zip(frozen, gan.discriminators["clip"].weights, strict=True):
        np.testing.assert_array_equal(old, new)
    # Once they have, a larger budget does not take them out again.
    gan.train_step(moving_squares())
    assert gan.step_at(0.1) == gan.train_step


def test_the_adversarial_gradient_is_as_large_as_its_weight_says() -> None:
    """Whatever the scale of the discriminator's logits, the generator's step is about as large."""
    norms = []
    for factor in (1.0, 1000.0):
        gan = make_gan()
        head = gan.discriminators["clip"].get_layer("logit")
        head.kernel.assign(head.kernel * factor)
        norms.append(float(gan.train_step(moving_squares())["g_norm"]))
    assert norms[1] < 2 * norms[0]


def test_a_conditional_sampler_knows_its_labels() -> None:
    model = ModelConfig(conditional=True, labels=LABELS, **TINY)
    gan = make_gan(model)
    labels = tf.constant([0, 1, 2, 1])
    gan.reconstruction_step((moving_squares(), labels))
    np.testing.assert_array_equal(sampler_of(gan).count, [1, 2, 1])
    gan.train_step((moving_squares(), labels))
    np.testing.assert_array_equal(sampler_of(gan).count, [2, 4, 2])


def test_the_sampler_is_part_of_the_run(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "clips").path
    options = {**TINY, "batch_size": 2, "log_every": 1, "health": False, "metrics": "none"}
    path = vidgan.train(dataset, output=tmp_path / "run", steps=4, **options)
    rows = read_log(path / "log.csv")
    assert all(np.isfinite(row["reconstruction_loss"]) for row in rows)
    # Without discriminators at first.
    assert ["d_loss" in row for row in rows] == [False, False, True, True]
    gan = load_gan(Run.open(path))
    assert isinstance(gan, VAEGAN)
    assert int(sampler_of(gan).count[0]) == 8
    sampler = vidgan.load(path)
    np.testing.assert_array_equal(sampler.generate(2), vidgan.load(path).generate(seeds=[0, 1]))
    assert sampler.latents[0].name == "anchor"


@pytest.mark.slow
def test_without_reconstruction_it_is_a_gan_alone(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "clips").path
    path = vidgan.train(
        dataset, output=tmp_path / "run", steps=2, reconstruction=0.0, batch_size=2, **TINY
    )
    run = Run.open(path)
    assert [latent.name for latent in run.latents()] == ["latent"]
    assert not isinstance(load_gan(run), VAEGAN)
