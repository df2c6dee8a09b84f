"""What the callbacks of a training receive, and what they provide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vidgan.dataset.manifest import Manifest
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.health_log import HealthLog
from vidgan.training.loop import Progress
from vidgan.training.run import Run

# Columns of the log that every AdversarialModel has; tasks add their own in between.
LOSS_COLUMNS = ("d_loss", "g_loss")
ACCURACY_COLUMNS = ("d_acc_real", "d_acc_fake", "r1", "r2")
NORM_COLUMNS = ("g_norm", "d_norm")
# Formats of the progress bar for these columns.
LOSS_BAR = {"d_loss": "D {:.2f}", "g_loss": "G {:.2f}"}
ACCURACY_BAR = {"d_acc_real": "real {:.0%}", "d_acc_fake": "fake {:.0%}"}


@dataclass(frozen=True)
class Preview:
    """Samples that are saved with every checkpoint, always from the same inputs.

    Attributes:
        grid: ``(rows, columns)`` of the video.
        render: a function of the model that returns uint8 ``(clips, frames, height, width, 3)``:
            the rows of the contact sheet and the tiles of the video, row by row.
    """

    grid: tuple[int, int]
    render: Callable[[AdversarialModel], np.ndarray]


@dataclass(frozen=True)
class TrainingContext:
    """A running training, for its callbacks.

    Attributes:
        run: the run.
        manifests: its datasets.
        gan: the model.
        progress: progress of the training.
        save: saves a checkpoint and samples.
        notify: receives messages for the user.
        health: receives health events.
        clock: returns seconds; measures the time of training.
    """

    run: Run
    manifests: Sequence[Manifest]
    gan: AdversarialModel
    progress: Progress
    save: Callable[[], None]
    notify: Callable[[str], None]
    health: HealthLog
    clock: Callable[[], float]


class TrainingCallback(Protocol):
    """A Keras callback with a summary.

    Values that it adds to the logs of a step are written to ``log.csv`` if the task has such
    columns.
    """

    on_train_begin: Callable[..., None]
    on_train_batch_end: Callable[..., None]

    def summary(self) -> str | None:
        """Return a message at the end of the session, None for none."""

    def failure(self) -> str | None:
        """Return why the training has failed, although it ended; None if it has not."""
