"""What happens around the steps: progress bar, log, TensorBoard, snapshots."""

import contextlib
import csv
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from vidgan.files import atomic_path, write_error
from vidgan.tasks.base import Preview
from vidgan.training import weights
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.video.contact_sheet import contact_sheet, save_image, tile

LOG_NAME = "log.csv"
FIRST_COLUMNS = ("step", "epoch", "seconds")
LAST_COLUMNS = ("clips_per_second", "wait_share")
# What the bar shows of a step, where it has it.
BAR = {
    "d_loss": "D {:.2f}",
    "g_loss": "G {:.2f}",
    "pixel_loss": "pixels {:.4f}",
    "cycle_loss": "cycle {:.3f}",
    "d_acc_real": "real {:.0%}",
    "d_acc_fake": "fake {:.0%}",
}


class Means:
    """Means of what steps report; a value that was not measured in a step (NaN) does not count."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, values: dict[str, float]) -> None:
        """Take in one step's values."""
        for name, value in values.items():
            if not math.isnan(value):
                self.sums[name] += value
                self.counts[name] += 1

    def take(self) -> dict[str, float]:
        """Return the means and start anew."""
        means = {name: self.sums[name] / self.counts[name] for name in self.sums}
        self.sums.clear()
        self.counts.clear()
        return means


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


def _rows(
    path: Path, columns: Sequence[str] | None = None
) -> Iterator[tuple[dict[str, str], dict[str, float]]]:
    """Yield the whole lines of ``log.csv`` as text and as numbers, empty cells left out.

    Args:
        path: the file.
        columns: lines that have others are left out; a log of an earlier vidgan has fewer.
    """
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            # A kill or a full disk may cut a line off anywhere.
            if None in row or None in row.values():
                continue
            if columns is not None and not set(row) <= set(columns):
                continue
            try:
                numbers = {name: float(value) for name, value in row.items() if value}
            except ValueError:
                continue
            if "step" in numbers:
                yield row, numbers


def read_log(path: Path) -> list[dict[str, float]]:
    """Read ``log.csv``; a line that a kill cut off, and empty cells, are left out."""
    return [numbers for _, numbers in _rows(path)]


class Log(keras.callbacks.Callback):
    """Means over ``log_every`` steps to ``log.csv`` and TensorBoard's scalars.

    Args:
        run: the run.
        progress: of the training.
        writer: of TensorBoard's files.
        columns: the task's own.
    """

    def __init__(
        self,
        run: Run,
        progress: Progress,
        writer: tf.summary.SummaryWriter,
        columns: Sequence[str],
    ) -> None:
        super().__init__()
        self.progress, self.writer = progress, writer
        self.columns = (*FIRST_COLUMNS, *columns, *LAST_COLUMNS)
        self.path, self.every = run.path / LOG_NAME, run.train.log_every
        self.means = Means()
        self.file: IO[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Drop lines after the checkpoint that training goes on from, and append."""
        old = list(_rows(self.path, self.columns)) if self.path.exists() else []
        with (
            atomic_path(self.path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.DictWriter(file, self.columns)
            table.writeheader()
            table.writerows(row for row, values in old if values["step"] <= self.progress.step)
        self.file = self.path.open("a", newline="", encoding="utf-8")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Add a step; write the means at every ``log_every``-th."""
        seconds, wait = self.progress.step_seconds, self.progress.wait_seconds
        self.means.add({**(logs or {}), "seconds": seconds, "wait": wait})
        if batch % self.every == 0:
            self._write()

    def _write(self) -> None:
        means = self.means.take()
        if not means or self.file is None:
            return
        seconds, wait = means.pop("seconds", None), means.pop("wait", None)
        scalars = means
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
        with self.writer.as_default(step=self.progress.step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)

    def on_train_end(self, logs: Any = None) -> None:
        """Write what is left."""
        self._write()

    def close(self) -> None:
        """Close the file and TensorBoard's."""
        if self.file is not None:
            with contextlib.suppress(OSError):  # A full disk, which has been reported.
                self.file.close()
        self.writer.close()


class Snapshots(keras.callbacks.Callback):
    """A checkpoint, a contact sheet and an mp4 of the same clips, every so many minutes."""

    def __init__(
        self, run: Run, progress: Progress, writer: tf.summary.SummaryWriter, preview: Preview
    ) -> None:
        super().__init__()
        self.run, self.progress, self.writer, self.preview = run, progress, writer, preview
        self.saved_step, self.saved_at = progress.step, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self.saved_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save when the time has come."""
        if time.monotonic() - self.saved_at >= 60 * self.run.train.snapshot_minutes:
            self.save()

    def on_train_end(self, logs: Any = None) -> None:
        """Save the end."""
        if self.progress.step > self.saved_step:
            self.save()

    def save(self) -> None:
        """Save a checkpoint and samples.

        Raises:
            TrainingError: a weight is no longer finite; nothing is saved.
        """
        gan = self.model
        weights.check_finite(gan, self.progress.step)
        self.run.save_checkpoint(gan, self.progress.state())
        self.saved_step, self.saved_at = self.progress.step, time.monotonic()
        self._write_samples(self.preview.draw(gan))

    def _write_samples(self, clips: np.ndarray) -> None:
        """Write uint8 ``(clips, frames, height, width, 3)`` as sheet, video and to TensorBoard."""
        from vidgan.video.writers.base import open_writer

        stem = self.run.path / "samples" / f"step-{self.progress.step:08d}"
        save_image(stem.with_suffix(".png"), contact_sheet(clips))
        video = tile(clips, self.preview.grid)
        size = (video.shape[2], video.shape[1])
        paths = [stem.with_suffix(".mp4")]
        if self.run.train.tensorboard:
            # TensorBoard plays animated GIFs; the file is only on the way there.
            paths.append(stem.with_suffix(".gif"))
        for path in paths:
            with open_writer(path, self.run.fps, size) as writer:
                for frame in video:
                    writer.write(frame)
        if self.run.train.tensorboard:
            gif = tf.compat.v1.Summary.Image(
                width=size[0],
                height=size[1],
                colorspace=3,
                encoded_image_string=paths[1].read_bytes(),
            )
            value = tf.compat.v1.Summary.Value(tag="samples", image=gif)
            summary = tf.compat.v1.Summary(value=[value])
            with self.writer.as_default(step=self.progress.step):
                tf.summary.experimental.write_raw_pb(summary.SerializeToString())
            paths[1].unlink()
