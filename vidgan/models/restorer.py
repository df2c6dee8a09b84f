"""The restoration network: EDSR (arXiv 1707.02921) over space and time, on a bicubic base.

Height, width and number of frames are free. All convolutions work on a coarse grid: that of the
degraded clip, or half of it where the scale is 1 (FFDNet, arXiv 1710.04026). A pixel shuffle (arXiv
1609.05158) at the end upsamples to the full size.
"""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.layers.float32 import Float32Layer

# Peak memory, measured (benchmarks/restore_speed.md): between two convolutions, as a multiple of
# the network's channels, including copies in oneDNN's layout; at the end, as a multiple of the
# channels that become pixels, plus the network's channels.
_LIVE, _LIVE_PIXELS = 7.2, 4.5
# Neighbouring frames in the receptive field of a block, on either side.
TEMPORAL_RADIUS = 1


def unshuffle_factor(scale: int) -> int:
    """Return the factor by which the degraded clip is downsampled to the coarse grid: 1 or 2."""
    return 2 if scale == 1 else 1


@keras.saving.register_keras_serializable("vidgan")
class Bicubic(Float32Layer):
    """Upsamples each frame by an integer factor, bicubic (Keys' kernel)."""

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
        """Return the shape of the output of :meth:`call`."""
        batch, frames, height, width, channels = input_shape
        sides = [None if side is None else self.scale * side for side in (height, width)]
        return (batch, frames, *sides, channels)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("vidgan")
class OntoBicubic(Float32Layer):
    """Adds a residual to the upsampled clip.

    The clip is upsampled after the residual is computed, to save memory: it is as large.
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.enlarge = Bicubic(scale)

    def call(self, clips: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, scale · height, scale · width, 3)``."""
        with tf.control_dependencies([residual]):
            clips = tf.identity(clips)
        return self.enlarge(clips) + residual

    def compute_output_shape(
        self, clips_shape: tuple[int | None, ...], residual_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape of the output of :meth:`call`."""
        return residual_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("vidgan")
class Shuffle(layers.Layer):
    """Pixel shuffle of each frame (arXiv 1609.05158), or its inverse.

    Args:
        factor: the factor of height and width if positive, their divisor if negative.
    """

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, height, width, channels)`` with another height and width."""
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
        """Return the shape of the output of :meth:`call`."""
        batch, frames, height, width, channels = input_shape
        assert channels is not None
        if self.factor > 0:
            sides = [None if side is None else side * self.factor for side in (height, width)]
            return (batch, frames, *sides, channels // self.factor**2)
        sides = [None if side is None else side // -self.factor for side in (height, width)]
        return (batch, frames, *sides, channels * self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "factor": self.factor}


def _convolution(channels: int, kernel: tuple[int, int, int], **kwargs: Any) -> layers.Layer:
    kwargs.setdefault("kernel_initializer", "he_normal")
    return Conv3D(channels, kernel, padding="same", **kwargs)


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
        scale: upsampling factor of height and width.
        channels: channels of the convolutions.
        blocks: number of residual blocks.
        frames: frames of a degraded clip; None for any number.
        height: in pixels, a multiple of :func:`unshuffle_factor`; None for any.
        width: in pixels, a multiple of :func:`unshuffle_factor`; None for any.

    Returns:
        A Keras model from degraded clips ``(batch, frames, height, width, 3)`` to restored ones,
        float32 ``(batch, frames, scale · height, scale · width, 3)``, both in [-1, 1].
    """
    damaged = keras.Input((frames, height, width, 3), name="damaged")
    x = residual_blocks(Shuffle(-unshuffle_factor(scale))(damaged), channels, blocks)
    return build_from_features(damaged, x, scale, channels)


def residual_blocks(
    x: Any, channels: int, blocks: int, kernel_frames: int = 2 * TEMPORAL_RADIUS + 1
) -> Any:
    """Apply a convolution and residual blocks, with a skip connection around the blocks.

    Args:
        x: ``(batch, frames, height, width, n)``.
        channels: channels of the convolutions.
        blocks: number of residual blocks.
        kernel_frames: size of the kernels in time.
    """
    x = entry = _convolution(channels, (kernel_frames, 3, 3))(x)
    for _ in range(blocks):
        y = _convolution(channels, (kernel_frames, 3, 3))(x)
        y = layers.ReLU()(y)
        # One convolution over time per block is enough; this one costs a third.
        y = _convolution(channels, (1, 3, 3), kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    return layers.Add()([x, entry])


def build_from_features(damaged: Any, x: Any, scale: int, channels: int) -> keras.Model:
    """Add the upsampling head to features, and return the model; see :func:`generator`."""
    factor = scale * unshuffle_factor(scale)
    x = layers.ReLU()(_convolution(2 * channels, (1, 3, 3))(x))
    x = _convolution(3 * factor**2, (1, 3, 3), kernel_initializer="zeros")(x)
    residual = layers.Activation("linear", dtype="float32")(Shuffle(factor)(x))
    restored = OntoBicubic(scale, name="clip")(damaged, residual)
    return keras.Model(damaged, restored, name="generator")


def receptive_field(scale: int, blocks: int) -> tuple[int, int]:
    """Return the radius of the receptive field: frames, and pixels of the degraded clip."""
    # In space: two convolutions per block, one before and two after them, in cells of the grid,
    # from one end of a cell to the other end of the farthest.
    cell = unshuffle_factor(scale)
    return TEMPORAL_RADIUS * (blocks + 1), cell * (2 * blocks + 3) + cell - 1


def bytes_per_pixel(scale: int, channels: int) -> int:
    """Return the peak memory of the network in bytes per pixel of a degraded clip.

    The clip itself and the restored clip are not counted.
    """
    cell = unshuffle_factor(scale) ** 2
    pixels = 3 * scale**2
    within = max(_LIVE * channels / cell, _LIVE_PIXELS * pixels + channels / cell)
    return math.ceil(4 * (within - pixels))
