"""Adversarial losses: small pure functions of logits, one value a sample.

A loss is a :class:`Loss` of three functions; adding one is adding an entry to :data:`LOSSES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

LogitFunction = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Loss:
    """What the two networks minimise, as functions of logits of any shape, elementwise.

    Attributes:
        discriminator_real: the discriminator's loss on a real clip.
        discriminator_fake: the discriminator's loss on a generated clip.
        generator: the generator's loss on a generated clip.
        shares_backward: whether the derivative of ``discriminator_fake`` vanishes only where
            that of ``generator`` stays bounded, so that one backward pass serves both networks
            (see ``training/gan.py``).
    """

    discriminator_real: LogitFunction
    discriminator_fake: LogitFunction
    generator: LogitFunction
    shares_backward: bool


def non_saturating_discriminator_real(logits: tf.Tensor) -> tf.Tensor:
    """−log D(x) of arXiv 1406.2661, with D = sigmoid(logits)."""
    return tf.nn.softplus(-logits)


def non_saturating_discriminator_fake(logits: tf.Tensor) -> tf.Tensor:
    """−log(1 − D(G(z))) of arXiv 1406.2661."""
    return tf.nn.softplus(logits)


def non_saturating_generator(logits: tf.Tensor) -> tf.Tensor:
    """−log D(G(z)): the form of arXiv 1406.2661 whose gradient does not fade as D wins."""
    return tf.nn.softplus(-logits)


LOSSES = {
    "non-saturating": Loss(
        non_saturating_discriminator_real,
        non_saturating_discriminator_fake,
        non_saturating_generator,
        shares_backward=True,
    ),
}
