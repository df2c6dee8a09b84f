"""What a task is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from vidgan.config import CropConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import training_clips
from vidgan.errors import OptionError
from vidgan.tiling.filter import Filter
from vidgan.training.run import Run

if TYPE_CHECKING:
    from vidgan.training.adversarial import AdversarialModel
    from vidgan.training.loop import Progress


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
class Sitting:
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


class Hook(Protocol):
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


@dataclass(frozen=True)
class Task:
    """A task: ``TASK`` in its file.

    Attributes:
        settle: fills in what of a new run's options depends on the datasets, and sees that they go
            together; raises OptionError or DatasetError.
        build: from a run to its model, compiled, with fresh weights.
        generator: from a run to a network with fresh weights that the moving average's fit into,
            as the model's ``generator_ema``: what the task's command uses. It may take clips of
            other shapes than training does.
        data: from a run, its manifests and a number of batches that have been seen to endless
            batches, any nested structure of tensors of static batch size; see
            :func:`vidgan.dataset.pipeline.training_clips`. The same at every sitting.
        preview: from a run and its manifests to what is drawn at every checkpoint.
        hooks: makes what watches a training, in the order in which it is to be called.
        columns: of the log, beside those that all have.
        filter: of tasks that turn video into video: from a run, its trained generator and the
            options of the task's command that concern it, by name, to what restores a video.
    """

    settle: Callable[[Run, Sequence[Manifest]], Run]
    build: Callable[[Run], AdversarialModel]
    generator: Callable[[Run], keras.Model]
    data: Callable[[Run, Sequence[Manifest], int], tf.data.Dataset]
    preview: Callable[[Run, Sequence[Manifest]], Preview]
    hooks: Callable[[Sitting], Sequence[Hook]]
    columns: tuple[str, ...]
    filter: Callable[..., Filter] | None = None


def clips_of(run: Run, manifest: Manifest, skip: int, **more: Any) -> tf.data.Dataset:
    """Return batches of a dataset as the run's options have them.

    Args:
        run: the run.
        manifest: one of its datasets.
        skip: batches that have been seen.
        **more: what else :func:`vidgan.dataset.pipeline.training_clips` takes.
    """
    return training_clips(
        manifest,
        run.frames,
        run.train.batch_size or 1,
        stride=run.stride,
        mirror=run.train.mirror,
        seed=run.train.seed,
        skip=skip,
        **more,
    )


def crop_of(run: Run, multiple: int = 1) -> tuple[int, int]:
    """Return height and width of what a task that turns clips into clips learns from.

    That is a square of ``--crop``, less where frames are smaller.

    Args:
        run: a run whose task has the option.
        multiple: what both are multiples of.

    Raises:
        OptionError: the crop or the frames are smaller than that.
    """
    assert isinstance(run.task_config, CropConfig)
    width, height = (min(run.task_config.side, side) // multiple * multiple for side in run.size)
    if not min(width, height):
        raise OptionError(f"--crop and the frames need sides of {multiple} pixels or more")
    return height, width
