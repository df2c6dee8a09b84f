"""Penalties on the discriminator that are added to its loss."""

from collections.abc import Callable

import tensorflow as tf


def r1(discriminator: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor) -> tf.Tensor:
    """Return the R1 penalty: half the mean squared norm of D's gradient at real clips.

    It keeps the discriminator flat where the data lie, which is what makes training settle
    (arXiv 1801.04406).

    Args:
        discriminator: clips → logits ``(batch, 1)``.
        real: float ``(batch, frames, height, width, channels)`` in [-1, 1].

    Returns:
        A float32 scalar.
    """
    with tf.GradientTape() as tape:
        tape.watch(real)
        logits = tf.reduce_sum(discriminator(real))
    gradient = tf.cast(tape.gradient(logits, real), tf.float32)
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3, 4)))
