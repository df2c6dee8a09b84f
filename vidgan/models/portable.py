"""Copies of networks without operations that ONNX or LiteRT lack."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from vidgan.models.layers.resize import Resize
from vidgan.models.restorer import Bicubic, OntoBicubic

# Taps of a bicubic kernel over all pixels of an enlarged one, on either side of its source.
_REACH = 2


def portable(network: keras.Model) -> keras.Model:
    """Return a copy of a trained network that makes the same clips, but for rounding.

    LiteRT has no bicubic interpolation and no loops over clips of any number, and ONNX no bicubic
    interpolation with antialiasing.
    """

    def clone(layer: keras.Layer) -> keras.Layer:
        kind: Any = _PORTABLE.get(type(layer), type(layer))
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone, recursive=True)
    copy.set_weights(network.get_weights())
    return copy


def is_recurrent(network: keras.Model) -> bool:
    """Return whether a network, or one in it, has a loop over time."""
    return any(
        is_recurrent(layer) if isinstance(layer, keras.Model) else isinstance(layer, layers.RNN)
        for layer in network.layers
    )


def _resizing_matrix(size: int, new: int) -> np.ndarray:
    """Return the matrix ``(new, size)`` by which :class:`Resize` multiplies a row of pixels."""
    columns = tf.eye(size)[None, :, :, None]
    resized = tf.image.resize(columns, (new, size), "bicubic", antialias=True)
    return np.asarray(resized[0, :, :, 0])


class PortableResize(Resize):
    """Resizes by a product with a matrix on either side; the size of the input must be known."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Compute the matrices."""
        height, width = input_shape[2:4]
        assert height is not None, "known in a cascade"
        assert width is not None, "known in a cascade"
        self.matrices = _resizing_matrix(height, self.height), _resizing_matrix(width, self.width)

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, height, width, channels)``."""
        down, across = self.matrices
        frames, channels = tf.shape(clips)[1], clips.shape[-1]
        rows = tf.reshape(clips, (-1, down.shape[1], across.shape[1] * channels))
        rows = tf.reshape(tf.matmul(down[None], rows), (-1, across.shape[1], channels))
        resized = tf.matmul(across[None], rows)
        return tf.reshape(resized, (-1, frames, self.height, self.width, channels))


class PortableBicubic(Bicubic):
    """Upsamples by convolutions, one for each pixel of an enlarged one, and a pixel shuffle."""

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, scale · height, scale · width, 3)``."""
        if self.scale == 1:
            return clips
        shape, channels = tf.shape(clips), clips.shape[-1]
        frames = tf.reshape(clips, (-1, shape[2], shape[3], channels))
        # Beyond the edges there is nothing: there, weights are divided by their sum.
        summed = self._convolved(frames)
        weights = self._convolved(tf.ones_like(frames[:1]))
        large = tf.nn.depth_to_space(summed / weights, self.scale)
        height, width = self.scale * shape[2], self.scale * shape[3]
        return tf.reshape(large, (shape[0], shape[1], height, width, channels))

    def _convolved(self, frames: tf.Tensor) -> tf.Tensor:
        channels = frames.shape[-1]
        # (taps, scale): weights of the source pixels for each pixel of an enlarged one.
        places = np.arange(-_REACH, _REACH + 1)[:, None]
        phases = (np.arange(self.scale) + 0.5) / self.scale - 0.5
        taps = _keys(places - phases)
        kernel = np.einsum("ay,bx,cd->abcyxd", taps, taps, np.eye(channels))
        kernel = kernel.reshape(*kernel.shape[:3], -1).astype(np.float32)
        return tf.nn.conv2d(frames, kernel, 1, "SAME")


class PortableOntoBicubic(OntoBicubic):
    """As its base class."""

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(scale, **kwargs)
        self.enlarge = PortableBicubic(scale)

    def build(self, *shapes: Any) -> None:
        """Create nothing: there are no weights."""
        self.enlarge.built = True


class PortableGRU(layers.GRU):
    """Has no loop if the number of steps is known."""

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
    ) -> Any:
        """Return what its base class returns."""
        self.unroll = sequences.shape[1] is not None
        return super().call(sequences, initial_state, mask, training)


_PORTABLE = {Resize: PortableResize, OntoBicubic: PortableOntoBicubic, layers.GRU: PortableGRU}


def _keys(distance: np.ndarray) -> np.ndarray:
    """Return Keys' cubic convolution kernel, as ``tf.image.resize`` has it."""
    x = np.abs(distance)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
