"""What a task is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from vidgan.config import CropConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import training_clips
from vidgan.errors import OptionError
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.context import Preview, TrainingCallback, TrainingContext
from vidgan.training.run import Run


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
    hooks: Callable[[TrainingContext], Sequence[TrainingCallback]]
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
