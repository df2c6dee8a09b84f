"""Convolutions of stride 2 along rows, with two columns as one of twice the channels.

A vector of the CPU holds 8 or 16 channels of a pixel. Clips of 3 or 12 channels leave part of it
empty, less so as clips of half the columns with 6 or 24 channels, for which nothing is moved in
memory. The kernel then has half the columns and a stride of 1 along rows. oneDNN computes the
larger of the two clips of a convolution up to twice as fast that way, but not the smaller one and
the kernel (``benchmarks/roofline.md``).
"""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from vidgan import runtime


def suits(kernel: tf.Tensor, strides: Sequence[int]) -> bool:
    """Return whether this is faster for a kernel ``(*size, large channels, small channels)``.

    Padding must be "same".
    """
    *size, channels, _ = kernel.shape
    margins = [taps - stride for taps, stride in zip(size, strides, strict=True)]
    even = all(margin >= 0 and margin % 2 == 0 for margin in margins)
    if not even or strides[-1] != 2 or tf.config.get_visible_devices("GPU"):
        return False
    return _filled(2 * channels) > _filled(channels)


def _filled(channels: int) -> float:
    """Return the fraction of vectors that channels fill."""
    lanes = runtime.vector_lanes()
    return channels / (lanes * math.ceil(channels / lanes))


def shrink(large: tf.Tensor, kernel: tf.Tensor, strides: Sequence[int]) -> tf.Tensor:
    """Convolve.

    Args:
        large: ``(batch, frames, height, width, channels)``, sizes that are multiples of strides.
        kernel: of which :func:`suits` is true.
        strides: along frames, rows and columns.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(large: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradients(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return enlarge(output, kernel, strides), _of_kernel(large, kernel, output, strides)

        return tf.nn.conv3d(large, kernel, (1, *strides, 1), "SAME"), gradients

    return convolve(large, kernel)


def enlarge(small: tf.Tensor, kernel: tf.Tensor, strides: Sequence[int]) -> tf.Tensor:
    """Apply the transposed convolution: the gradient of :func:`shrink`, from its output's."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(small: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradients(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return shrink(output, kernel, strides), _of_kernel(output, kernel, small, strides)

        return _enlarge(small, kernel, strides), gradients

    return convolve(small, kernel)


def _enlarge(small: tf.Tensor, kernel: tf.Tensor, strides: Sequence[int]) -> tf.Tensor:
    *size, channels, outer = kernel.shape
    known = zip(small.shape[:-1], tf.unstack(tf.shape(small))[:-1], strict=True)
    batch, *places = (dynamic if static is None else static for static, dynamic in known)
    axes = list(zip(places, strides, size, strict=True))
    # With margins, which are cut off, on either side: no "same" padding splits a pair.
    *others, columns = (count * stride + taps - stride for count, stride, taps in axes)
    pairs = tf.raw_ops.Conv3DBackpropInputV2(
        input_sizes=(batch, *others, columns // 2, 2 * channels),
        filter=tf.reshape(kernel, (*size[:2], size[2] // 2, 2 * channels, outer)),
        out_backprop=small,
        strides=(1, *strides[:2], 1, 1),
        padding="VALID",
    )
    whole = tf.reshape(pairs, (batch, *others, columns, channels))
    starts = [(taps - stride) // 2 for _, stride, taps in axes]
    cuts = [slice(start, -start or None) for start in starts]
    return whole[:, cuts[0], cuts[1], cuts[2]]


def _of_kernel(
    large: tf.Tensor, kernel: tf.Tensor, small: tf.Tensor, strides: Sequence[int]
) -> tf.Tensor:
    return tf.raw_ops.Conv3DBackpropFilterV2(
        input=large,
        filter_sizes=kernel.shape,
        out_backprop=small,
        strides=(1, *strides, 1),
        padding="SAME",
    )
