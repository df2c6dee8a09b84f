"""Spectral normalisation against NumPy's singular values, and within training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import from_seeds
from vidgan.models import build_discriminators, build_generator, latents
from vidgan.models.layers.spectral_norm import SpectralNorm, apply_spectral_norm
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import Run

TINY = ModelConfig(frames=8, latent_dim=6, g_channels=4, d_channels=4)
CONDITIONAL = TINY.replace(conditional=True, labels=("run", "walk"))
# A layer of each kind and what it is called with.
LAYERS = {
    "dense": (lambda: layers.Dense(5), (3, 7)),
    "conv": (lambda: layers.Conv3D(5, (1, 3, 3), padding="same"), (2, 2, 4, 4, 3)),
    "transposed": (lambda: layers.Conv3DTranspose(5, 4, 2, "same"), (2, 2, 4, 4, 3)),
    "still": (lambda: layers.Conv2DTranspose(3, 3, 2, "same", use_bias=False), (2, 4, 4, 6)),
}


def spectral_layers(network: keras.Model) -> list[SpectralNorm]:
    """Return all normalised layers, also of models within the model."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, SpectralNorm)]


def matrix(layer: layers.Layer) -> np.ndarray:
    """Return a kernel as the matrix from all that an output sees to the outputs."""
    kernel = np.asarray(layer.kernel)
    if "Transpose" in type(layer).__name__:
        kernel = np.swapaxes(kernel, -1, -2)
    return kernel.reshape(-1, kernel.shape[-1])


def divided(layer: layers.Layer, shape: tuple[int, ...]) -> layers.Layer:
    """Return a plain layer whose kernel NumPy divided by its largest singular value."""
    plain = type(layer).from_config(layer.get_config())
    plain.build(shape)
    plain.set_weights(layer.get_weights())
    plain.kernel.assign(np.asarray(layer.kernel) / np.linalg.norm(matrix(layer), 2))
    return plain


def iterate(network: Any, inputs: Any, steps: int) -> Any:
    """Call a network or layer for training so often, and return the last outputs."""
    outputs = network(inputs, training=True)
    step = tf.function(lambda: network(inputs, training=True), autograph=False, jit_compile=False)
    for _ in range(steps - 1):
        outputs = step()
    return outputs


def trained_layer(kind: str, steps: int = 100) -> tuple[SpectralNorm, tf.Tensor]:
    """Return a layer whose power iteration has settled, and an input."""
    make, shape = LAYERS[kind]
    runtime.seed_everything(2)
    x = tf.random.stateless_normal(shape, (1, 2))
    layer = SpectralNorm(make())  # type: ignore[no-untyped-call]
    iterate(layer, x, steps)
    if layer.layer.use_bias:
        layer.layer.bias.assign(np.linspace(-1, 1, 5))
    return layer, x


