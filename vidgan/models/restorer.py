"""The network that enhances: residual Conv3D blocks over a bicubic base (EDSR 1707.02921, in time).

Height, width and number of frames are free: there is no layer that knows them. All convolutions
work on a coarse grid, that of the damaged clip, or half of it where nothing is to be enlarged
(FFDNet, 1710.04026); a pixel shuffle (1609.05158) at the end leads to the full size.
"""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.layers.float32 import Float32Layer

# What is held at once, measured (benchmarks/restore_speed.md): between two convolutions so many
# times the network's width, with copies in the layout that oneDNN works on; at the end so many
# times the channels that become pixels, and once the width.
_LIVE, _LIVE_PIXELS = 7.2, 4.5
# Neighbours in time that a block sees on either side.
REACH = 1


def fold(scale: int) -> int:
    """Return how many pixels of the damaged clip a side of a cell of the grid has."""
    return 2 if scale == 1 else 1


@keras.saving.register_keras_serializable("vidgan")
class Bicubic(Float32Layer):
    """Enlarges each frame by a whole factor (Keys' kernel)."""

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, scale · height, scale · width, 3)``."""
        if self.scale == 1:
            return clips
        shape = tf.shape(clips)
        size = (self.scale * shape[2], self.scale * shape[3])
        frames = tf.reshape(clips, (-1, shape[2], shape[3], clips.shape[-1]))
        large = tf.image.resize(frames, size, "bicubic")
        return tf.reshape(large, (shape[0], shape[1], *size, clips.shape[-1]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of what :meth:`call` returns."""
        batch, frames, height, width, channels = input_shape
        sides = [None if side is None else self.scale * side for side in (height, width)]
        return (batch, frames, *sides, channels)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("vidgan")
class OntoBicubic(Float32Layer):
    """Adds a change to the enlarged clip.

    That is made when the change is there, not at the same time: it is as large as the result.
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.enlarge = Bicubic(scale)

    def call(self, clips: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, scale · height, scale · width, 3)``."""
        with tf.control_dependencies([change]):
            clips = tf.identity(clips)
        return self.enlarge(clips) + change

    def compute_output_shape(
        self, clips_shape: tuple[int | None, ...], change_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape of what :meth:`call` returns."""
        return change_shape

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("vidgan")
class Shuffle(layers.Layer):
    """Moves pixels of each frame between space and channels.

    Args:
        factor: above 0 that many times larger sides, from channels; below, smaller ones.
    """

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return the clips with other sides."""
        if abs(self.factor) == 1:
            return clips
        shape = tf.shape(clips)
        frames = tf.reshape(clips, (-1, shape[2], shape[3], clips.shape[-1]))
        if self.factor > 0:
            moved = tf.nn.depth_to_space(frames, self.factor)
        else:
            moved = tf.nn.space_to_depth(frames, -self.factor)
        moved_shape = tf.shape(moved)
        return tf.reshape(
            moved, (shape[0], shape[1], moved_shape[1], moved_shape[2], moved.shape[-1])
        )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of what :meth:`call` returns."""
        batch, frames, height, width, channels = input_shape
        assert channels is not None
        if self.factor > 0:
            sides = [None if side is None else side * self.factor for side in (height, width)]
            return (batch, frames, *sides, channels // self.factor**2)
        sides = [None if side is None else side // -self.factor for side in (height, width)]
        return (batch, frames, *sides, channels * self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "factor": self.factor}


def _convolution(channels: int, kernel: tuple[int, int, int], **kwargs: Any) -> layers.Layer:
    kwargs.setdefault("kernel_initializer", "he_normal")
    return layers.Conv3D(channels, kernel, padding="same", **kwargs)


def generator(
    scale: int,
    channels: int,
    blocks: int,
    frames: int | None = None,
    height: int | None = None,
    width: int | None = None,
) -> keras.Model:
    """Build the network; before training it returns the bicubic base.

    Args:
        scale: how many times longer the sides become.
        channels: of the grid.
        blocks: residual blocks.
        frames: of a damaged clip; None for any, here and below.
        height: in pixels, a multiple of :func:`fold`.
        width: in pixels, likewise.

    Returns:
        From damaged clips ``(batch, frames, height, width, 3)`` to float32 restored ones
        ``(batch, frames, scale · height, scale · width, 3)``, both for [-1, 1].
    """
    damaged = keras.Input((frames, height, width, 3), name="damaged")
    x = features(Shuffle(-fold(scale))(damaged), channels, blocks)
    return onto_base(damaged, x, scale, channels)


def features(x: Any, channels: int, blocks: int, seen: int = 2 * REACH + 1) -> Any:
    """Add the residual blocks.

    Args:
        x: what they begin from.
        channels: of the grid.
        blocks: how many.
        seen: frames that a block sees.
    """
    x = entry = _convolution(channels, (seen, 3, 3))(x)
    for _ in range(blocks):
        y = _convolution(channels, (seen, 3, 3))(x)
        y = layers.ReLU()(y)
        # One convolution of the two over time is enough, and this one costs a third.
        y = _convolution(channels, (1, 3, 3), kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    return layers.Add()([x, entry])


def onto_base(damaged: Any, x: Any, scale: int, channels: int) -> keras.Model:
    """Add what makes pixels of features, and return the whole; see :func:`generator`."""
    factor = scale * fold(scale)
    x = layers.ReLU()(_convolution(2 * channels, (1, 3, 3))(x))
    x = _convolution(3 * factor**2, (1, 3, 3), kernel_initializer="zeros")(x)
    change = layers.Activation("linear", dtype="float32")(Shuffle(factor)(x))
    restored = OntoBicubic(scale, name="clip")(damaged, change)
    return keras.Model(damaged, restored, name="generator")


def reach(scale: int, blocks: int) -> tuple[int, int]:
    """Return how far the network looks: frames, and pixels of the damaged clip, to either side."""
    # In space two convolutions a block, one before and two behind, in cells of the grid: from one
    # end of a cell to the other end of the farthest.
    cell = fold(scale)
    return REACH * (blocks + 1), cell * (2 * blocks + 3) + cell - 1


def bytes_per_pixel(scale: int, channels: int) -> int:
    """Return the memory that a pixel of a damaged clip takes on its way through the network.

    The clip itself and the restored one are not counted.
    """
    cell = fold(scale) ** 2
    pixels = 3 * scale**2
    within = max(_LIVE * channels / cell, _LIVE_PIXELS * pixels + channels / cell)
    return math.ceil(4 * (within - pixels))
