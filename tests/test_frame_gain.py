"""Frames at the ends of a clip are made as the others are."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from vidgan import runtime
from vidgan.models.layers.frame_gain import FrameGain


def deviations(gain: bool) -> np.ndarray:
    """Return each frame's deviation behind a fresh transposed convolution over noise."""
    runtime.seed_everything(0)
    clip = keras.Input((4, 8, 8, 32))
    x = layers.Conv3DTranspose(32, 4, 2, "same", kernel_initializer="he_normal")(clip)
    network = keras.Model(clip, FrameGain()(x) if gain else x)
    noise = np.random.default_rng(0).normal(size=(8, 4, 8, 8, 32)).astype(np.float32)
    inner = network.predict(noise, verbose=0)[:, :, 2:-2, 2:-2]
    found: np.ndarray = inner.std(axis=(0, 2, 3, 4))
    return found


def test_all_frames_begin_alike() -> None:
    plain, evened = deviations(False), deviations(True)
    # The first and the last frame are reached by one tap where the others are by two.
    np.testing.assert_allclose(plain[[0, -1]] / plain[1:-1].mean(), 2**-0.5, rtol=0.05)
    np.testing.assert_allclose(evened / evened.mean(), 1, rtol=0.05)


def test_gains_are_a_frame_and_a_channel() -> None:
    layer = FrameGain()
    layer.build((None, 3, 2, 2, 5))
    layer.gain.assign(np.arange(15.0).reshape(3, 1, 1, 5))
    layer.bias.assign(np.ones((3, 1, 1, 5)))
    made = np.asarray(layer(np.full((2, 3, 2, 2, 5), 2.0, np.float32)))
    np.testing.assert_array_equal(made[1, :, 0, 1], 2 * np.arange(15.0).reshape(3, 5) + 1)


def test_gradients() -> None:
    """They are those of the plain product and sum, also the second ones."""
    clip = tf.random.stateless_normal((3, 4, 5, 6, 7), (1, 2))
    gain, bias = (tf.random.stateless_normal((4, 1, 1, 7), (seed, 1)) for seed in (3, 4))
    layer = FrameGain()
    layer.build(clip.shape)
    layer.set_weights([gain, bias])

    def gradients(network: Callable[[tf.Tensor], tf.Tensor], weights: list[Any]) -> list[Any]:
        with tf.GradientTape() as outer:
            outer.watch([clip, *weights])
            with tf.GradientTape() as tape:
                tape.watch([clip, *weights])
                total = tf.reduce_sum(tf.sin(network(clip)))
            first = tape.gradient(total, [clip, *weights])
            norm = tf.add_n([tf.reduce_sum(tf.square(each)) for each in first])
        return [*first, outer.gradient(norm, clip)]

    found = gradients(layer, [each.value for each in layer.trainable_variables])
    wanted = gradients(lambda x: x * gain + bias, [gain, bias])
    for mine, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
