"""Reconstruction losses between restored and original clips.

Clips are float32 ``(batch, frames, height, width, 3)`` in [-1, 1].
"""

import numpy as np
import tensorflow as tf

from vidgan import replicas
from vidgan.metrics import perceptual

# ε of the Charbonnier loss: it is quadratic for smaller differences, linear for larger ones.
EPSILON = 1e-3
# Of the error of clips: the weights of motion, of colours and of squared differences, the number of
# scales, and the weight of each scale relative to the one of twice its size.
MOTION, COLOUR, SQUARE, SCALES, SCALE_WEIGHT = 1.0, 1.0, 1.0, 4, 0.5
# Differences from the mean over time that are noise, and how much a pixel may move relative to the
# mean of a clip's.
STILL, MOST = 0.01, 20.0
# Other random filters than evaluate's, so that a network cannot overfit to its metric.
FILTER_SEED = 1


def charbonnier(restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Return the Charbonnier loss, the mean of √(difference² + ε²) − ε (arXiv 1710.01992)."""
    return tf.reduce_mean(tf.sqrt(tf.square(restored - original) + EPSILON**2) - EPSILON)


def motion_weighted_loss(restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Return the error of clips at several scales, weighted by motion.

    The error of a value is the sum of the absolute and the squared difference: the absolute one
    alone is least for the median, in which what is small or moves vanishes. Pixels weigh the more,
    the more they differ from their mean over time, relative to the other pixels of the clip: what
    moves has a share of the loss that does not depend on how small it is. Errors of lower
    resolutions (as of a Laplacian pyramid, arXiv 1707.05776) and of colours apart from brightness
    make large areas right sooner.
    """
    moving = tf.abs(original - tf.reduce_mean(original, axis=1, keepdims=True))
    moving = tf.reduce_mean(moving, axis=-1, keepdims=True)
    relative = moving / (tf.reduce_mean(moving, axis=(1, 2, 3), keepdims=True) + STILL)
    weight = 1 + MOTION * tf.minimum(relative, MOST)
    weight /= replicas.mean(tf.reduce_mean(weight))
    error = restored - original
    colour = error - tf.reduce_mean(error, axis=-1, keepdims=True)
    error, total = tf.concat([error, COLOUR * colour], axis=-1), 0.0
    for scale in range(SCALES):
        if scale:
            error, weight = (
                tf.nn.avg_pool3d(values, (1, 2, 2), (1, 2, 2), "VALID")
                for values in (error, weight)
            )
        mean = tf.reduce_mean(weight * (tf.abs(error) + SQUARE * tf.square(error)))
        total += SCALE_WEIGHT**scale * mean
    return total


def perceptual_loss(restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Return the perceptual distance of :mod:`vidgan.metrics.perceptual`, a scalar.

    The random filters are others. Height and width must be at least ``perceptual.MIN_SIDE``.
    """
    kernel = tf.constant(perceptual.kernel(FILTER_SEED))
    opponent = tf.constant(perceptual.OPPONENT.T)
    both = tf.concat([restored, original], axis=0)
    values = tf.reshape(both, (-1, *both.shape[2:])) @ opponent
    margin, cell, total = perceptual.SIDE // 2, perceptual.CELL, 0.0
    for scale in range(perceptual.SCALES):
        if scale:
            values = tf.nn.avg_pool2d(values, 2, 2, "VALID")
        paddings = [[0, 0], [margin, margin], [margin, margin], [0, 0]]
        padded = tf.pad(values, paddings, "REFLECT")
        responses = tf.nn.relu(tf.nn.conv2d(padded, kernel, 1, "VALID"))
        cells = tf.nn.avg_pool2d(responses, cell, cell, "VALID")
        pooled = tf.nn.avg_pool2d(cells, 2, 1, "VALID")
        # The root's derivative is infinite at zero.
        length = tf.sqrt(tf.reduce_sum(tf.square(pooled), axis=-1, keepdims=True) + 1e-12)
        found = pooled / (length + perceptual.FLOOR)
        square = tf.square(tf.subtract(*tf.split(found, 2)))
        total += tf.reduce_mean(tf.reduce_sum(square, axis=-1))
    return total


def temporal_loss(restored: tf.Tensor, original: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """Return the warping loss of the error: the change of errors along the motion, or flicker.

    The warping loss of TecoGAN (arXiv 1811.09393), applied to the difference from the original, so
    that errors of the flow and occlusions do not count.

    Args:
        restored: restored clips.
        original: original clips.
        flow: optical flow of the original from each frame to the next, float32 ``(batch, frames -
            1, height, width, 2)``, in pixels to the right and down.
    """
    error = restored - original
    return tf.reduce_mean(tf.abs(_warp(error[:, 1:], flow) - error[:, :-1]))


def _warp(frames: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """Warp frames backwards along the flow, bilinear, with edge padding."""
    batch, length, height, width, channels = frames.shape
    flat = tf.reshape(frames, (batch * length, height, width, channels))
    motion = tf.reshape(flow, (batch * length, height, width, 2))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    across = tf.clip_by_value(columns + motion[..., 0], 0.0, width - 1.0)
    down = tf.clip_by_value(rows + motion[..., 1], 0.0, height - 1.0)
    left, top = tf.floor(across), tf.floor(down)
    right_weight, low_weight = (across - left)[..., None], (down - top)[..., None]
    first_x, first_y = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
    next_x, next_y = tf.minimum(first_x + 1, width - 1), tf.minimum(first_y + 1, height - 1)

    def fetch(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(flat, tf.stack([y, x], axis=-1), batch_dims=1)

    high = fetch(first_y, first_x) * (1 - right_weight) + fetch(first_y, next_x) * right_weight
    low = fetch(next_y, first_x) * (1 - right_weight) + fetch(next_y, next_x) * right_weight
    warped = high * (1 - low_weight) + low * low_weight
    return tf.reshape(warped, frames.shape)
