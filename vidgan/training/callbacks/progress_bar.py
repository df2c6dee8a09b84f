"""The progress bar."""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, NoReturn

import keras
from tqdm import tqdm

from vidgan.training.context import ACCURACY_BAR, LOSS_BAR
from vidgan.training.loop import Progress
from vidgan.training.sparkline import sparkline


def write_above_bar(text: str) -> None:
    """Write a line to standard error, above the progress bar that is on the terminal."""
    tqdm.write(text, file=sys.stderr)


class ProgressBar(keras.callbacks.Callback):
    """Shows a progress bar on a terminal, and prints a line every 30 seconds elsewhere.

    The bar has a sparkline of the measurements, beside the last one.

    Args:
        progress: progress of the training.
        file: the stream to write to; standard error by default.
        formats: formats of the values to show, by their names in the logs of a step.
        measured: the measurements so far of a training that is resumed, oldest first.
    """

    LINE_SECONDS = 30.0

    def __init__(
        self,
        progress: Progress,
        file: IO[str] | None = None,
        formats: Mapping[str, str] = LOSS_BAR | ACCURACY_BAR,
        measured: Sequence[float] = (),
    ) -> None:
        super().__init__()
        self.progress = progress
        self.file = file or sys.stderr
        self.formats = formats
        self.means: dict[str, float] = {}
        self.measured, self.last = list(measured), progress.measurement
        self.bar: tqdm[NoReturn] | None = None
        self.began, self.initial_share = 0.0, 0.0
        self.printed = -math.inf

    def on_train_begin(self, logs: Any = None) -> None:
        """Draw the empty bar."""
        if self.file.isatty():
            form = "{percentage:3.0f}% |{bar}| {elapsed} {postfix}"
            share = 100 * min(1.0, self.progress.budget_used)
            self.bar = tqdm(total=100.0, initial=share, bar_format=form, file=self.file)

    def _text(self) -> str:
        text = f"step {self.progress.step} epoch {self.progress.epoch:.1f}"
        for name, form in self.formats.items():
            if name in self.means:
                text += f" {form.format(self.means[name])}"
        if "seconds" in self.means:
            text += f" {self.means['clips'] / max(self.means['seconds'], 1e-9):.1f} clips/s"
        return text

    def _measurement(self) -> str:
        """Return the last measurement, with a space before it."""
        measured = self.progress.measurement
        return "" if measured is None else f" {measured.metric} {measured.figure}"

    def _course(self) -> str:
        """Return a sparkline of the measurements, with a space before it."""
        line = sparkline(self.measured, getattr(self.file, "encoding", None))
        return f" {line}" if line else ""

    def _left(self) -> str:
        """Return the remaining time, from the speed since the first step of the session."""
        done = self.progress.budget_used - self.initial_share
        if done <= 0:
            return "? left"
        seconds = (time.monotonic() - self.began) * (1 - self.progress.budget_used) / done
        return f"{tqdm.format_interval(max(0, round(seconds)))} left"

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show running means of the recent steps."""
        values = {**(logs or {}), "clips": self.progress.clips / max(1, self.progress.step)}
        values["seconds"] = self.progress.step_seconds
        for name, value in values.items():
            if not math.isnan(value):
                self.means[name] = 0.95 * self.means.get(name, value) + 0.05 * value
        if math.isnan(self.progress.step_seconds):
            self.began, self.initial_share = time.monotonic(), self.progress.budget_used
        share = min(1.0, self.progress.budget_used)
        if self.progress.measurement is not self.last and self.progress.measurement is not None:
            self.last = self.progress.measurement
            self.measured.append(self.last.value)
        if self.bar is not None:
            # What matters most comes first: narrow terminals cut off the end.
            first = f"{self._left()}{self._measurement()}{self._course()}"
            self.bar.set_postfix_str(f"{first} {self._text()}", refresh=False)
            self.bar.update(100 * share - self.bar.n)
        elif time.monotonic() - self.printed > self.LINE_SECONDS:
            self.printed = time.monotonic()
            text = f"{share:4.0%} {self._text()}{self._measurement()}, {self._left()}"
            print(text, file=self.file, flush=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Print the last state."""
        if self.bar is None and self.means:
            share = min(1.0, self.progress.budget_used)
            text = f"{share:4.0%} {self._text()}{self._measurement()}"
            print(text, file=self.file, flush=True)

    def close(self) -> None:
        """End the line of the bar."""
        if self.bar is not None:
            self.bar.close()
