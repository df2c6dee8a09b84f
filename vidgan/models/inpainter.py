"""The inpainting network: gated Conv3D layers (arXiv 1904.10247) that blend three candidates.

Height, width and number of frames are free. Three candidates fill the holes without training: from
nearby frames, from all frames within the receptive field, and from around the hole. A static
background is visible in other frames, what moves is not. The network predicts the weights with
which they are blended at each pixel, and a residual. All convolutions work at half of the full size
or less.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.layers.float32 import Float32Layer
from vidgan.models.restorer import Shuffle

# Height and width are multiples of this: the coarsest level has an eighth of the size.
MULTIPLE = 8
# Receptive field to either side: frames, of which the candidates account for _RADIUS, and pixels.
_RADIUS = 7
CONTEXT = _RADIUS + 6
MARGIN = 64
# Factor by which the weight of a frame falls with each frame of distance.
_DECAY = 0.3
# Multigrid levels and relaxation steps per level, for filling from around the hole.
_LEVELS, _RELAX = 4, 4
# Prior weights of the candidates from all frames and from around the hole, relative to a pixel that
# is visible in the neighbouring frame.
_AVERAGE, _AROUND = 0.05, 0.01


@keras.saving.register_keras_serializable("vidgan")
class Candidates(Float32Layer):
    """Fills holes from nearby frames, from all frames within reach, and from around the hole."""

    def call(self, clip: tf.Tensor, hole: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute the candidates.

        Args:
            clip: ``(batch, frames, height, width, 3)``; its values in holes are ignored.
            hole: ``(batch, frames, height, width, 1)``, 1 in holes, else 0.

        Returns:
            The three candidates, concatenated to ``(batch, frames, height, width, 9)``, and the
            confidence in the first two, 0…1, ``(batch, frames, height, width, 2)``: how near in
            time the pixel is visible, and in which fraction of the frames.
        """
        shown = 1 - hole
        seen = tf.concat([clip * shown, shown], axis=-1)
        near, mean = _over_time(seen)
        around = _from_around(seen)
        never = tf.cast(mean[..., 3:] == 0, tf.float32)
        nearest = near[..., :3] / (near[..., 3:] + never) + never * around
        average = mean[..., :3] / (mean[..., 3:] + never) + never * around
        candidates = [clip * shown + fill * hole for fill in (nearest, average, around)]
        confidence = [tf.minimum(near[..., 3:], 1.0), mean[..., 3:] / (2 * _RADIUS + 1)]
        return tf.concat(candidates, axis=-1), tf.concat(confidence, axis=-1)

    def compute_output_shape(self, clip_shape: Any, hole_shape: Any) -> Any:
        """Return the shapes of the outputs of :meth:`call`."""
        return (*clip_shape[:-1], 9), (*clip_shape[:-1], 2)


