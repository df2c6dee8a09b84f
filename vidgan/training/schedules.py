"""How fast each network learns: learning rates over the budget, and whose turn it is."""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from vidgan.config import TrainConfig

# The share of clips that the discriminator gets right, half being a guess: with more than EASY it
# is winning, with less than HARD the generator is.
HARD, EASY = 0.6, 0.9


class Schedules:
    """Sets both optimizers' learning rates.

    Args:
        train: the options.
        g_optimizer: the generator's.
        d_optimizer: the discriminators'.
    """

    def __init__(
        self,
        train: TrainConfig,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
    ) -> None:
        self.train = train
        self.optimizers = [_plain(g_optimizer), _plain(d_optimizer)]
        self.changes = train.schedule != "constant" or train.warmup > 0 or train.adaptive

    def factors(self, share: tf.Tensor, lead: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return what the generator's and the discriminator's learning rates are multiplied by.

        Args:
            share: of the budget that is used, 0…1.
            lead: share of the clips that the discriminator gets right of late.
        """
        common = tf.constant(1.0)
        if self.train.schedule == "cosine":
            common = 0.5 * (1 + tf.cos(math.pi * tf.clip_by_value(share, 0.0, 1.0)))
        if self.train.warmup > 0:
            common *= tf.minimum(1.0, (share + 1e-3) / self.train.warmup)
        if not self.train.adaptive:
            return common, common
        generator = tf.clip_by_value((lead - 0.5) / (HARD - 0.5), 0.0, 1.0)
        discriminator = tf.clip_by_value((1 - lead) / (1 - EASY), 0.0, 1.0)
        return common * generator, common * discriminator

    def set_rates(self, share: tf.Tensor, lead: tf.Tensor) -> None:
        """Set both learning rates for this step."""
        if not self.changes:
            return
        rates = (self.train.g_lr, self.train.d_lr)
        for optimizer, rate, factor in zip(
            self.optimizers, rates, self.factors(share, lead), strict=True
        ):
            optimizer.learning_rate.assign(rate * factor)

    @staticmethod
    def at_every(step: tf.Tensor, every: int, action: Callable[[], tf.Tensor | None]) -> tf.Tensor:
        """Do ``action`` at every so many steps; return its scalar, NaN where it is not due."""

        def act() -> tf.Tensor:
            result = action()
            return tf.constant(float("nan")) if result is None else result

        if every == 1:
            return act()
        return tf.cond(tf.equal(step % every, every - 1), act, lambda: tf.constant(float("nan")))


def _plain(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer that has the learning rate."""
    return getattr(optimizer, "inner_optimizer", optimizer)
