"""Penalties on the gradient of a discriminator's logit with respect to what it sees."""

from collections.abc import Callable

import tensorflow as tf

Network = Callable[[tf.Tensor], tf.Tensor]


def _squared_norms(network: Network, items: tf.Tensor) -> tf.Tensor:
    """Return float32 ``(batch,)``: squared norms of the gradients at ``items``."""
    with tf.GradientTape() as tape:
        tape.watch(items)
        logits = tf.reduce_sum(network(items))
    gradient = tf.cast(tape.gradient(logits, items), tf.float32)
    return tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3, 4))


def r1(network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return half the mean squared norm of D's gradient at real items.

    It keeps the discriminator flat where the data lie, which is what makes training settle
    (arXiv 1801.04406).

    Args:
        network: items → logits ``(batch, 1)``.
        real: float ``(batch, frames, height, width, channels)``.
        fake: the same of generated ones.
        seed: int32 ``(2,)``, stateless.

    Returns:
        A float32 scalar.
    """
    return 0.5 * tf.reduce_mean(_squared_norms(network, real))


def r2(network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the same at generated items (arXiv 1801.04406, 2501.05441)."""
    return 0.5 * tf.reduce_mean(_squared_norms(network, fake))


def gradient_penalty(
    network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Return how far the gradient's norm is from 1, squared, between real and generated items.

    WGAN-GP (arXiv 1704.00028): at one random point on the line between the items of each pair.
    """
    share = tf.cast(tf.random.stateless_uniform((real.shape[0], 1, 1, 1, 1), seed), real.dtype)
    between = real * share + fake * (1 - share)
    # The root's derivative is infinite at zero, where a fresh network may well be.
    norms = tf.sqrt(_squared_norms(network, between) + 1e-12)
    return tf.reduce_mean(tf.square(norms - 1))


PENALTIES = {"r1": r1, "r2": r2, "gradient_penalty": gradient_penalty}