@pytest.mark.parametrize("kind", LAYERS)
def test_layer_has_norm_one(kind: str) -> None:
    layer, x = trained_layer(kind)
    expected = divided(layer.layer, x.shape)
    assert np.linalg.norm(matrix(expected), 2) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(layer(x), expected(x), rtol=1e-3, atol=1e-4)
    # The kernel itself is free.
    assert np.linalg.norm(matrix(layer.layer), 2) != pytest.approx(1, abs=0.05)
    assert np.linalg.norm(layer.vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradient_goes_through_the_division(kind: str) -> None:
    layer, x = trained_layer(kind)
    plain = divided(layer.layer, x.shape)
    weights = tf.random.stateless_normal(plain(x).shape, (3, 4))
    gradients = []
    for called, kernel in ((layer, layer.layer.kernel), (plain, plain.kernel)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(called(x, training=True) * weights)
        gradients.append(np.asarray(tape.gradient(loss, kernel.value)))
    ours, at_quotient = gradients
    left, values, right = np.linalg.svd(matrix(layer.layer))
    rank_one = np.outer(left[:, 0], right[0])
    if "Transpose" in type(plain).__name__:
        ours, at_quotient = np.swapaxes(ours, -1, -2), np.swapaxes(at_quotient, -1, -2)
    ours, at_quotient = (g.reshape(rank_one.shape) for g in (ours, at_quotient))
    # W/σ has the differential dW/σ − W⟨uvᵀ, dW⟩/σ².
    along = np.sum(at_quotient * matrix(plain))
    expected = (at_quotient - along * rank_one) / values[0]
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_second_derivatives_are_those_of_the_quotient() -> None:
    """As R1 and unrolling need them."""
    layer, x = trained_layer("dense", steps=300)
    kernel = layer.layer.kernel

    def slope(called: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.tanh(called(x)))
        return tf.reduce_sum(tape.gradient(y, x) ** 2)

    with tf.GradientTape() as tape:
        value = slope(layer)
    gradient = np.asarray(tape.gradient(value, kernel.value))
    random = np.random.default_rng(0).standard_normal(kernel.shape).astype(np.float32)
    start, ends = np.asarray(kernel), []
    for sign in (1, -1):
        layer.layer.kernel.assign(start + sign * 0.01 * random)
        ends.append(float(slope(divided(layer.layer, x.shape))))
    assert (ends[0] - ends[1]) / 0.02 == pytest.approx(np.sum(gradient * random), rel=0.02)


def test_every_layer_of_nested_models_is_normalised() -> None:
    runtime.seed_everything(0)
    config = CONDITIONAL.replace(spectral_norm="both")
    generator = build_generator(config, 32, 32)
    (discriminator,) = build_discriminators(config, 32, 32).values()
    noise = from_seeds(latents(config), range(2))
    clips = {"clip": generator(noise).numpy(), "label": np.array([0, 1], np.int32)}
    for network, batch in ((generator, noise), (discriminator, clips)):
        wrapped = [layer.layer for layer in spectral_layers(network)]
        kernels = [v for v in network.trainable_variables if v.path.endswith("kernel")]
        assert len(wrapped) == len(kernels) >= 4
        assert {id(layer.kernel) for layer in wrapped} == {id(kernel) for kernel in kernels}
        embeddings = [v for v in network.weights if "embeddings" in v.path]
        assert len(embeddings) == 1
        iterate(network, batch, 50)
        for layer in spectral_layers(network):
            size, _ = layer._largest(layer.layer.kernel.value, layer.vector.value)
            exact = np.linalg.norm(matrix(layer.layer), 2)
            assert float(size) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Dense(400), (2000, 100)),
        (lambda: layers.Conv3D(64, (1, 3, 3), padding="same"), (4, 2, 16, 16, 32)),
        (lambda: layers.Conv3DTranspose(32, 4, 2, "same"), (4, 8, 8, 8, 64)),
        (lambda: layers.Conv3DTranspose(16, (1, 4, 4), (1, 2, 2), "same"), (4, 4, 16, 16, 64)),
    ],
)
def test_sustained_layer_passes_a_signal_on(
    make: Callable[..., Any], shape: tuple[int, ...]
) -> None:
    """A chain of such layers and LeakyReLUs neither fades nor explodes."""
    runtime.seed_everything(5)
    layer = SpectralNorm(make(), sustained=True)
    x = tf.nn.leaky_relu(tf.random.stateless_normal(shape, (1, 2)), 0.2)
    y = iterate(layer, x, 30)
    inside = y if y.shape.rank == 2 else y[:, :, 2:-2, 2:-2]
    assert np.std(inside) == pytest.approx(1, rel=0.15)
    assert SpectralNorm.from_config(layer.get_config()).sustained


def test_generator_without_normalisation_keeps_its_signal() -> None:
    spread = {}
    for norm in ("none", "both"):
        runtime.seed_everything(1)
        generator = build_generator(TINY.replace(spectral_norm=norm), 64, 64)
        noise = from_seeds(latents(TINY), range(4))
        clips = iterate(generator, noise, 20)
        # What the latents make of a clip, beside what all clips share.
        spread[norm] = float(tf.reduce_mean(tf.math.reduce_std(clips, axis=0)))
    assert 0.5 * spread["none"] < spread["both"] < 0.9


