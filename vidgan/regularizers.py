"""Penalties on the gradient of a discriminator's logit with respect to its input.

To add a penalty, add its function to :data:`PENALTIES` and an option of the same name, its weight,
to ``vidgan.config.TrainConfig``.
"""

from collections.abc import Callable

import tensorflow as tf

from vidgan import replicas

Network = Callable[[tf.Tensor], tf.Tensor]


def _squared_norms(network: Network, items: tf.Tensor) -> tf.Tensor:
    """Return the squared gradient norm of each item, float32 ``(batch,)``."""
    with tf.GradientTape() as tape:
        tape.watch(items)
        logits = tf.reduce_sum(network(items))
    gradient = tf.cast(tape.gradient(logits, items), tf.float32)
    return tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3, 4))


def r1(network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the R1 penalty: half the mean squared gradient norm at real items (arXiv 1801.04406).

    A discriminator that is flat on the data makes training converge.

    Args:
        network: discriminator, from items to logits ``(batch, 1)``.
        real: real items, float ``(batch, frames, height, width, channels)``.
        fake: generated items of the same shape.
        seed: int32 ``(2,)``, stateless.

    Returns:
        A float32 scalar.
    """
    return 0.5 * tf.reduce_mean(_squared_norms(network, real))


def r2(network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the R2 penalty: the same at generated items (arXiv 1801.04406, 2501.05441)."""
    return 0.5 * tf.reduce_mean(_squared_norms(network, fake))


def gradient_penalty(
    network: Network, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Return WGAN-GP's penalty: the mean of (gradient norm − 1)² (arXiv 1704.00028).

    The gradient is taken at one random point between the real and the generated item of each pair.
    """
    fraction = tf.cast(replicas.uniform((real.shape[0], 1, 1, 1, 1), seed), real.dtype)
    between = real * fraction + fake * (1 - fraction)
    # The derivative of the root is infinite at zero, where a new network may be.
    norms = tf.sqrt(_squared_norms(network, between) + 1e-12)
    return tf.reduce_mean(tf.square(norms - 1))


# Registry: from the option that is the penalty's weight to its function.
PENALTIES = {"r1": r1, "r2": r2, "gradient_penalty": gradient_penalty}
