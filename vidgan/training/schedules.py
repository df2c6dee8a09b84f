"""Schedules of the learning rates, and updates at every n-th step."""

import math
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from vidgan.config import TrainConfig

# Accuracies of the discriminator, of which 0.5 is guessing. Above HIGH_ACCURACY its learning rate
# is lowered, below LOW_ACCURACY the generator's.
LOW_ACCURACY, HIGH_ACCURACY = 0.6, 0.9


class Schedules:
    """Schedules of the learning rates of both optimizers.

    Args:
        train: the options of training.
        g_optimizer: optimizer of the generator.
        d_optimizer: optimizer of the discriminators.
    """

    def __init__(
        self,
        train: TrainConfig,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
    ) -> None:
        self.train = train
        self.optimizers = [_unwrap(g_optimizer), _unwrap(d_optimizer)]
        self.changes = train.schedule != "constant" or train.warmup > 0 or train.adaptive
        # Factor of both rates, lowered after each divergence.
        self.scale = tf.Variable(1.0, trainable=False, name="rate_scale")

    def factors(self, budget_used: tf.Tensor, lead: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the factors of the generator's and the discriminators' learning rates.

        Args:
            budget_used: fraction of the budget that is used, 0…1.
            lead: running mean of the discriminator's accuracy.
        """
        common = tf.constant(1.0)
        if self.train.schedule == "cosine":
            common = 0.5 * (1 + tf.cos(math.pi * tf.clip_by_value(budget_used, 0.0, 1.0)))
        if self.train.warmup > 0:
            common *= tf.minimum(1.0, (budget_used + 1e-3) / self.train.warmup)
        if not self.train.adaptive:
            return common, common
        generator = tf.clip_by_value((lead - 0.5) / (LOW_ACCURACY - 0.5), 0.0, 1.0)
        discriminator = tf.clip_by_value((1 - lead) / (1 - HIGH_ACCURACY), 0.0, 1.0)
        return common * generator, common * discriminator

    def set_scale(self, scale: float) -> None:
        """Set the factor of both learning rates."""
        self.scale.assign(scale)
        given = (self.train.g_lr, self.train.d_lr)
        for rate, value in zip(self.rates, given, strict=True):
            rate.assign(value * scale)

    @property
    def rates(self) -> list[keras.Variable]:
        """The learning rates of both optimizers."""
        return [optimizer.learning_rate for optimizer in self.optimizers]

    def set_rates(self, budget_used: tf.Tensor, lead: tf.Tensor) -> None:
        """Set both learning rates for this step, if they change from step to step."""
        if not self.changes:
            return
        rates = (self.train.g_lr, self.train.d_lr)
        factors = self.factors(budget_used, lead)
        for variable, rate, factor in zip(self.rates, rates, factors, strict=True):
            variable.assign(rate * factor * self.scale)

    @staticmethod
    def compute_every(
        step: tf.Tensor,
        every: int,
        compute: Callable[[], list[tf.Tensor]],
        like: Sequence[keras.Variable],
    ) -> list[tf.Tensor]:
        """Return what ``compute`` returns at every n-th step, zeros at other steps.

        Args:
            step: the training step.
            every: n.
            compute: returns a tensor for each of ``like``, of its shape, float32.
            like: variables.
        """
        if every == 1:
            return compute()
        found: list[tf.Tensor] = tf.cond(
            tf.equal(step % every, every - 1),
            lambda: [tf.convert_to_tensor(each) for each in compute()],
            lambda: [tf.zeros(variable.shape) for variable in like],
        )
        return found

    @staticmethod
    def run_every(step: tf.Tensor, every: int, action: Callable[[], tf.Tensor | None]) -> tf.Tensor:
        """Call ``action`` at every n-th step; return its scalar, NaN at other steps."""

        def act() -> tf.Tensor:
            result = action()
            return tf.constant(float("nan")) if result is None else result

        if every == 1:
            return act()
        return tf.cond(tf.equal(step % every, every - 1), act, lambda: tf.constant(float("nan")))


def _unwrap(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer within a loss-scale optimizer."""
    return getattr(optimizer, "inner_optimizer", optimizer)
