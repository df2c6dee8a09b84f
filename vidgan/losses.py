"""Adversarial losses: small pure functions of the logits of a real and a generated clip.

A loss is a :class:`Loss`; adding one is adding an entry to :data:`LOSSES` and its name to
``vidgan.config.LOSSES``. The k-th real clip of a batch is paired with the k-th generated one; only
the relativistic loss couples the two.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

PairFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Loss:
    """What the two networks minimise: elementwise functions of logits (real, fake) of one shape.

    Attributes:
        discriminator: the discriminator's loss on a pair.
        generator: the generator's loss on a pair.
        centred: whether a logit of 0 parts real from generated; otherwise only differences count.
        smoothed: from an amount 0…0.5 of label smoothing to the discriminator's loss, one-sided
            (arXiv 1606.03498); None where the loss has no label to smooth.
    """

    discriminator: PairFunction
    generator: PairFunction
    centred: bool = True
    smoothed: Callable[[float], PairFunction] | None = None

    def with_smoothing(self, amount: float) -> PairFunction:
        """Return the discriminator's loss with this much label smoothing, where there is any."""
        return self.smoothed(amount) if amount and self.smoothed else self.discriminator

    def border(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor | float:
        """Return the logit that parts real from fake: 0, or half-way between the two means."""
        return 0.0 if self.centred else (tf.reduce_mean(real) + tf.reduce_mean(fake)) / 2

    def accuracy(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the shares of real and of fake logits on the right side of :meth:`border`."""
        border = self.border(real, fake)
        right = tf.cast(real > border, tf.float32), tf.cast(fake < border, tf.float32)
        return tf.reduce_mean(right[0]), tf.reduce_mean(right[1])


def cross_entropy_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log D(x) − log(1 − D(G(z))) of arXiv 1406.2661, with D = sigmoid(logits)."""
    return tf.nn.softplus(-real) + tf.nn.softplus(fake)


def smoothed_cross_entropy(amount: float) -> PairFunction:
    """Cross entropy with real clips labelled 1 − amount."""

    def discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        return cross_entropy_discriminator(real, fake) + amount * real

    return discriminator


def non_saturating_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log D(G(z)): the form of arXiv 1406.2661 whose gradient does not fade as D wins."""
    return tf.nn.softplus(-fake)


def saturating_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """log(1 − D(G(z))): the minimax game of arXiv 1406.2661, whose gradient fades as D wins."""
    return -tf.nn.softplus(fake)


def hinge_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """max(0, 1 − D(x)) + max(0, 1 + D(G(z))) (arXiv 1705.02894)."""
    return tf.nn.relu(1 - real) + tf.nn.relu(1 + fake)


def least_squares_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """((D(x) − 1)² + (D(G(z)) + 1)²)/2, targets 1 and −1 (arXiv 1611.04076)."""
    return (tf.square(real - 1) + tf.square(fake + 1)) / 2


def smoothed_least_squares(amount: float) -> PairFunction:
    """Least squares with a target of 1 − amount for real clips."""

    def discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        return (tf.square(real - (1 - amount)) + tf.square(fake + 1)) / 2

    return discriminator


def least_squares_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """D(G(z))²/2: towards the border, with targets of −1 and 1 for D (arXiv 1611.04076)."""
    return tf.square(fake) / 2


def wasserstein_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """D(G(z)) − D(x) (arXiv 1701.07875)."""
    return fake - real


def mean_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−D(G(z)): the generator's side of the hinge and the Wasserstein loss."""
    return -fake


def relativistic_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log sigmoid(D(x) − D(G(z))): relativistic pairing (arXiv 1807.00734, 2501.05441)."""
    return tf.nn.softplus(fake - real)


def relativistic_generator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """−log sigmoid(D(G(z)) − D(x)) (arXiv 1807.00734, 2501.05441)."""
    return tf.nn.softplus(real - fake)


LOSSES = {
    "non-saturating": Loss(
        cross_entropy_discriminator, non_saturating_generator, smoothed=smoothed_cross_entropy
    ),
    "saturating": Loss(
        cross_entropy_discriminator, saturating_generator, smoothed=smoothed_cross_entropy
    ),
    "hinge": Loss(hinge_discriminator, mean_generator),
    "least-squares": Loss(
        least_squares_discriminator, least_squares_generator, smoothed=smoothed_least_squares
    ),
    "wasserstein": Loss(wasserstein_discriminator, mean_generator, centred=False),
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, centred=False),
}


def recognition(outputs: dict[str, tf.Tensor], noise: dict[str, tf.Tensor]) -> tf.Tensor:
    """How ill the codes of generated clips are recognised (arXiv 1606.03657).

    Args:
        outputs: the recognition head's: ``category``, logits ``(batch, categories)``, and
            ``codes``, means and logarithms of variances ``(batch, 2 · codes)``.
        noise: the generator's inputs of the same names.

    Returns:
        One value a clip: cross entropy plus the Gaussian's negative log-likelihood.
    """
    loss = tf.nn.softmax_cross_entropy_with_logits(noise["category"], outputs["category"])
    if "codes" in noise:
        mean, log_variance = tf.split(outputs["codes"], 2, axis=-1)
        square = tf.square(noise["codes"] - mean) * tf.exp(-log_variance)
        loss += 0.5 * tf.reduce_sum(square + log_variance, axis=-1)
    return loss
