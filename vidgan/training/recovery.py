"""Recovery from divergence: back to the last good weights, with lower learning rates."""

import math
from collections import deque
from collections.abc import Mapping

import tensorflow as tf

from vidgan.errors import TrainingError
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.health_log import HealthLog
from vidgan.training.health_rules import (
    CLIPPED,
    DIVERGENCE,
    EXPLODED,
    FLAT,
    WINDOW,
    HealthEvent,
)
from vidgan.training.means import Means

# Factor of the learning rates after each divergence, and the number of divergences after which
# training is given up.
RATE_FACTOR, MAX_RECOVERIES = 0.3, 8
# A reconstruction loss above this multiple of its lowest value has diverged.
WORSE = 1.6


def broken_loss(logs: Mapping[str, float]) -> str | None:
    """Return which loss of a step is not finite, with its value; None if all are."""
    for name, value in logs.items():
        if name.endswith("loss") and not math.isfinite(value):
            return f"{name} is {value}"
    return None


class Recovery:
    """Detects divergence within :data:`WINDOW` steps and restores earlier weights.

    Weights and the state of the optimizers are copied in memory at every window in which training
    was sound. After divergence the last but one copy is restored, since the last may have been
    made when it began, and the learning rates are lowered. The number of steps is not set back.

    Args:
        gan: the model.
        log: receives an event for each recovery; those of earlier sessions set the rates.
    """

    def __init__(self, gan: AdversarialModel, log: HealthLog) -> None:
        self.gan, self.log = gan, log
        kept = {id(each) for part in gan.parts() for each in (part.step, part.budget_used)}
        every, rates = list(gan.variables), set()
        for part in gan.parts():
            optimizers = [*part.g_optimizer.variables, *part.d_optimizer.variables]
            every += [*part.generator_ema.variables, *optimizers]
            rates |= {id(rate) for rate in part.schedules.rates}
        unique = {id(each): each for each in every if id(each) not in kept | rates}
        self.variables = list(unique.values())
        self.copies: deque[list[tf.Tensor]] = deque(maxlen=2)
        self.means = Means()
        # The lowest reconstruction loss and the highest contrast of a window.
        self.lowest, self.highest = math.inf, 0.0

    def begin(self) -> None:
        """Take a first copy; set the learning rates by the events of earlier sessions."""
        if count := self._divergences():
            self._scale_rates(RATE_FACTOR**count)
        self._copy()

    def check(self, step: int, logs: dict[str, float]) -> bool:
        """Return whether training diverged and was set back.

        Args:
            step: number of steps taken.
            logs: the logs of this step.

        Raises:
            TrainingError: training has diverged too often.
        """
        if broken := broken_loss(logs):
            self._restore(step, broken)
            return True
        self.means.add({name: value for name, value in logs.items() if math.isfinite(value)})
        if step % WINDOW:
            return False
        means = self.means.take()
        problem = self._problem(means)
        if problem is not None:
            self._restore(step, problem)
            return True
        self.lowest = min(self.lowest, means.get("reconstruction_loss", math.inf))
        self.highest = max(self.highest, means.get("batch_contrast", 0.0))
        self._copy()
        return False

    def _problem(self, means: dict[str, float]) -> str | None:
        for name in ("g_norm", "d_norm"):
            if means.get(name, 0.0) > EXPLODED:
                return f"the gradient's norm {name} is {means[name]:.3g}"
        if means.get("reconstruction_loss", 0.0) > WORSE * self.lowest:
            return (
                f"the reconstruction loss rose from {self.lowest:.3g} to "
                f"{means['reconstruction_loss']:.3g}"
            )
        if abs(means.get("g_loss", 0.0)) > EXPLODED:
            return f"the generator's loss is {means['g_loss']:.3g}"
        if means.get("batch_clipped", 0.0) > CLIPPED:
            return f"{means['batch_clipped']:.0%} of the generated values are black or white"
        # Clips that are still blank have not diverged; those that are blank again have.
        if means.get("batch_contrast", 1.0) < FLAT < self.highest / 2:
            return "generated clips have become blank"
        weights = self.gan.generator.trainable_weights
        if not all(bool(tf.reduce_all(tf.math.is_finite(weight))) for weight in weights):
            return "a weight of the generator is not finite"
        return None

    def _scale_rates(self, scale: float) -> None:
        for part in self.gan.parts():
            part.schedules.set_scale(scale)

    def _divergences(self) -> int:
        return sum(event.rule == DIVERGENCE for event in self.log.events)

    def _copy(self) -> None:
        self.copies.append([tf.identity(variable.value) for variable in self.variables])

    def _restore(self, step: int, problem: str) -> None:
        done = self._divergences()
        if done >= MAX_RECOVERIES:
            raise TrainingError(
                f"{problem} at step {step}: training has diverged {done + 1} times, each time with "
                "lower learning rates; use a larger --r1, --precision float32 or another --loss"
            )
        for variable, value in zip(self.variables, self.copies[0], strict=True):
            variable.assign(value)
        while len(self.copies) > 1:
            self.copies.pop()
        self.means.take()
        self._scale_rates(RATE_FACTOR ** (done + 1))
        message = (
            f"training diverged ({problem}): back to the last good weights, with learning rates "
            f"{RATE_FACTOR ** (done + 1):.2g} times as high"
        )
        # Both at once: it was detected, and is over.
        self.log.record([HealthEvent(step, DIVERGENCE, True, message)])
