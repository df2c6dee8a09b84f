"""What callbacks and tasks are given of a training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vidgan.dataset.manifest import Manifest
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.loop import Progress
from vidgan.training.run import Run


@dataclass(frozen=True)
class Preview:
    """The same clips at every look, so that one sees what training has changed.

    Attributes:
        grid: ``(rows, columns)`` of the video.
        draw: from the model to uint8 ``(clips, frames, height, width, 3)``: each is a row of the
            contact sheet, and a tile of the video, row by row.
    """

    grid: tuple[int, int]
    draw: Callable[[AdversarialModel], np.ndarray]


@dataclass(frozen=True)
class TrainingContext:
    """A training at work, as those see it that watch it.

    Attributes:
        run: the run.
        manifests: its datasets.
        gan: what is trained.
        progress: of the training.
        save: saves a checkpoint and a preview.
        tell: called with a line of news.
        clock: returns seconds; what training is measured by.
    """

    run: Run
    manifests: Sequence[Manifest]
    gan: AdversarialModel
    progress: Progress
    save: Callable[[], None]
    tell: Callable[[str], None]
    clock: Callable[[], float]


class TrainingCallback(Protocol):
    """A Keras callback that watches a training.

    What it adds to the logs of a step is written to ``log.csv``, where the task has such columns.
    """

    on_train_begin: Callable[..., None]
    on_train_batch_end: Callable[..., None]

    def summary(self) -> str | None:
        """Return what was found in this sitting, None for nothing."""


# Of the log, what every step of an AdversarialModel tells; tasks add theirs in between.
GAME_COLUMNS = ("d_loss", "g_loss")
JUDGED_COLUMNS = ("d_acc_real", "d_acc_fake", "r1", "r2")
NORM_COLUMNS = ("g_norm", "d_norm")
