"""Save checkpoints and samples during training."""

import time
from typing import Any

import keras
import numpy as np

from vidgan.errors import VidganError
from vidgan.images import save_image
from vidgan.remote.places import publish
from vidgan.training import weights
from vidgan.training.context import Preview
from vidgan.training.events import EventFile
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.run_lookup import SAMPLES
from vidgan.video.layout import contact_sheet, tile
from vidgan.video.writers.open import open_writer


class Snapshots(keras.callbacks.Callback):
    """Saves a checkpoint, a contact sheet and a video of samples every ``--snapshot-minutes``."""

    def __init__(self, run: Run, progress: Progress, events: EventFile, preview: Preview) -> None:
        super().__init__()
        self.run, self.progress, self.events, self.preview = run, progress, events, preview
        self.saved_step, self.saved_at = progress.step, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self.saved_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save when due."""
        if time.monotonic() - self.saved_at >= 60 * self.run.train.snapshot_minutes:
            self.save()

    def on_train_end(self, logs: Any = None) -> None:
        """Save the last step."""
        if self.progress.step > self.saved_step:
            self.save()

    def save(self) -> None:
        """Save a checkpoint and samples.

        Raises:
            TrainingError: a weight is not finite; nothing is saved.
        """
        gan = self.model
        weights.check_finite(gan, self.progress.step)
        self.run.save_checkpoint(gan, self.progress.state())
        self.saved_step, self.saved_at = self.progress.step, time.monotonic()
        self._write_samples(self.preview.render(gan))
        publish(self.run.path)

    def rescue(self) -> bool:
        """Save a checkpoint after an error elsewhere; return whether that was possible.

        Without samples, and without an error of its own.
        """
        if self.progress.step <= self.saved_step:
            return False
        try:
            weights.check_finite(self.model, self.progress.step)
            self.run.save_checkpoint(self.model, self.progress.state())
        except (VidganError, OSError):
            return False
        self.saved_step = self.progress.step
        return True

    def _write_samples(self, clips: np.ndarray) -> None:
        """Write uint8 ``(clips, frames, height, width, 3)`` as image, video and to TensorBoard."""
        stem = self.run.path / SAMPLES / f"step-{self.progress.step:08d}"
        save_image(stem.with_suffix(".png"), contact_sheet(clips))
        video = tile(clips, self.preview.grid)
        size = (video.shape[2], video.shape[1])
        paths = [stem.with_suffix(".mp4")]
        if self.run.train.tensorboard:
            # TensorBoard shows animated GIFs; the file is temporary.
            paths.append(stem.with_suffix(".gif"))
        for path in paths:
            with open_writer(path, self.run.fps, size) as writer:
                for frame in video:
                    writer.write(frame)
        if self.run.train.tensorboard:
            self.events.image(self.progress.step, "samples", paths[1].read_bytes(), size)
            paths[1].unlink()
