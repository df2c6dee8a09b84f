"""The progress bar of a training."""

import math
import sys
import time
from typing import IO, Any

import keras
from tqdm import tqdm

from vidgan.training.loop import Progress

# What the bar shows of a step, where it has it.
BAR = {
    "d_loss": "D {:.2f}",
    "g_loss": "G {:.2f}",
    "pixel_loss": "pixels {:.4f}",
    "cycle_loss": "cycle {:.3f}",
    "d_acc_real": "real {:.0%}",
    "d_acc_fake": "fake {:.0%}",
}


class ProgressBar(keras.callbacks.Callback):
    """A bar on a terminal, a line now and then elsewhere."""

    LINE_SECONDS = 30.0

    def __init__(self, progress: Progress, file: IO[str] | None = None) -> None:
        super().__init__()
        self.progress = progress
        self.file = file or sys.stderr
        self.means: dict[str, float] = {}
        self.bar: tqdm | None = None
        self.began, self.share = 0.0, 0.0
        self.printed = -math.inf

    def on_train_begin(self, logs: Any = None) -> None:
        """Draw the empty bar."""
        if self.file.isatty():
            form = "{percentage:3.0f}% |{bar}| {elapsed} {postfix}"
            share = 100 * min(1.0, self.progress.share)
            self.bar = tqdm(total=100.0, initial=share, bar_format=form, file=self.file)

    def _text(self) -> str:
        text = f"step {self.progress.step} epoch {self.progress.epoch:.1f}"
        for name, label in BAR.items():
            if name in self.means:
                text += f" {label.format(self.means[name])}"
        if "seconds" in self.means:
            text += f" {self.means['clips'] / max(self.means['seconds'], 1e-9):.1f} clips/s"
        measured = self.progress.measurement
        if measured is not None:
            text += f" {measured.metric} {measured.figure}"
        return text

    def _left(self) -> str:
        """Return the time left, at the pace since the end of this sitting's first step."""
        done = self.progress.share - self.share
        if done <= 0:
            return "? left"
        seconds = (time.monotonic() - self.began) * (1 - self.progress.share) / done
        return f"{tqdm.format_interval(max(0, round(seconds)))} left"

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show running means of the last dozens of steps."""
        values = {**(logs or {}), "clips": self.progress.clips / max(1, self.progress.step)}
        values["seconds"] = self.progress.step_seconds
        for name, value in values.items():
            if not math.isnan(value):
                self.means[name] = 0.95 * self.means.get(name, value) + 0.05 * value
        if math.isnan(self.progress.step_seconds):
            self.began, self.share = time.monotonic(), self.progress.share
        share = min(1.0, self.progress.share)
        if self.bar is not None:
            self.bar.set_postfix_str(f"{self._left()} {self._text()}", refresh=False)
            self.bar.update(100 * share - self.bar.n)
        elif time.monotonic() - self.printed > self.LINE_SECONDS:
            self.printed = time.monotonic()
            print(f"{share:4.0%} {self._text()}, {self._left()}", file=self.file, flush=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the last state on the screen."""
        if self.bar is None and self.means:
            share = min(1.0, self.progress.share)
            print(f"{share:4.0%} {self._text()}", file=self.file, flush=True)

    def close(self) -> None:
        """End the bar's line, so that what is printed next begins one."""
        if self.bar is not None:
            self.bar.close()