def _over_time(seen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return two sums over the frames within reach: weighted by distance in time, and unweighted.

    A matrix product is several times faster than a sum of shifted clips.
    """
    shape = tf.shape(seen)
    times = tf.range(shape[1])
    away = tf.abs(times[:, None] - times)
    within = tf.cast(away <= _RADIUS, tf.float32)
    counts = tf.concat([within * _DECAY ** tf.cast(away, tf.float32), within], axis=0)
    sums = tf.einsum("st,btn->bsn", counts, tf.reshape(seen, (shape[0], shape[1], -1)))
    near, mean = tf.split(sums, 2, axis=1)
    return tf.reshape(near, shape), tf.reshape(mean, shape)


def _from_around(seen: tf.Tensor) -> tf.Tensor:
    """Fill the holes of each frame smoothly, by a solution of Laplace's equation.

    Args:
        seen: ``(batch, frames, height, width, 4)``: colours, 0 in holes, and 1 where they are
            known.
    """
    shape = tf.shape(seen)
    frames = tf.reshape(seen, (-1, shape[2], shape[3], 4))
    return tf.reshape(_relaxed(frames, _LEVELS), (shape[0], shape[1], shape[2], shape[3], 3))


def _relaxed(frames: tf.Tensor, levels: int) -> tf.Tensor:
    """Solve Laplace's equation in the holes by a multigrid method, coarse to fine."""
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
        neighbours = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
        x = fixed + quarter * neighbours
    return x


@keras.saving.register_keras_serializable("vidgan")
class Gate(layers.Layer):
    """Gated activation (arXiv 1806.03589): half of the channels gate the other half."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Return half as many channels."""
        features, gate = tf.split(x, 2, axis=-1)
        return tf.nn.leaky_relu(features, 0.2) * tf.sigmoid(gate)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output of :meth:`call`."""
        channels = input_shape[-1]
        assert channels is not None
        return (*input_shape[:-1], channels // 2)


@keras.saving.register_keras_serializable("vidgan")
class Blend(Float32Layer):
    """Blends the candidates with a softmax of weights at each pixel and adds a residual."""

    def call(self, candidates: tf.Tensor, confidence: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
        """Blend the candidates.

        Args:
            candidates: see :meth:`Candidates.call`.
            confidence: see :meth:`Candidates.call`.
            residual: ``(batch, frames, height, width, 6)``: added to the colours, and to the logits
                of the candidates' weights.

        Returns:
            ``(batch, frames, height, width, 3)``.
        """
        near, seen = tf.split(confidence, 2, axis=-1)
        colours, logits = tf.split(residual, 2, axis=-1)
        prior = tf.concat([near, _AVERAGE * seen, _AROUND * tf.ones_like(near)], axis=-1)
        weights = tf.nn.softmax(tf.math.log(prior + 1e-6) + logits, axis=-1)
        parts = zip(tf.split(weights, 3, axis=-1), tf.split(candidates, 3, axis=-1), strict=True)
        return tf.add_n([colours, *(weight * candidate for weight, candidate in parts)])

    def compute_output_shape(
        self, candidates_shape: Any, confidence_shape: Any, residual_shape: Any
    ) -> Any:
        """Return the shape of the output of :meth:`call`."""
        return (*candidates_shape[:-1], 3)


def _gated(x: Any, channels: int, in_time: int = 3, stride: int = 1) -> Any:
    y = Conv3D(
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
    """Build the network; before training it blends the :class:`Candidates` by their priors.

    Args:
        channels: channels at half of the full size; the smaller levels have twice as many.
        frames: frames of a clip; None for any number.
        height: in pixels, a multiple of :data:`MULTIPLE`; None for any.
        width: in pixels, a multiple of :data:`MULTIPLE`; None for any.

    Returns:
        A Keras model from a dict of ``clip`` ``(batch, frames, height, width, 3)`` in [-1, 1] and
        ``mask`` with one channel, 1 in holes and else 0, to float32 clips. Pixels outside of the
        holes are not trained: see :func:`composite`.
    """
    clip = keras.Input((frames, height, width, 3), name="clip")
    mask = keras.Input((frames, height, width, 1), name="mask")
    candidates, confidence = Candidates()(clip, mask)
    known = layers.Concatenate()([candidates, confidence, mask])
    half = _gated(Shuffle(-2)(known), channels, 1)
    quarter = _gated(half, 2 * channels, stride=2)
    x = _gated(quarter, 2 * channels, 1, stride=2)
    for _ in range(3):
        x = layers.Add()([x, _gated(x, 2 * channels)])
    x = _upsample(x, 2 * channels)
    x = _gated(layers.Concatenate()([x, quarter]), 2 * channels)
    x = _upsample(x, channels)
    x = _gated(layers.Concatenate()([x, half]), channels, 1)
    x = Conv3D(24, (1, 3, 3), padding="same", kernel_initializer="zeros")(x)
    residual = layers.Activation("linear", dtype="float32")(Shuffle(2)(x))
    filled = Blend(name="filled")(candidates, confidence, residual)
    return keras.Model({"clip": clip, "mask": mask}, filled, name="generator")


def _upsample(x: Any, channels: int) -> Any:
    return Shuffle(2)(Conv3D(4 * channels, 1)(x))


def composite(filled: tf.Tensor, clip: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Return the clip with the pixels of its holes replaced by those of ``filled``."""
    return tf.where(mask > 0, filled, clip)


def bytes_per_pixel(channels: int) -> int:
    """Return the peak memory of the network in bytes per pixel of a clip."""
    # The sums over frames, then the widest layers at half of the size.
    return 4 * (20 * 4 + 4 * channels)
