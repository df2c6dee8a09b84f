"""Gains and biases for each frame, against edge artefacts of transposed convolutions over time."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from vidgan.models.layers.sums import sum_pixels


def _edges(shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    gain = np.ones(shape, np.float32)
    gain[[0, -1]] = 2**0.5
    return gain


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _scale(inputs: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Any]:
    def gradients(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        sums = (sum_pixels(output * inputs), sum_pixels(output))
        return output * gain, *(tf.cast(each[:, None, None], gain.dtype) for each in sums)

    return inputs * gain + bias, gradients


@keras.saving.register_keras_serializable(package="vidgan")
class FrameGain(layers.Layer):
    """Scales and shifts each channel of each frame by learned values.

    In a transposed convolution that doubles the number of frames, two taps contribute to each
    frame, but only one to the first and the last. Without correction these frames show dots and
    stripes in every clip. Their initial gain, √2, compensates for the missing tap.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create gains and biases ``(frames, 1, 1, channels)``."""
        shape = (input_shape[1], 1, 1, input_shape[-1])
        self.gain = self.add_weight(shape=shape, initializer=_edges, name="gain")
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Scale and shift."""
        return _scale(*map(tf.convert_to_tensor, (inputs, self.gain, self.bias)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape
