"""Convolutions are those of Keras; their gradients are too, and exact in half precision."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan import runtime
from vidgan.models.layers import paired_columns
from vidgan.models.layers.convolutions import Conv3D, Conv3DTranspose

CASES: list[tuple[type[layers.Layer], type[layers.Layer], dict[str, Any]]] = [
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": (1, 3, 3)}),
    (Conv3D, layers.Conv3D, {"filters": 4, "kernel_size": 3}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 1, "use_bias": False}),
    (Conv3D, layers.Conv3D, {"filters": 16, "kernel_size": 3}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": (1, 4, 4), "strides": (1, 2, 2)}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 3, "dilation_rate": 2}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 3, "activation": "tanh"}),
    (Conv3D, layers.Conv3D, {"filters": 3, "kernel_size": 4, "strides": 2}),
    (Conv3DTranspose, layers.Conv3DTranspose, {"filters": 5, "kernel_size": 4, "strides": 2}),
    (
        Conv3DTranspose,
        layers.Conv3DTranspose,
        {"filters": 12, "kernel_size": (1, 3, 4), "strides": (1, 1, 2)},
    ),
    (Conv3DTranspose, layers.Conv3DTranspose, {"filters": 5, "kernel_size": 3, "use_bias": False}),
]


@pytest.fixture(autouse=True)
def vectors_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is computed in pairs of columns depends on the CPU."""
    monkeypatch.setattr(runtime, "vector_lanes", lambda: 8)


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


@pytest.mark.parametrize(
    ("channels", "size", "stride", "paired"),
    [
        (12, 4, 2, True),
        (3, (1, 4, 4), (1, 2, 2), True),
        (8, 4, 2, False),  # They fill a vector.
        (12, 3, 2, False),  # "Same" padding is not the same on both sides.
        (12, (4, 4, 3), (2, 2, 1), False),
    ],
)
def test_pairs_columns_where_that_fills_vectors(
    channels: int, size: Any, stride: Any, paired: bool
) -> None:
    layer = Conv3DTranspose(channels, size, stride, padding="same")
    layer.build((None, None, None, None, 4))
    assert paired_columns.suits(layer.kernel, layer.strides) == paired


@pytest.mark.parametrize(
    "shape", [(1, 4, 6, 8, 12), (2, 4, 6, 7, 12), (None, None, None, None, 12)]
)
def test_pairs_columns_of_any_clip(shape: tuple[int | None, ...]) -> None:
    """Those of an odd or unknown width are not paired."""
    mine, other = (kind(4, 4, 2, padding="same") for kind in (Conv3D, layers.Conv3D))
    back, plain = (
        kind(12, 4, 2, padding="same") for kind in (Conv3DTranspose, layers.Conv3DTranspose)
    )
    clip = tf.random.stateless_normal([2 if size is None else size for size in shape], (1, 2))
    for first, second in ((mine, other), (back, plain)):
        for layer in (first, second):
            layer.build((*shape[:-1], 12 if first is mine else 4))
        second.set_weights(first.get_weights())

    @tf.function(input_signature=[tf.TensorSpec(shape)])  # type: ignore[untyped-decorator]
    def found(clip: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(clip)
            output = back(mine(clip))
        return output, tape.gradient(output, clip)

    with tf.GradientTape() as tape:
        tape.watch(clip)
        wanted = plain(other(clip))
    for values, expected in zip(found(clip), (wanted, tape.gradient(wanted, clip)), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


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
