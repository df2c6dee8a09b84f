"""The network that fills holes: gated Conv3D layers (1904.10247) that choose what to fill in.

Height, width and number of frames are free. A hole is filled in three ways without any training,
from near frames, from all frames in reach and from around it, each of which is right somewhere:
still ground comes back at other times, what moves does not. The network says for each pixel in
which shares they are to be mixed, and adds what all of them lack. All convolutions work at half of
the full size or less.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.layers.float32 import Float32Layer
from vidgan.models.restorer import Shuffle

# Sides are multiples of this, since the coarsest level has an eighth of them.
MULTIPLE = 8
# How far the network looks to either side: frames, of which the candidates see so many, and pixels.
_REACH = 7
CONTEXT = _REACH + 6
MARGIN = 64
# How much less each further frame counts.
_DECAY = 0.3
# Of filling from around: halvings of the sides, and steps of relaxation on each level.
_LEVELS, _RELAX = 4, 4
# How much all frames, and what lies around, count beside what was seen in the neighbouring frame,
# before training.
_AVERAGE, _AROUND = 0.05, 0.01


@keras.saving.register_keras_serializable("vidgan")
class Candidates(Float32Layer):
    """Fills holes from near frames, from all frames in reach and from around."""

    def call(self, clip: tf.Tensor, hole: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Fill in.

        Args:
            clip: ``(batch, frames, height, width, 3)``; what it holds in holes is not looked at.
            hole: ``(batch, frames, height, width, 1)``, 1 in holes, else 0.

        Returns:
            The three side by side, ``(batch, frames, height, width, 9)``, and how far the first two
            are to be trusted, 0 to 1, ``(batch, frames, height, width, 2)``: how near in time a
            pixel is seen, and in which share of the frames.
        """
        shown = 1 - hole
        seen = tf.concat([clip * shown, shown], axis=-1)
        near, mean = _over_time(seen)
        around = _from_around(seen)
        never = tf.cast(mean[..., 3:] == 0, tf.float32)
        nearest = near[..., :3] / (near[..., 3:] + never) + never * around
        average = mean[..., :3] / (mean[..., 3:] + never) + never * around
        ways = [clip * shown + each * hole for each in (nearest, average, around)]
        trust = [tf.minimum(near[..., 3:], 1.0), mean[..., 3:] / (2 * _REACH + 1)]
        return tf.concat(ways, axis=-1), tf.concat(trust, axis=-1)

    def compute_output_shape(self, clip_shape: Any, hole_shape: Any) -> Any:
        """Return the shapes of what :meth:`call` returns."""
        return (*clip_shape[:-1], 9), (*clip_shape[:-1], 2)


def _over_time(seen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return sums over the frames in reach: each further frame counting less, and all alike.

    As a product of matrices, since a sum of shifted clips takes several times as long.
    """
    shape = tf.shape(seen)
    times = tf.range(shape[1])
    away = tf.abs(times[:, None] - times)
    within = tf.cast(away <= _REACH, tf.float32)
    counts = tf.concat([within * _DECAY ** tf.cast(away, tf.float32), within], axis=0)
    sums = tf.einsum("st,btn->bsn", counts, tf.reshape(seen, (shape[0], shape[1], -1)))
    near, mean = tf.split(sums, 2, axis=1)
    return tf.reshape(near, shape), tf.reshape(mean, shape)


def _from_around(seen: tf.Tensor) -> tf.Tensor:
    """Fill the holes of each frame as smoothly as can be, as a soap film would.

    Args:
        seen: ``(batch, frames, height, width, 4)``: colours, 0 in holes; 1 where they are known.
    """
    shape = tf.shape(seen)
    frames = tf.reshape(seen, (-1, shape[2], shape[3], 4))
    return tf.reshape(_relaxed(frames, _LEVELS), (shape[0], shape[1], shape[2], shape[3], 3))


def _relaxed(frames: tf.Tensor, levels: int) -> tf.Tensor:
    """Solve Laplace's equation in the holes, coarse to fine, as multigrid methods do."""
    known = frames[..., 3:]
    fixed, free = frames[..., :3] * (known / (known + 1e-6)), 1 - known

    def within(x: tf.Tensor) -> tf.Tensor:
        return fixed + free * x

    if not levels:
        total = tf.reduce_sum(frames, (1, 2), keepdims=True)
        return within(total[..., :3] / (total[..., 3:] + 1e-6))
    coarse = _relaxed(tf.nn.avg_pool2d(frames, 2, 2, "SAME"), levels - 1)
    x = within(tf.image.resize(coarse, tf.shape(frames)[1:3]))
    quarter = free / 4
    for _ in range(_RELAX):
        p = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        beside = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
        x = fixed + quarter * beside
    return x


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


@keras.saving.register_keras_serializable("vidgan")
class Blend(Float32Layer):
    """Mixes candidates in each pixel's own shares and adds a change."""

    def call(self, ways: tf.Tensor, trust: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
        """Mix.

        Args:
            ways: see :class:`Candidates`.
            trust: likewise.
            change: ``(batch, frames, height, width, 6)``: what is added to the colours, and to the
                logarithms of the candidates' shares.

        Returns:
            ``(batch, frames, height, width, 3)``.
        """
        near, seen = tf.split(trust, 2, axis=-1)
        colours, logarithms = tf.split(change, 2, axis=-1)
        prior = tf.concat([near, _AVERAGE * seen, _AROUND * tf.ones_like(near)], axis=-1)
        shares = tf.nn.softmax(tf.math.log(prior + 1e-6) + logarithms, axis=-1)
        parts = zip(tf.split(shares, 3, axis=-1), tf.split(ways, 3, axis=-1), strict=True)
        return tf.add_n([colours, *(share * way for share, way in parts)])

    def compute_output_shape(self, ways_shape: Any, trust_shape: Any, change_shape: Any) -> Any:
        """Return the shape of what :meth:`call` returns."""
        return (*ways_shape[:-1], 3)


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
    """Build the network; before training it mixes what :class:`Candidates` finds.

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
    ways, trust = Candidates()(clip, mask)
    known = layers.Concatenate()([ways, trust, mask])
    half = _gated(Shuffle(-2)(known), channels, 1)
    quarter = _gated(half, 2 * channels, stride=2)
    x = _gated(quarter, 2 * channels, 1, stride=2)
    for _ in range(3):
        x = layers.Add()([x, _gated(x, 2 * channels)])
    x = _enlarged(x, 2 * channels)
    x = _gated(layers.Concatenate()([x, quarter]), 2 * channels)
    x = _enlarged(x, channels)
    x = _gated(layers.Concatenate()([x, half]), channels, 1)
    x = layers.Conv3D(24, (1, 3, 3), padding="same", kernel_initializer="zeros")(x)
    change = layers.Activation("linear", dtype="float32")(Shuffle(2)(x))
    filled = Blend(name="filled")(ways, trust, change)
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
