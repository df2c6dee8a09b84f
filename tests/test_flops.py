"""FLOPs are counted right: against closed forms, through gradients, branches and loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import Latent
from vidgan.models import flops
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import Run

MODEL = ModelConfig(frames=8, latent_dim=6, g_channels=4, d_channels=4)
BATCH = 3


def squared(x: tf.Tensor) -> tf.Tensor:
    return tf.matmul(x, x)


square = tf.function(squared)
SQUARE = 2 * 4**3
MATRIX = tf.TensorSpec((4, 4))
STEP = tf.TensorSpec((), tf.int64)


def layer_and_input(kind: str) -> tuple[keras.Layer, tuple[int, ...], float]:
    """Return a layer, an item's shape and the FLOPs of one item."""
    return {
        "dense": (layers.Dense(7), (5,), 2 * 5 * 7),
        "dense on a sequence": (layers.Dense(7), (9, 5), 2 * 9 * 5 * 7),
        # A kernel's worth of multiplications at every output position.
        "same": (layers.Conv3D(7, (4, 3, 2), padding="same"), (6, 5, 4, 3), 2 * 120 * 24 * 3 * 7),
        "strided": (
            layers.Conv3D(7, 4, (2, 1, 2), padding="same"),
            (6, 5, 4, 3),
            2 * (3 * 5 * 2) * 64 * 3 * 7,
        ),
        "valid": (layers.Conv3D(7, 3), (6, 5, 4, 3), 2 * (4 * 3 * 2) * 27 * 3 * 7),
        # At every input position.
        "transposed": (
            layers.Conv3DTranspose(7, 4, 2, "same"),
            (6, 5, 4, 3),
            2 * (6 * 5 * 4) * 64 * 3 * 7,
        ),
        "2-D": (layers.Conv2D(7, 3, 2, "same"), (8, 6, 3), 2 * (4 * 3) * 9 * 3 * 7),
        "2-D transposed": (
            layers.Conv2DTranspose(7, 4, 2, "same"),
            (8, 6, 3),
            2 * (8 * 6) * 16 * 3 * 7,
        ),
        "2-D in groups": (
            layers.Conv2D(8, 3, padding="same", groups=2),
            (8, 6, 4),
            2 * 48 * 9 * 2 * 8,
        ),
        "depthwise": (
            layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
            (8, 6, 4),
            2 * 48 * 9 * 4 * 2,
        ),
        "einsum": (layers.EinsumDense("abc,cde->abde", (9, 2, 3)), (9, 5), 2 * 9 * 5 * 2 * 3),
        "einsum with dots": (layers.EinsumDense("...c,cd->...d", 4), (9, 5), 2 * 9 * 5 * 4),
    }[kind]


KINDS = (
    "dense",
    "dense on a sequence",
    "same",
    "strided",
    "valid",
    "transposed",
    "2-D",
    "2-D transposed",
    "2-D in groups",
    "depthwise",
    "einsum",
    "einsum with dots",
)


@pytest.mark.parametrize("kind", KINDS)
def test_layer(kind: str) -> None:
    layer, shape, expected = layer_and_input(kind)
    inputs = keras.Input(shape)
    network = keras.Model(inputs, layer(inputs))
    assert flops.network_flops(network) == expected
    assert flops.network_flops(network, BATCH) == BATCH * expected


# Keras computes groups in a function of its own, whose forward pass its gradients repeat.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "2-D in groups"])
def test_gradients_cost_twice_the_forward_pass(kind: str) -> None:
    """As much again for the gradient at the input, and for that of the weights."""
    layer, shape, expected = layer_and_input(kind)
    inputs = keras.Input(shape)
    network = keras.Model(inputs, layer(inputs))

    def gradients(x: tf.Tensor, *wanted: str) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = network(x)
        found = tape.gradient(made, {"x": x, "kernel": layer.kernel})
        return made, [found[name] for name in wanted]

    spec = tf.TensorSpec((BATCH, *shape))
    counted = [
        flops.count_flops(lambda x, wanted=wanted: gradients(x, *wanted), spec) / (BATCH * expected)
        for wanted in ((), ("x",), ("kernel",), ("x", "kernel"))
    ]
    assert counted == [1, 2, 2, 3]


def test_products() -> None:
    a, b = tf.TensorSpec((2, 5, 3)), tf.TensorSpec((2, 3, 7))
    assert flops.count_flops(tf.matmul, a, b) == 2 * 2 * 5 * 3 * 7
    turned = tf.TensorSpec((2, 3, 5))
    assert (
        flops.count_flops(lambda x, y: tf.matmul(x, y, transpose_a=True), turned, b)
        == 2 * 2 * 5 * 3 * 7
    )
    flat = tf.TensorSpec((3, 5)), tf.TensorSpec((3, 7))
    assert flops.count_flops(lambda x, y: tf.matmul(x, y, transpose_a=True), *flat) == 2 * 5 * 3 * 7
    assert (
        flops.count_flops(lambda x, y: tf.einsum("bij,bjk->bik", x, y), a, b) == 2 * 2 * 5 * 3 * 7
    )
    assert flops.count_flops(lambda x: tf.einsum("bij->bji", x) + 1, a) == 0


def test_what_is_not_needed_does_not_count() -> None:
    def function(x: tf.Tensor) -> tf.Tensor:
        square(x)
        return x + 1

    assert flops.count_flops(function, MATRIX) == 0


def test_effects_count() -> None:
    variable = tf.Variable(tf.zeros((4, 4)))

    def function(x: tf.Tensor) -> tf.Tensor:
        variable.assign(tf.matmul(x, x))
        return tf.constant(0)

    assert flops.count_flops(function, MATRIX) == SQUARE


def test_functions_count_at_every_call() -> None:
    assert flops.count_flops(lambda x: square(square(x)), MATRIX) == 2 * SQUARE


def test_branches() -> None:
    def branch(condition: Callable[[tf.Tensor], tf.Tensor]) -> Callable[..., tf.Tensor]:
        def function(x: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
            return tf.cond(condition(step), lambda: square(square(x)), lambda: square(x))

        return function

    assert flops.count_flops(branch(lambda s: tf.equal(s % 4, 3)), MATRIX, STEP) == SQUARE * (
        1 + 1 / 4
    )
    assert flops.count_flops(branch(lambda s: s > 5), MATRIX, STEP) == 2 * SQUARE
    assert flops.count_flops(branch(lambda s: tf.equal(s, 5)), MATRIX, STEP) == 2 * SQUARE


def test_loops() -> None:
    def loop(x: tf.Tensor, **options: Any) -> tf.Tensor:
        return tf.while_loop(
            lambda i, x: i < 5, lambda i, x: (i + 1, square(x)), (0, x), **options
        )[1]

    assert flops.count_flops(lambda x: loop(x, maximum_iterations=5), MATRIX) == 5 * SQUARE
    with pytest.raises(ValueError, match="number of iterations"):
        flops.count_flops(loop, MATRIX)


def test_recurrent_layer() -> None:
    inputs = keras.Input((7, 3))
    network = keras.Model(inputs, layers.GRU(5, return_sequences=True)(inputs))
    a_step = 2 * (3 + 5) * (3 * 5)
    assert flops.network_flops(network, BATCH) == BATCH * 7 * a_step

    def gradients(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            made = tf.reduce_sum(network(x) ** 2)
        found: list[tf.Tensor] = tape.gradient(made, network.trainable_variables)
        return found

    # The first frame's input needs no gradient.
    counted = flops.count_flops(gradients, tf.TensorSpec((BATCH, 7, 3)))
    assert BATCH * 7 * a_step * 2.5 < counted <= BATCH * 7 * a_step * 3


def test_generator_of_any_length() -> None:
    """How much work a clip is follows from the lengths of its latents."""
    latent, motion = keras.Input((6,), name="latent"), keras.Input((None, 3), name="motion")
    moving = layers.GRU(5, return_sequences=True)(motion)
    made = layers.Add()([layers.Dense(5)(latent)[:, None], moving])
    network = keras.Model({"latent": latent, "motion": motion}, made)
    for frames in (4, 9):
        inputs = Latent("latent", (6,)), Latent("motion", (frames, 3))
        expected = 2 * 6 * 5 + frames * 2 * (3 + 5) * (3 * 5)
        assert flops.generator_flops(network, inputs) == expected
    with pytest.raises(ValueError, match="not static"):
        flops.network_flops(network)


def test_unknown_shape() -> None:
    with pytest.raises(ValueError, match="not static"):
        flops.count_flops(square, tf.TensorSpec((None, None)))


def make_step(**options: Any) -> tuple[VideoGAN, float, float, float]:
    runtime.prepare()
    train = TrainConfig(batch_size=BATCH, **options)
    gan = build_gan(Run(Path(), MODEL, train, Path(), (32, 32), 25.0))
    generator = flops.network_flops(gan.generator)
    discriminator = flops.network_flops(gan.discriminators["clip"])
    return gan, generator, discriminator, flops.count_flops(gan.train_step, clips()) / BATCH


def clips() -> tf.TensorSpec:
    return tf.TensorSpec((BATCH, MODEL.frames, 32, 32, 3))


@pytest.fixture(scope="module")
def plain() -> tuple[VideoGAN, float, float, float]:
    return make_step(r1=0.0)


def test_training_step(plain: tuple[VideoGAN, float, float, float]) -> None:
    """One pass through G, and one over real and generated clips through D: three times forward."""
    _, generator, discriminator, step = plain
    expected = 3 * (generator + 2 * discriminator)
    # The latent vector needs no gradient.
    assert 0.97 * expected < step <= expected


def test_lazy_penalty_counts_its_share(plain: tuple[VideoGAN, float, float, float]) -> None:
    """R1 goes through D, back to the clips, and back through both."""
    *_, discriminator, step = plain
    every = {n: make_step(penalty_every=n)[-1] for n in (2, 8)}
    penalty = 8 * (every[8] - step)
    assert every[2] - step == pytest.approx(penalty / 2, rel=1e-6)
    assert 4 * discriminator < penalty < 7 * discriminator


def test_networks_that_learn_less_often_cost_less(
    plain: tuple[VideoGAN, float, float, float],
) -> None:
    _, generator, _, step = plain
    less = make_step(r1=0.0, g_every=3)[-1]
    # Two of three times the generator's backward pass falls away.
    assert step - less == pytest.approx(2 / 3 * 2 * generator, rel=0.05)


def test_counting_changes_nothing(plain: tuple[VideoGAN, float, float, float]) -> None:
    gan = plain[0]
    before = [weight.numpy().copy() for weight in gan.generator.weights]
    flops.count_flops(gan.train_step, clips())
    assert int(gan.step) == 0
    assert all(
        (old == new.numpy()).all() for old, new in zip(before, gan.generator.weights, strict=True)
    )
