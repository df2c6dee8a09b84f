"""The network that fills holes: gated Conv3D layers (1904.10247) over what other frames show.

Height, width and number of frames are free. Its base is what can be seen of a hole's place at other
times, the nearest counting most, and around it where it is never seen; the network adds what that
lacks. All convolutions work at half of the full size or less.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.restorer import Shuffle

# Sides are multiples of this, since the coarsest level has an eighth of them.
MULTIPLE = 8
# How far the network looks to either side: frames, of which the base sees so many, and pixels.
_BASE_REACH = 7
CONTEXT = _BASE_REACH + 6
MARGIN = 64
# Of the base: how much less each further frame counts, and how much less than any of them the plain
# mean over time does, and what lies around in space.
_DECAY, _MEAN, _AROUND = 0.3, 1e-3, 1e-4
_FARTHER = 0.02
_CELL = 4


@keras.saving.register_keras_serializable("vidgan")
class Visible(layers.Layer):
    """Fills holes from what is visible elsewhere; float32 whatever the precision."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)

    def call(self, clip: tf.Tensor, hole: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Fill in.

        Args:
            clip: ``(batch, frames, height, width, 3)``; what it holds in holes is not looked at.
            hole: ``(batch, frames, height, width, 1)``, 1 in holes, else 0.

        Returns:
            The clip, its holes filled, and what each pixel is on average over time, with the share
            of the frames that it can be seen in as a fourth channel.
        """
        shown = 1 - hole
        seen = tf.concat([clip * shown, shown], axis=-1)
        near = _over_time(seen, _DECAY)
        mean = _over_time(seen, 1.0)
        total = near + _MEAN * mean + _AROUND * _around(seen)
        filled = total[..., :3] / (total[..., 3:] + 1e-20)
        average = mean[..., :3] / (mean[..., 3:] + 1e-6)
        share = mean[..., 3:] / (2 * _BASE_REACH + 1)
        return clip * shown + filled * hole, tf.concat([average, share], axis=-1)

    def compute_output_shape(self, clip_shape: Any, hole_shape: Any) -> Any:
        """Return the shapes of what :meth:`call` returns."""
        return tuple(clip_shape), (*clip_shape[:-1], 4)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        config = super().get_config()
        del config["dtype"]
        return config


def _over_time(seen: tf.Tensor, decay: float) -> tf.Tensor:
    """Return the sum over frames near in time, each further one counting less."""
    frames = tf.shape(seen)[1]
    reach = _BASE_REACH
    padded = tf.pad(seen, [[0, 0], [reach, reach], [0, 0], [0, 0], [0, 0]])
    parts = [
        decay ** abs(place - reach) * padded[:, place : place + frames]
        for place in range(2 * reach + 1)
    ]
    return tf.add_n(parts)


def _around(seen: tf.Tensor) -> tf.Tensor:
    """Return the mean over what is near in space; what is farther counts far less."""
    shape = tf.shape(seen)
    frames = tf.reshape(seen, (-1, shape[2], shape[3], seen.shape[-1]))
    cells = tf.nn.avg_pool2d(frames, _CELL, _CELL, "VALID")
    cells = tf.nn.avg_pool2d(cells, 3, 1, "SAME")
    total = tf.image.resize(cells + _FARTHER * tf.nn.avg_pool2d(cells, 9, 1, "SAME"), shape[2:4])
    for side in (7, 3):
        total = tf.nn.avg_pool2d(frames, side, 1, "SAME") + _FARTHER * total
    return tf.reshape(total, shape)


@keras.saving.register_keras_serializable("vidgan")
class Gate(layers.Layer):
    """Lets half of the channels through as far as the other half allows (1806.03589)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Return half as many channels."""
        features, gate = tf.split(x, 2, axis=-1)
        return tf.nn.leaky_relu(features, 0.2) * tf.sigmoid(gate)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of what :meth:`call` returns."""
        channels = input_shape[-1]
        assert channels is not None
        return (*input_shape[:-1], channels // 2)


def _gated(x: Any, channels: int, in_time: int = 3, stride: int = 1) -> Any:
    y = layers.Conv3D(
        2 * channels,
        (in_time, 3, 3),
        (1, stride, stride),
        padding="same",
        kernel_initializer="he_normal",
    )(x)
    return Gate()(y)


def generator(
    channels: int, frames: int | None = None, height: int | None = None, width: int | None = None
) -> keras.Model:
    """Build the network; before training it returns its base.

    Args:
        channels: at half of the full size; twice as many below.
        frames: of a clip; None for any, here and below.
        height: in pixels, a multiple of :data:`MULTIPLE`.
        width: in pixels, likewise.

    Returns:
        From a dict of ``clip`` ``(batch, frames, height, width, 3)`` in [-1, 1] and ``mask`` of one
        channel, 1 in holes and else 0, to float32 clips. What they show outside of the holes is not
        trained: see :func:`pasted`.
    """
    clip = keras.Input((frames, height, width, 3), name="clip")
    mask = keras.Input((frames, height, width, 1), name="mask")
    base, over_time = Visible()(clip, mask)
    known = layers.Concatenate()([base, over_time, mask])
    half = _gated(Shuffle(-2)(known), channels)
    quarter = _gated(half, 2 * channels, stride=2)
    x = _gated(quarter, 2 * channels, 1, stride=2)
    for _ in range(3):
        x = layers.Add()([x, _gated(x, 2 * channels)])
    x = _enlarged(x, 2 * channels)
    x = _gated(layers.Concatenate()([x, quarter]), 2 * channels)
    x = _enlarged(x, channels)
    x = _gated(layers.Concatenate()([x, half]), channels, 1)
    x = layers.Conv3D(12, (1, 3, 3), padding="same", kernel_initializer="zeros")(x)
    change = layers.Activation("linear", dtype="float32")(Shuffle(2)(x))
    filled = layers.Add(dtype="float32", name="filled")([base, change])
    return keras.Model({"clip": clip, "mask": mask}, filled, name="generator")


def _enlarged(x: Any, channels: int) -> Any:
    return Shuffle(2)(layers.Conv3D(4 * channels, 1)(x))


def pasted(filled: tf.Tensor, clip: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Return the clip with its holes filled and all that is known as it was."""
    return tf.where(mask > 0, filled, clip)


def bytes_per_pixel(channels: int) -> int:
    """Return the memory that a pixel of a clip takes on its way through the network."""
    # The base's shifted sums, then the widest layers at half of the size.
    return 4 * (20 * 4 + 4 * channels)
