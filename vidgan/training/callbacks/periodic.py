"""Measuring now and then while training: when, for the best checkpoint, and for an early stop."""

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import keras

from vidgan.training import weights
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.state import Measurement, read_measurement


class PeriodicMonitor(keras.callbacks.Callback):
    """Measures the moving average now and then, within a share of the training time.

    Measurements, and saving checkpoints because of them, take at most ``--metric-share`` of the
    time spent training; the first one's cost is estimated. One more is kept in reserve for the last
    step. What they find is added to the step's logs and to ``progress``, for callbacks that come
    after this one. Training itself is not touched: nothing here draws from a random generator that
    a step uses.

    Args:
        run: the run.
        progress: of the training.
        save: saves a checkpoint; called when a figure is the best so far.
        tell: called with a line.
        clock: returns seconds; what training is measured by.
    """

    def __init__(
        self,
        run: Run,
        progress: Progress,
        save: Callable[[], None],
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.run, self.progress = run, progress
        self.save, self.tell, self.clock = save, tell, clock
        self.best: Measurement | None = None
        self.prepared = False
        self.count, self.spent, self.cost = 0, 0.0, 0.0

    @abstractmethod
    def possible(self) -> bool:
        """Return whether there is anything to compare with; asked when training begins."""

    @abstractmethod
    def prepare(self) -> None:
        """Do what is done once, before the first measurement."""

    @abstractmethod
    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return what goes to the log by column, and the figure that chooses checkpoints."""

    @abstractmethod
    def first_cost(self, per_clip: float) -> float:
        """Return what the first measurement will take in seconds.

        Args:
            per_clip: seconds that training takes for a clip.
        """

    def on_train_begin(self, logs: Any = None) -> None:
        """See what there is to compare with, and which checkpoint is the best so far."""
        self.enabled = self.possible()
        best = self.run.best()
        self.best = None if best is None else read_measurement(best)
        self.began = self.measured_at = self.progress.seconds
        self.clips = self.progress.clips

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Measure when it is time."""
        if not self.enabled or not self._due():
            return
        weights.check_finite(self.model, batch)
        start = self.clock()
        if not self.prepared:
            self.prepare()
            self.prepared = True
        # What is done once is spent, but says nothing of the next measurement.
        prepared = self.clock()
        figures, measured = self.measure()
        (logs or {}).update(figures)
        self._follow(measured)
        end = self.clock()
        self.cost = end - prepared
        self.spent += end - start
        self.count += 1
        self.measured_at = self.progress.seconds

    def _due(self) -> bool:
        trained = self.progress.seconds - self.began
        last = self.progress.share >= 1
        if not last and self.progress.seconds - self.measured_at < 60 * self._minutes:
            return False
        per_clip = trained / (self.progress.clips - self.clips)
        cost = self.cost or self.first_cost(per_clip)
        # In mid-training the cost of the last step's measurement stays in reserve.
        return self.spent + (1 if last else 2) * cost <= self.run.train.metric_share * trained

    @property
    def _minutes(self) -> float:
        """Return how many minutes lie between two measurements at least."""
        given = self.run.train.metric_minutes
        # The best are saved, which must not write checkpoints much more often than snapshots do.
        return self.run.train.snapshot_minutes / 2 if given is None else given

    def _follow(self, measured: Measurement) -> None:
        """Keep the checkpoint if it is the best, stop if none was for long."""
        best = self.best
        self.progress.measurement = measured
        if best is None or not measured.comparable(best) or measured.cost < best.cost:
            self.best = measured
            self.save()
        patience = self.run.train.patience
        if patience and measured.waited >= patience:
            self.model.stop_training = True

    def summary(self) -> str | None:
        """Return what was measured in this sitting, None where nothing was."""
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
                f"Stopped early: {last.waited} measurements in a row were no better than chance "
                f"would have it. Go on with: vidgan train --resume {self.run.path} --patience 0"
            )
        return "\n".join(lines)
