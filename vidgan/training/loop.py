"""The training loop: budget, timing, interruption and divergence."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from vidgan.config import TrainConfig
from vidgan.errors import TrainingError
from vidgan.signals import stopping
from vidgan.training.adversarial import AdversarialModel, TrainStep
from vidgan.training.distribution import Distribution
from vidgan.training.recovery import Recovery, broken_loss
from vidgan.training.state import STATE_KEYS, Measurement


@dataclass
class Progress:
    """Progress of a training; ``state.json`` of a checkpoint.

    Attributes:
        step: number of training steps taken.
        clips: number of training clips processed; of two datasets, those of the first.
        epoch: number of passes over the training clips.
        seconds: training time over all sessions.
        step_seconds: duration of the last step, including waiting; NaN for the first step of a
            session, in which the graph is traced; not saved.
        wait_seconds: time that the last step waited for its batch; NaN likewise; not saved.
        measurement: the last measurement of the moving average.
        budget: the options with the limits of training; not saved.
    """

    step: int = 0
    clips: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    step_seconds: float = field(default=0.0, repr=False)
    wait_seconds: float = field(default=0.0, repr=False)
    measurement: Measurement | None = None
    budget: TrainConfig = field(default_factory=TrainConfig, repr=False)

    def state(self) -> dict[str, Any]:
        """Return the content of ``state.json``."""
        state = {key: getattr(self, key) for key in STATE_KEYS}
        if self.measurement is not None:
            state["measurement"] = self.measurement.to_json()
        return state

    @property
    def budget_used(self) -> float:
        """Fraction of the budget that is used, 0…1 and above, by the limit reached first."""
        used = (
            (self.epoch, self.budget.epochs),
            (self.step, self.budget.steps),
            (self.seconds / 60, self.budget.minutes),
        )
        return max(
            (done / limit if limit else math.inf) for done, limit in used if limit is not None
        )


class Interrupted:
    """Whether the user asked to stop: set by the first Ctrl-C, SIGTERM or SIGHUP."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> None:
        """Let the current step finish at the first signal; interrupt at once at the second."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def _check_finite(logs: dict[str, float], progress: Progress) -> None:
    if broken := broken_loss(logs):
        raise TrainingError(
            f"{broken} at step {progress.step}: training has diverged; try half "
            "of --g-lr and --d-lr, a larger --r1, or --precision float32"
        )


def train(
    gan: AdversarialModel,
    data: Iterable[Any],
    progress: Progress,
    callbacks: Sequence[keras.callbacks.Callback],
    epoch_clips: int,
    clock: Callable[[], float] = time.perf_counter,
    recovery: Recovery | None = None,
    distribution: Distribution | None = None,
) -> bool:
    """Train until the budget is used, a callback stops training or the user interrupts.

    Callbacks receive ``on_train_begin``, ``on_train_batch_end(step, logs)`` after every step, and
    ``on_train_end``, the last also after an interruption but not after an error. As in Keras, a
    callback stops training by setting ``gan.stop_training``.

    Args:
        gan: the compiled model.
        data: endless batches of any structure; see ``Distribution.batches``.
        progress: is updated after every step; holds the budget.
        callbacks: Keras callbacks.
        epoch_clips: number of clips of an epoch.
        clock: returns seconds.
        recovery: sets the model back when training diverges.
        distribution: the devices; by default the one of the context.

    Returns:
        False if the user interrupted.

    Raises:
        TrainingError: a loss is not finite, memory ran out, or another worker has stopped.
    """
    distribution = distribution or Distribution(None, "")
    traced: dict[TrainStep, TrainStep] = {}
    callback_list = keras.callbacks.CallbackList(list(callbacks), model=gan)
    interrupted = Interrupted()
    with stopping(interrupted), distribution.worker_errors():
        gan.stop_training = False
        callback_list.on_train_begin()
        if recovery is not None:
            recovery.begin()
        batches = iter(data)
        while True:
            # A signal may come meanwhile: it counts before the next step.
            used, (done, stopped) = distribution.agree(
                progress.budget_used, gan.stop_training, interrupted.requested
            )
            if used >= 1 or done or stopped:
                break
            gan.budget_used.assign(used)
            step = gan.step_at(used)
            first = step not in traced
            if first:
                traced[step] = distribution.trace(step)
            start = clock()
            batch = next(batches)
            arrived = clock()
            size = distribution.batch_size(batch)
            try:
                logs = {name: float(value) for name, value in traced[step](batch).items()}
            except tf.errors.ResourceExhaustedError:
                raise TrainingError(
                    f"memory ran out at step {progress.step + 1}; use a --batch-size below {size}"
                ) from None
            end = clock()
            progress.step += 1
            progress.clips += size
            progress.epoch = progress.clips / epoch_clips
            progress.seconds += end - start
            progress.step_seconds = math.nan if first else end - start
            progress.wait_seconds = math.nan if first else arrived - start
            if recovery is not None and recovery.check(progress.step, logs):
                logs = {}
            _check_finite(logs, progress)
            callback_list.on_train_batch_end(progress.step, logs)
        callback_list.on_train_end()
    return not (stopped or interrupted.requested)
