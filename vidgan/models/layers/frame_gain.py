"""What a transposed convolution over time needs at the ends of a clip."""

import keras
import numpy as np
from keras import layers


def _edges(shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    gain = np.ones(shape, np.float32)
    gain[[0, -1]] = 2**0.5
    return gain


@keras.saving.register_keras_serializable(package="vidgan")
class FrameGain(layers.Layer):
    """Scales and shifts each channel of each frame by learned numbers.

    A transposed convolution that doubles the frames reaches each with two of its taps, but the
    first and the last with one. Left alone, these frames show dots and stripes in every clip. They
    begin with the gain that makes up for the missing tap; what else is missing is learned.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make gains and biases ``(frames, 1, 1, channels)``."""
        shape = (input_shape[1], 1, 1, input_shape[-1])
        self.gain = self.add_weight(shape=shape, initializer=_edges, name="gain")
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Scale and shift."""
        return inputs * self.gain + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape
