"""Convolutions are those of Keras; their gradients are too, and exact in half precision."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan.models.layers.convolutions import Conv3D, Conv3DTranspose

CASES: list[tuple[type[layers.Layer], type[layers.Layer], dict[str, Any]]] = [
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": (1, 3, 3)}),
    (Conv3D, layers.Conv3D, {"filters": 4, "kernel_size": 3}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 1, "use_bias": False}),
    (Conv3D, layers.Conv3D, {"filters": 16, "kernel_size": 3}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": (1, 4, 4), "strides": (1, 2, 2)}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 3, "dilation_rate": 2}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 3, "activation": "tanh"}),
    (Conv3DTranspose, layers.Conv3DTranspose, {"filters": 5, "kernel_size": 4, "strides": 2}),
    (Conv3DTranspose, layers.Conv3DTranspose, {"filters": 5, "kernel_size": 3, "use_bias": False}),
]


def gradients(layer: layers.Layer, clip: tf.Tensor) -> list[tf.Tensor]:
    """Return output, first gradients, and the gradient of their squared norm."""
    with tf.GradientTape() as outer:
        outer.watch(clip)
        with tf.GradientTape() as tape:
            tape.watch(clip)
            output = layer(clip)
            total = tf.reduce_sum(tf.sin(output))
        first = tape.gradient(total, [clip, *(each.value for each in layer.trainable_variables)])
        norm = tf.add_n([tf.reduce_sum(tf.square(each)) for each in first])
    return [output, *first, outer.gradient(norm, clip)]


@pytest.mark.parametrize(("ours", "theirs", "options"), CASES)
def test_convolves_as_keras_does(
    ours: type[layers.Layer], theirs: type[layers.Layer], options: dict[str, Any]
) -> None:
    clip = tf.random.stateless_normal((2, 4, 8, 10, 12), (1, 2))
    mine, other = ours(padding="same", **options), theirs(padding="same", **options)
    for layer in (mine, other):
        layer.build(clip.shape)
    other.set_weights([weight + 0.1 for weight in mine.get_weights()])
    mine.set_weights(other.get_weights())
    # In a graph, and without one.
    traced = tf.function(lambda: gradients(mine, clip), autograph=False)
    found, wanted = traced(), gradients(other, clip)
    for values, expected in zip(found, wanted, strict=True):
        assert values.shape == expected.shape
        largest = np.abs(expected).max()
        assert largest > 0.01
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4 * largest)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("layer", [Conv3D, Conv3DTranspose])
def test_gradient_of_a_bias_in_half_precision(layer: type[layers.Layer], precision: str) -> None:
    """Thousands of small numbers are added; in bfloat16 the sum would stop at a few hundred."""
    clip = keras.Input((None, None, None, 8))
    network = keras.Model(clip, layer(3, 3, padding="same", dtype=precision)(clip))
    for shape in ((1, 2, 6, 7, 8), (3, 5, 32, 24, 8)):  # One network for clips of any size.
        with tf.GradientTape() as tape:
            total = 0.25 * tf.reduce_sum(tf.cast(network(tf.ones(shape)), tf.float32))
        kernel, bias = tape.gradient(total, network.trainable_variables)
        assert kernel.dtype == bias.dtype == tf.float32
        np.testing.assert_allclose(bias, 0.25 * np.prod(shape[:-1]), rtol=0.01)


@pytest.mark.parametrize(("ours", "theirs"), [case[:2] for case in (CASES[0], CASES[-1])])
def test_keeps_the_names_of_variables_in_checkpoints(
    ours: type[layers.Layer], theirs: type[layers.Layer]
) -> None:
    mine, other = ours(3, 1, name="c"), theirs(3, 1, name="c")
    for layer in (mine, other):
        layer.build((None, 1, 1, 1, 4))
    assert [each.path for each in mine.variables] == [each.path for each in other.variables]
    assert ours(3, 1).name.rstrip("_0123456789") == theirs(3, 1).name.rstrip("_0123456789")
