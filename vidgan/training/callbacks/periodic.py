"""Base class of callbacks that measure periodically: best checkpoint and early stopping."""

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import keras

from vidgan.training import weights
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.state import Measurement, read_measurement

# A training that ends early because of --patience still lowers its learning rate to 0: from here on
# in its schedule.
DECAY_FROM = 0.8
# Estimated cost of the first measurement: seconds to read real clips and to trace graphs, and the
# cost of a measured clip as a fraction of training on one.
START_SECONDS = 3.0
CLIP_COST = 0.5


class PeriodicMonitor(keras.callbacks.Callback):
    """Measures the moving average periodically, within a fraction of the training time.

    Measurements, including the checkpoints that they save, take at most ``--metric-share`` of the
    training time; the cost of the first is estimated, and that of the last step's is kept in
    reserve. Results are added to the logs of the step and to ``progress``, for callbacks that run
    later. Training itself is not affected: no random generator of a training step is used here.

    Args:
        run: the run.
        progress: progress of the training.
        save: saves a checkpoint; called for the best measurement so far.
        notify: receives messages for the user.
        clips: approximate number of clips of a measurement.
        clock: returns seconds; measures the time of training.
    """

    def __init__(
        self,
        run: Run,
        progress: Progress,
        save: Callable[[], None],
        notify: Callable[[str], None],
        clips: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.run, self.progress = run, progress
        self.save, self.notify, self.clock = save, notify, clock
        self.measured_clips = clips
        self.best: Measurement | None = None
        self.prepared = False
        self.count, self.spent, self.cost = 0, 0.0, 0.0

    @abstractmethod
    def possible(self) -> bool:
        """Return whether the datasets allow measurements; called when training begins."""

    @abstractmethod
    def prepare(self) -> None:
        """Prepare for the first measurement."""

    @abstractmethod
    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return the values for the log, by column, and the one that chooses checkpoints."""

    def failure(self) -> str | None:
        """Return None: measurements alone are no failure."""
        return None

    def first_cost(self, per_clip: float) -> float:
        """Return the estimated duration of the first measurement in seconds.

        Args:
            per_clip: duration of training on one clip in seconds.
        """
        return START_SECONDS + CLIP_COST * self.measured_clips * per_clip

    def on_train_begin(self, logs: Any = None) -> None:
        """Check whether to measure, and read the best measurement so far."""
        self.enabled = self.possible()
        best = self.run.best()
        self.best = None if best is None else read_measurement(best)
        self.began = self.last_measured = self.progress.seconds
        self.clips = self.progress.clips

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Measure when due."""
        if not self.enabled or not self._due():
            return
        weights.check_finite(self.model, batch)
        start = self.clock()
        if not self.prepared:
            self.prepare()
            self.prepared = True
        # Preparation counts as spent, but does not predict the next measurement.
        prepared = self.clock()
        figures, measured = self.measure()
        (logs or {}).update(figures)
        self._update_best(measured)
        end = self.clock()
        self.cost = end - prepared
        self.spent += end - start
        self.count += 1
        self.last_measured = self.progress.seconds

    def _due(self) -> bool:
        trained = self.progress.seconds - self.began
        last = self.progress.budget_used >= 1
        if not last and self.progress.seconds - self.last_measured < 60 * self._minutes:
            return False
        per_clip = trained / (self.progress.clips - self.clips)
        cost = self.cost or self.first_cost(per_clip)
        # Before the last step, the cost of its measurement is kept in reserve.
        return self.spent + (1 if last else 2) * cost <= self.run.train.metric_share * trained

    @property
    def _minutes(self) -> float:
        """The minimum interval between measurements in minutes."""
        given = self.run.train.metric_minutes
        # The best are saved, which must not be much more frequent than snapshots.
        return self.run.train.snapshot_minutes / 2 if given is None else given

    def _update_best(self, measured: Measurement) -> None:
        """Save the best checkpoint; end early without improvement for ``--patience``."""
        best = self.best
        self.progress.measurement = measured
        if best is None or not measured.comparable(best) or measured.cost < best.cost:
            self.best = measured
            self.save()
        patience = self.run.train.patience
        if patience and measured.waited >= patience:
            self._end_early(measured)

    def _end_early(self, measured: Measurement) -> None:
        """Stop; with a schedule, shorten the budget, so that the learning rate still decays."""
        if self.run.train.schedule == "constant":
            self.model.stop_training = True
        elif self.progress.budget_used < DECAY_FROM:
            minutes = self.progress.seconds / 60 / DECAY_FROM
            self.progress.budget = self.progress.budget.replace(minutes=minutes)
            # Resuming the run ends as early.
            self.run.replace(train=self.run.train.replace(minutes=minutes)).save()
            self.notify(
                f"No significant improvement in {measured.waited} measurements: training ends "
                f"early, after {minutes:.1f} minutes, and its learning rate decays until then. "
                f"For more: vidgan train --resume {self.run.path} --minutes {2 * minutes:.3g}"
            )

    def summary(self) -> str | None:
        """Return a summary of the session, None without measurements."""
        last, best = self.progress.measurement, self.best
        if not self.count or last is None or best is None:
            return None
        share = self.spent / (self.progress.seconds - self.began)
        lines = [
            f"Metrics: {best.text} at step {best.step}, the best (--checkpoint best); "
            f"{last.figure} at step {last.step}, the last. {self.count} measurements took "
            f"{share:.1%} of the training time."
        ]
        if self.model.stop_training:
            lines.append(
                f"Stopped early: no significant improvement in {last.waited} measurements. Go on "
                f"with: vidgan train --resume {self.run.path} --patience 0"
            )
        return "\n".join(lines)
