"""The interpolation network: a U-Net that fuses two warped frames (as in Super SloMo, 1712.00080).

Height, width and number of frames are free, and every frame is computed by itself. Two neighbours
warped along their optical flow are a good start, see :mod:`vidgan.video.interpolation`. The network
shifts their pixels to where the flow should have led, weighs them and both neighbours, and adds a
residual, where the warped frames differ. All convolutions work at half of the full size or less.
"""

from typing import Any

import keras
import tensorflow as tf

from vidgan.models import u_net
from vidgan.models.layers.float32 import Float32Layer
from vidgan.video import interpolation

# Height and width are multiples of this: the coarsest level has an eighth of the size.
MULTIPLE = 8
# Farthest shift in pixels.
_MAX_SHIFT = 6
# Receptive field to either side in pixels, the shift included.
MARGIN = 64
# Prior weight of a neighbour that is not warped, relative to a warped one.
_STILL = 0.01
# Where the flow was right both warped frames show the same. The network changes nothing where they
# differ by less than _SAME in a square of side _NEAR, and anything where by _DIFFERENT or more.
_SAME, _DIFFERENT, _NEAR = 0.04, 0.12, 5
# Outputs at each pixel: the residual, the logits of four weights, and two shifts.
_OUTPUTS = (3, 4, 2, 2)


@keras.saving.register_keras_serializable("vidgan")
class Fusion(Float32Layer):
    """Shifts the warped frames, blends them with both neighbours, and adds a residual."""

    def call(self, evidence: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
        """Fuse frames.

        Args:
            evidence: ``(batch, frames, height, width, CHANNELS)`` in 0…1; see
                :mod:`vidgan.video.interpolation`.
            predicted: ``(batch, frames, height, width, 11)``: the residual, logits and shifts.

        Returns:
            ``(batch, frames, height, width, 3)`` in [-1, 1]. Frames that are copies are copied.
        """
        shape = tf.shape(evidence)
        evidence = tf.reshape(evidence, (-1, *tf.unstack(shape)[2:4], evidence.shape[-1]))
        predicted = tf.reshape(predicted, (-1, *tf.unstack(shape)[2:4], predicted.shape[-1]))
        places = (
            interpolation.WARPED_BEFORE,
            interpolation.WARPED_AFTER,
            interpolation.BEFORE,
            interpolation.AFTER,
        )
        back, on, before, after = (evidence[..., place] for place in places)
        predicted *= _uncertainty(back, on)
        residual, logits, shift_back, shift_on = tf.split(predicted, _OUTPUTS, axis=-1)
        candidates = _shifted(back, shift_back), _shifted(on, shift_on), before, after
        fraction = evidence[..., interpolation.FRACTION : interpolation.FRACTION + 1]
        inside = evidence[..., interpolation.INSIDE_BEFORE :] + interpolation.OUTSIDE
        near = tf.concat([1 - fraction, fraction], axis=-1)
        prior = tf.concat([near * inside, _STILL * near], axis=-1)
        weights = tf.split(tf.nn.softmax(tf.math.log(prior + 1e-6) + logits), 4, axis=-1)
        mixed = tf.add_n([w * each for w, each in zip(weights, candidates, strict=True)])
        fused = tf.where(fraction > 0, 2 * mixed - 1 + residual, 2 * before - 1)
        return tf.reshape(fused, (*tf.unstack(shape)[:4], 3))

    def compute_output_shape(self, evidence_shape: Any, predicted_shape: Any) -> Any:
        """Return the shape of the output of :meth:`call`."""
        return (*evidence_shape[:-1], 3)


def _uncertainty(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Return how much two candidates differ nearby, 0…1, ``(n, height, width, 1)``.

    Args:
        one: ``(n, height, width, 3)`` in 0…1.
        other: of the same shape.
    """
    difference = tf.reduce_max(tf.abs(one - other), axis=-1, keepdims=True)
    difference = tf.nn.max_pool2d(difference, _NEAR, 1, "SAME")
    return tf.clip_by_value((difference - _SAME) / (_DIFFERENT - _SAME), 0.0, 1.0)


def _shifted(frames: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Fetch each pixel from a place nearby, bilinear.

    Args:
        frames: ``(n, height, width, 3)``; it gets no gradient.
        shift: ``(n, height, width, 2)``, down and to the right, limited smoothly.
    """
    shift = _MAX_SHIFT * tf.tanh(shift / _MAX_SHIFT)
    shape = tf.shape(frames)
    height, width = shape[1], shape[2]
    last = tf.cast(tf.stack([height, width]) - 1, tf.float32)
    places = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), axis=-1)
    places = tf.clip_by_value(tf.cast(places, tf.float32) + shift, 0.0, last)
    corner = tf.minimum(tf.floor(places), tf.maximum(last - 1, 0.0))
    down, across = tf.split(places - corner, 2, axis=-1)
    index = tf.cast(corner, tf.int32)
    first = index[..., 0] * width + index[..., 1]
    flat = tf.reshape(tf.stop_gradient(frames), (shape[0], -1, 3))

    def fetch(rows: int, columns: int) -> tf.Tensor:
        return tf.gather(flat, first + rows * width + columns, batch_dims=1)

    top = fetch(0, 0) * (1 - across) + fetch(0, 1) * across
    bottom = fetch(1, 0) * (1 - across) + fetch(1, 1) * across
    return top * (1 - down) + bottom * down


def generator(
    channels: int, frames: int | None = None, height: int | None = None, width: int | None = None
) -> keras.Model:
    """Build the network; before training it weighs the warped frames by their distance in time.

    Args:
        channels: channels at half of the full size; the smaller levels have twice as many.
        frames: frames of a clip; None for any number.
        height: in pixels, a multiple of :data:`MULTIPLE`; None for any.
        width: in pixels, a multiple of :data:`MULTIPLE`; None for any.

    Returns:
        A Keras model from evidence ``(batch, frames, height, width, CHANNELS)``, scaled to 0…1, to
        float32 frames ``(batch, frames, height, width, 3)`` in [-1, 1]; see
        :mod:`vidgan.video.interpolation`.
    """
    evidence = keras.Input((frames, height, width, interpolation.CHANNELS), name="evidence")
    half, quarter, eighth = u_net.levels(evidence, (channels, 2 * channels, 2 * channels))
    half = u_net.convolved(half, channels)
    x = u_net.residual(eighth, 2 * channels, 3)
    x = u_net.joined(x, quarter, 2 * channels)
    x = u_net.joined(x, half, channels)
    predicted = u_net.pixels(x, sum(_OUTPUTS))
    fused = Fusion(name="clip")(evidence, predicted)
    return keras.Model(evidence, fused, name="generator")


def bytes_per_pixel(channels: int) -> int:
    """Return the peak memory of the network in bytes per pixel of a frame."""
    # The evidence and what is fetched from it, then the widest layers at half of the size.
    return 4 * (8 * interpolation.CHANNELS + 4 * channels)
