"""The colorization network: a U-Net that predicts the chroma of grey clips.

Height, width and number of frames are free. A reference frame may guide the colours: every place of
the clip attends to the places of the reference that look alike (as in arXiv 1806.09594). The result
has the luma of the grey clip, whatever the network predicts. Convolutions over time, at an eighth
of the full size and less, keep colours steady.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models import u_net
from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.layers.float32 import Float32Layer
from vidgan.video.chroma import CHROMA, COLOURS, LUMA

# Height and width are multiples of this: the coarsest level has a sixteenth of the size.
MULTIPLE = 16
# Receptive field to either side: frames, and pixels beyond which there is little weight.
CONTEXT = 4
MARGIN = 96
# Side of the squares that attend to squares of the reference.
CELL = 8
# Channels of the features that are compared, and the initial factor of their cosine similarity.
_COMPARED, _SHARPNESS = 32, 10.0


@keras.saving.register_keras_serializable("vidgan")
class OntoLuma(Float32Layer):
    """Turns luma and chroma into RGB; chroma is reduced where RGB would be out of range."""

    def call(self, grey: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
        """Combine them.

        Args:
            grey: ``(batch, frames, height, width, 1)`` in [-1, 1].
            chroma: ``(batch, frames, height, width, 2)``, Cb and Cr, on the same scale.

        Returns:
            ``(batch, frames, height, width, 3)`` in [-1, 1], with that luma.
        """
        grey = tf.clip_by_value(grey, -1.0, 1.0)
        colours = tf.tensordot(chroma, tf.constant(COLOURS.T), 1)
        room = tf.where(colours > 0, 1 - grey, 1 + grey)
        gain = tf.minimum(room / (tf.abs(colours) + 1e-6), 1.0)
        return grey + tf.reduce_min(gain, axis=-1, keepdims=True) * colours

    def compute_output_shape(self, grey_shape: Any, chroma_shape: Any) -> Any:
        """Return the shape of the output of :meth:`call`."""
        return (*grey_shape[:-1], 3)


@keras.saving.register_keras_serializable("vidgan")
class ReferenceColours(Float32Layer):
    """Attention: the chroma of those places of the reference that look like a place of the clip."""

    def build(self, *shapes: Any) -> None:
        """Create the factor of the similarity."""
        self.sharpness = self.add_weight(
            name="sharpness", shape=(), initializer=keras.initializers.Constant(_SHARPNESS)
        )

    def call(self, query: tf.Tensor, key: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
        """Attend.

        Args:
            query: features of the clip, ``(batch, frames, rows, columns, n)``.
            key: features of the reference, ``(batch, 1, …, …, n)``.
            reference: the reference, see :func:`generator`.

        Returns:
            ``(batch, frames, rows, columns, 4)``: chroma, the greatest similarity, and 1 if there
            is a reference; all 0 without one.
        """
        shape, channels = tf.shape(query), query.shape[-1]
        small = tf.nn.avg_pool2d(reference[:, 0], CELL, CELL, "VALID")
        values = tf.tensordot(small[..., :3], tf.constant(CHROMA.T), 1)
        values = tf.reshape(values, (shape[0], -1, 2))
        key = tf.math.l2_normalize(tf.reshape(key, (shape[0], -1, channels)), -1)
        query = tf.math.l2_normalize(tf.reshape(query, (shape[0], -1, channels)), -1)
        alike = tf.matmul(query, key, transpose_b=True)
        chroma = tf.matmul(tf.nn.softmax(self.sharpness * alike), values)
        best = tf.reduce_max(alike, axis=-1, keepdims=True)
        found = tf.concat([chroma, best, tf.ones_like(best)], axis=-1)
        present = (reference[:, 0, 0, 0, 3] + 1) / 2
        found *= present[:, None, None]
        return tf.reshape(found, (*tf.unstack(shape)[:4], 4))

    def compute_output_shape(self, query_shape: Any, key_shape: Any, reference_shape: Any) -> Any:
        """Return the shape of the output of :meth:`call`."""
        return (*query_shape[:-1], 4)


def generator(
    channels: int,
    frames: int | None = None,
    height: int | None = None,
    width: int | None = None,
    reference_size: tuple[int | None, int | None] = (None, None),
) -> keras.Model:
    """Build the network; before training it returns the grey clip.

    Args:
        channels: channels at half of the full size; the smaller levels have more.
        frames: frames of a clip; None for any number.
        height: in pixels, a multiple of :data:`MULTIPLE`; None for any.
        width: in pixels, a multiple of :data:`MULTIPLE`; None for any.
        reference_size: height and width of the reference, multiples of :data:`MULTIPLE`; None for
            any.

    Returns:
        A Keras model from a dict of ``grey`` ``(batch, frames, height, width, 1)`` in [-1, 1] and
        ``reference`` ``(batch, 1, …, …, 4)``, RGB in [-1, 1] and 1, or -1 in every pixel without a
        reference, to float32 clips ``(batch, frames, height, width, 3)`` in [-1, 1].
    """
    grey = keras.Input((frames, height, width, 1), name="grey")
    reference = keras.Input((1, *reference_size, 4), name="reference")
    frame = keras.Input((None, None, None, 1))
    widths = (channels, 2 * channels, 4 * channels)
    encoder = keras.Model(frame, u_net.levels(frame, widths), name="encoder")
    compare = Conv3D(_COMPARED, 1, name="compare")
    half, quarter, eighth = encoder(grey)
    key = compare(encoder(Luma(name="luma")(reference))[-1])
    colours = ReferenceColours(name="attention")(compare(eighth), key, reference)
    eighth = layers.Concatenate()([eighth, colours])
    x = u_net.convolved(eighth, 4 * channels, stride=2)
    x = u_net.residual(x, 4 * channels, 2, in_time=3)
    x = u_net.joined(x, eighth, 4 * channels, in_time=3)
    x = u_net.residual(x, 4 * channels, 1, in_time=3)
    x = u_net.joined(x, quarter, 2 * channels)
    x = u_net.joined(x, half, channels)
    clip = OntoLuma(name="clip")(grey, u_net.pixels(x, 2))
    return keras.Model({"grey": grey, "reference": reference}, clip, name="generator")


@keras.saving.register_keras_serializable("vidgan")
class Luma(Float32Layer):
    """Returns the luma of the first three channels."""

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, height, width, 1)``."""
        return tf.tensordot(clips[..., :3], tf.constant(LUMA[:, None]), 1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output of :meth:`call`."""
        return (*input_shape[:-1], 1)


def bytes_per_pixel(channels: int, cells: int) -> int:
    """Return the peak memory of the network in bytes per pixel of a clip.

    Args:
        channels: of the network.
        cells: number of squares of the reference.
    """
    return 4 * (4 * channels + 3 * cells // CELL**2)
