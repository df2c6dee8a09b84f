"""Figures of each step's generated clips, from which recovery sees that they show nothing."""

import tensorflow as tf

from vidgan.training import sample_quality

# Every n-th frame, row and column is looked at: what is asked is coarse, and a step short.
FRAMES, PIXELS = 4, 2
# Values in [-1, 1] beyond this are black or white; a contrast that is added to both that are
# compared: see vidgan.training.sample_quality.
CLIPPED, LEAST_CONTRAST = 1 - sample_quality.MARGIN / 127.5, sample_quality.LEAST_CONTRAST / 127.5
# Names of the figures: columns of the log.
COLUMNS = ("batch_clipped", "batch_contrast")


def batch_figures(generated: tf.Tensor, real: tf.Tensor) -> dict[str, tf.Tensor]:
    """Compare generated clips with real ones.

    Args:
        generated: floating-point ``(batch, frames, height, width, 3)`` in [-1, 1].
        real: likewise.

    Returns:
        Float32 scalars. ``batch_clipped``: the fraction of black and of white values beyond that of
        real clips. ``batch_contrast``: the mean deviation of a frame's values, relative to that of
        real clips.
    """

    def figures(clips: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        some = tf.cast(clips[:, ::FRAMES, ::PIXELS, ::PIXELS], tf.float32)
        black, white = some < -CLIPPED, some > CLIPPED
        clipped = tf.stack([tf.reduce_mean(tf.cast(each, tf.float32)) for each in (black, white)])
        deviation = tf.reduce_mean(tf.math.reduce_std(some, axis=(2, 3)))
        return clipped, deviation + LEAST_CONTRAST

    (clipped, contrast), (real_clipped, real_contrast) = figures(generated), figures(real)
    return {
        "batch_clipped": tf.reduce_sum(tf.nn.relu(clipped - real_clipped)),
        "batch_contrast": contrast / real_contrast,
    }