def test_only_training_moves_the_vector() -> None:
    runtime.seed_everything(0)
    generator = build_generator(TINY.replace(spectral_norm="both"), 32, 32)
    noise = from_seeds(latents(TINY), range(2))
    before = generator.get_weights()
    made = [generator(noise, training=False).numpy() for _ in range(2)]
    np.testing.assert_array_equal(*made)
    for old, new in zip(before, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    generator(noise, training=True)
    changed = {
        variable.path.split("/")[-1]
        for variable, old in zip(generator.weights, before, strict=True)
        if not np.array_equal(old, variable)
    }
    assert changed == {"vector"}
    assert all(variable.path.endswith("vector") for variable in generator.non_trainable_variables)


def test_stateless_call_leaves_the_variables_alone() -> None:
    layer, x = trained_layer("transposed", steps=1)
    kernel, bias = np.asarray(layer.layer.kernel), np.asarray(layer.layer.bias)
    vector = np.asarray(layer.vector)
    y, (after,) = layer.stateless_call(
        [tf.constant(7 * kernel), tf.constant(bias + 1)], [tf.constant(vector)], x, training=True
    )
    np.testing.assert_array_equal(layer.vector, vector)
    # Another scale means nothing, another bias does.
    np.testing.assert_allclose(y, layer(x, training=True) + 1, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after, layer.vector, atol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_measures_in_float32(precision: str) -> None:
    layer, x = trained_layer("transposed")
    runtime.set_precision(precision)
    try:
        mixed = SpectralNorm(LAYERS["transposed"][0]())  # type: ignore[no-untyped-call]
    finally:
        runtime.set_precision("float32")
    mixed(x)
    mixed.set_weights(layer.get_weights())
    symbolic = mixed(keras.Input(x.shape[1:]))
    assert mixed(x).dtype == symbolic.dtype == precision.removeprefix("mixed_")
    assert mixed.vector.dtype == "float32"
    np.testing.assert_allclose(tf.cast(mixed(x), tf.float32), layer(x), atol=0.05)
    mixed(x, training=True)
    layer(x, training=True)
    np.testing.assert_array_equal(mixed.vector, layer.vector)


def test_kernel_of_zeros_has_no_direction() -> None:
    layer, x = trained_layer("dense", steps=1)
    layer.layer.kernel.assign(np.zeros(layer.layer.kernel.shape))
    vector = np.asarray(layer.vector)
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
    np.testing.assert_allclose(y, np.tile(layer.layer.bias, (3, 1)))
    gradient = tape.gradient(y, layer.layer.kernel.value)
    np.testing.assert_allclose(gradient, np.tile(tf.reduce_sum(x, 0)[:, None], (1, 5)), rtol=1e-5)
    np.testing.assert_array_equal(layer.vector, vector)


def test_clone_and_saved_weights_say_everything(tmp_path: Path) -> None:
    runtime.seed_everything(0)
    discriminator = build_discriminators(
        CONDITIONAL.replace(spectral_norm="discriminator"), 32, 32
    )["clip"]
    batch = {
        "clip": np.random.default_rng(0).uniform(-1, 1, (2, 8, 32, 32, 3)).astype(np.float32),
        "label": np.array([0, 1], np.int32),
    }
    discriminator(batch, training=True)
    expected = discriminator(batch)["logit"].numpy()
    discriminator.save_weights(tmp_path / "d.weights.h5")
    again = keras.models.clone_model(discriminator)
    assert len(spectral_layers(again)) == len(spectral_layers(discriminator))
    assert np.abs(again(batch)["logit"] - expected).max() > 1e-6
    again.load_weights(tmp_path / "d.weights.h5")
    np.testing.assert_array_equal(again(batch)["logit"], expected)
    discriminator.save(tmp_path / "d.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "d.keras")(batch)["logit"], expected
    )


def tiny_gan(model: ModelConfig, **train: Any) -> VideoGAN:
    return build_gan(Run(Path("run"), model, TrainConfig(**train), Path("data"), (32, 32), 25.0))


@pytest.mark.parametrize(
    "train", [{"penalty_every": 1, "r2": 1.0}, {"unroll": 1}, {"precision": "mixed_bfloat16"}]
)
def test_training(train: dict[str, Any]) -> None:
    gan = tiny_gan(TINY.replace(spectral_norm="both"), **train)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    networks = (gan.generator, gan.discriminators["clip"])
    before = [[np.asarray(layer.vector) for layer in spectral_layers(n)] for n in networks]
    clips = tf.random.stateless_uniform((4, 8, 32, 32, 3), (1, 2), -1, 1)
    for _ in range(2):
        logs = step(clips)
    assert np.isfinite(logs["d_loss"])
    assert np.isfinite(logs["g_norm"])
    for network, old in zip(networks, before, strict=True):
        for layer, vector in zip(spectral_layers(network), old, strict=True):
            # One output has one direction only.
            moved = np.abs(layer.vector - vector).max() > 1e-4
            assert moved or layer.vector.shape == (1,), layer.name
    pairs = zip(spectral_layers(gan.generator_ema), spectral_layers(gan.generator), strict=True)
    for average, layer in pairs:
        np.testing.assert_array_equal(average.vector, layer.vector)


def test_any_functional_model() -> None:
    inside = keras.Sequential([keras.Input((6,)), layers.Dense(4, "tanh"), layers.Dense(3)])
    shared = layers.Dense(6)
    x = keras.Input((6,))
    network = apply_spectral_norm(keras.Model(x, inside(shared(shared(x))) + 1.0))
    assert len(spectral_layers(network)) == 3
    assert len(network.trainable_variables) == 6
