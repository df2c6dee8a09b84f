"""The log: ``log.csv`` and TensorBoard scalars."""

import contextlib
import csv
from collections.abc import Sequence
from typing import IO, Any

import keras

from vidgan.files import atomic_path, write_error
from vidgan.training.events import EventFile
from vidgan.training.log_file import LOG_NAME, log_rows
from vidgan.training.loop import Progress
from vidgan.training.means import Means
from vidgan.training.run import Run

FIRST_COLUMNS = ("step", "epoch", "seconds")
RATE_COLUMNS = ("g_lr", "d_lr")
LAST_COLUMNS = (*RATE_COLUMNS, "clips_per_second", "wait_share")


class Log(keras.callbacks.Callback):
    """Writes means over ``log_every`` steps to ``log.csv`` and TensorBoard.

    Args:
        run: the run.
        progress: progress of the training.
        events: for TensorBoard.
        columns: columns of the task.
    """

    def __init__(
        self,
        run: Run,
        progress: Progress,
        events: EventFile,
        columns: Sequence[str],
    ) -> None:
        super().__init__()
        self.progress, self.events = progress, events
        self.columns = (*FIRST_COLUMNS, *columns, *LAST_COLUMNS)
        self.path, self.every = run.path / LOG_NAME, run.train.log_every
        self.means = Means()
        self.file: IO[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Drop lines that are newer than the checkpoint from which training resumes."""
        old = list(log_rows(self.path, self.columns)) if self.path.exists() else []
        with (
            atomic_path(self.path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.DictWriter(file, self.columns)
            table.writeheader()
            table.writerows(row for row, values in old if values["step"] <= self.progress.step)
        self.file = self.path.open("a", newline="", encoding="utf-8")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Add the values of a step; write the means at every ``log_every``-th step."""
        seconds, wait = self.progress.step_seconds, self.progress.wait_seconds
        self.means.add({**(logs or {}), "seconds": seconds, "wait": wait})
        if batch % self.every == 0:
            self._write()

    def _write(self) -> None:
        means = self.means.take()
        if not means or self.file is None:
            return
        seconds, wait = means.pop("seconds", None), means.pop("wait", None)
        # By numpy(): float() fails for variables of several replicas.
        rates = (float(rate.value.numpy()) for rate in self.model.schedules.rates)
        scalars = means | dict(zip(RATE_COLUMNS, rates, strict=True))
        if seconds and wait is not None:
            clips = self.progress.clips / self.progress.step
            scalars |= {"clips_per_second": clips / seconds, "wait_share": wait / seconds}
        row = {"epoch": self.progress.epoch, "seconds": self.progress.seconds} | scalars
        cells = {name: f"{value:.6g}" for name, value in row.items()}
        try:
            csv.DictWriter(self.file, self.columns).writerow({"step": self.progress.step} | cells)
            self.file.flush()
        except OSError as error:
            raise write_error(self.path, error) from None
        self.events.scalars(self.progress.step, scalars)

    def on_train_end(self, logs: Any = None) -> None:
        """Write the means of the remaining steps."""
        self._write()

    def close(self) -> None:
        """Close the files."""
        if self.file is not None:
            with contextlib.suppress(OSError):  # A full disk, already reported.
                self.file.close()
        self.events.close()
