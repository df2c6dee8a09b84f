"""Adversarial losses: functions of the logits of a real and a generated clip.

To add a loss, add a :class:`Loss` to :data:`LOSSES`. The k-th real clip of a batch is paired with
the k-th generated one; only the relativistic loss depends on both of its arguments at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from vidgan import replicas
from vidgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")

PairFunction: TypeAlias = "Callable[[tf.Tensor, tf.Tensor], tf.Tensor]"


@dataclass(frozen=True)
class Loss:
    """The losses of both networks: elementwise functions of logits (real, fake) of one shape.

    Attributes:
        discriminator: the discriminator's loss of a pair.
        generator: the generator's loss of a pair.
        centred: whether a logit of 0 separates real from generated clips; otherwise only
            differences of logits have a meaning.
        smoothed: from an amount of one-sided label smoothing in [0, 0.5] (arXiv 1606.03498) to the
            discriminator's loss; None for losses without labels.
        probabilities: whether the sigmoid of a logit estimates the probability that the clip is
            real.
        needs_lipschitz: whether the discriminator must be Lipschitz continuous, by a gradient
            penalty or spectral normalisation.
        discriminator_leads: whether the discriminator is meant to be trained close to its optimum,
            so that high accuracy is no problem.
    """

    discriminator: PairFunction
    generator: PairFunction
    centred: bool = True
    smoothed: Callable[[float], PairFunction] | None = None
    probabilities: bool = False
    needs_lipschitz: bool = False
    discriminator_leads: bool = False

    def with_smoothing(self, amount: float) -> PairFunction:
        """Return the discriminator's loss with this amount of label smoothing, if it has labels."""
        return self.smoothed(amount) if amount and self.smoothed else self.discriminator

    def border(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor | float:
        """Return the decision boundary: a logit of 0, or the midpoint of the two means."""
        if self.centred:
            return 0.0
        return replicas.mean((tf.reduce_mean(real) + tf.reduce_mean(fake)) / 2)

    def accuracy(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the accuracy on real and on fake logits, two float32 scalars in [0, 1]."""
        border = self.border(real, fake)
        correct = tf.cast(real > border, tf.float32), tf.cast(fake < border, tf.float32)
        return tf.reduce_mean(correct[0]), tf.reduce_mean(correct[1])


def cross_entropy_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log D(x) − log(1 − D(G(z))) of arXiv 1406.2661, with D = sigmoid(logits)."""
    return tf.nn.softplus(-real) + tf.nn.softplus(fake)


def smoothed_cross_entropy(amount: float) -> PairFunction:
    """Return the cross entropy with a target of 1 − amount for real clips."""

    def discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        return cross_entropy_discriminator(real, fake) + amount * real

    return discriminator


def non_saturating_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log D(G(z)) (arXiv 1406.2661); its gradient does not vanish when D is confident."""
    return tf.nn.softplus(-fake)


def saturating_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """log(1 − D(G(z))), the minimax loss (arXiv 1406.2661); its gradient can vanish."""
    return -tf.nn.softplus(fake)


def hinge_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """max(0, 1 − D(x)) + max(0, 1 + D(G(z))) (arXiv 1705.02894)."""
    return tf.nn.relu(1 - real) + tf.nn.relu(1 + fake)


def least_squares_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """((D(x) − 1)² + (D(G(z)) + 1)²)/2, targets 1 and −1 (arXiv 1611.04076)."""
    return (tf.square(real - 1) + tf.square(fake + 1)) / 2


def smoothed_least_squares(amount: float) -> PairFunction:
    """Return the least-squares loss with a target of 1 − amount for real clips."""

    def discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        return (tf.square(real - (1 - amount)) + tf.square(fake + 1)) / 2

    return discriminator


def least_squares_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """D(G(z))²/2: target 0, between the −1 and 1 of D (arXiv 1611.04076)."""
    return tf.square(fake) / 2


def wasserstein_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """D(G(z)) − D(x) (arXiv 1701.07875)."""
    return fake - real


def mean_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−D(G(z)), the generator's loss for hinge and Wasserstein."""
    return -fake


def relativistic_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log sigmoid(D(x) − D(G(z))): relativistic pairing (arXiv 1807.00734, 2501.05441)."""
    return tf.nn.softplus(fake - real)


def relativistic_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log sigmoid(D(G(z)) − D(x)) (arXiv 1807.00734, 2501.05441)."""
    return tf.nn.softplus(real - fake)


# Registry: the choices of ``--loss``.
LOSSES = {
    "non-saturating": Loss(
        cross_entropy_discriminator,
        non_saturating_generator,
        smoothed=smoothed_cross_entropy,
        probabilities=True,
    ),
    "saturating": Loss(
        cross_entropy_discriminator,
        saturating_generator,
        smoothed=smoothed_cross_entropy,
        probabilities=True,
    ),
    "hinge": Loss(hinge_discriminator, mean_generator),
    "least-squares": Loss(
        least_squares_discriminator, least_squares_generator, smoothed=smoothed_least_squares
    ),
    "wasserstein": Loss(
        wasserstein_discriminator,
        mean_generator,
        centred=False,
        needs_lipschitz=True,
        discriminator_leads=True,
    ),
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, centred=False),
}


def recognition(outputs: dict[str, tf.Tensor], noise: dict[str, tf.Tensor]) -> tf.Tensor:
    """InfoGAN's mutual-information loss (arXiv 1606.03657).

    Args:
        outputs: outputs of the recognition head: ``category``, logits ``(batch, categories)``, and
            ``codes``, means and log variances ``(batch, 2 · codes)``.
        noise: the generator's inputs of the same names, ``(batch, categories)`` one-hot and
            ``(batch, codes)``.

    Returns:
        Float32 ``(batch,)``: cross entropy plus Gaussian negative log-likelihood of the codes.
    """
    loss = tf.nn.softmax_cross_entropy_with_logits(noise["category"], outputs["category"])
    if "codes" in noise:
        mean, log_variance = tf.split(outputs["codes"], 2, axis=-1)
        square = tf.square(noise["codes"] - mean) * tf.exp(-log_variance)
        loss += 0.5 * tf.reduce_sum(square + log_variance, axis=-1)
    return loss
