"""The description of a task, and what tasks have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import keras
import tensorflow as tf

from vidgan.config import Config, CropConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import training_clips
from vidgan.errors import OptionError
from vidgan.models.sizes import largest_side
from vidgan.tasks.exported import Exported
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.context import Preview, TrainingCallback, TrainingContext
from vidgan.training.curves import Panel
from vidgan.training.run import Run

TaskConfig = TypeVar("TaskConfig", bound=Config)


class DataFunction(Protocol):
    """The type of :attr:`Task.data`."""

    def __call__(
        self,
        run: Run,
        manifests: Sequence[Manifest],
        skip: int,
        context: tf.distribute.InputContext | None = None,
    ) -> tf.data.Dataset:
        """Return batches."""


@dataclass(frozen=True)
class Task:
    """A task: ``TASK`` in its file. Its options are in ``vidgan.config.TASK_OPTIONS``.

    Attributes:
        resolve: a function of a new run and its datasets that returns the run with all options
            resolved. Raises OptionError or DatasetError if they do not fit.
        build: a function of a run that returns its model, compiled, with initial weights.
        generator: a function of a run that returns a network for inference, with initial weights,
            for the weights of the model's ``generator_ema``. It may take clips of other shapes than
            those of training.
        data: a function of a run, its datasets, a number of batches to skip, and which part of each
            batch to return (all by default), that returns endless batches, any nested structure of
            tensors with a static batch size; see :func:`vidgan.dataset.pipeline.training_clips`.
            Deterministic.
        preview: a function of a run and its datasets that returns the samples to save with every
            checkpoint.
        callbacks: a function of a training that returns its callbacks, in the order in which they
            are called.
        columns: the columns of ``log.csv``, apart from those that all tasks have.
        panels: the panels of ``curves.png``.
        bar: formats of the values that the progress bar shows, by column.
        filter: for tasks that restore or translate videos, a function of a run, its trained
            generator and the options of the task's command that it needs, by name.
        exported: a function of a run, its trained generator and a direction (for tasks with two,
            else None) that returns what ``vidgan export`` writes; None if nothing can be exported.
    """

    resolve: Callable[[Run, Sequence[Manifest]], Run]
    build: Callable[[Run], AdversarialModel]
    generator: Callable[[Run], keras.Model]
    data: DataFunction
    preview: Callable[[Run, Sequence[Manifest]], Preview]
    callbacks: Callable[[TrainingContext], Sequence[TrainingCallback]]
    columns: tuple[str, ...]
    panels: tuple[Panel, ...]
    bar: Mapping[str, str]
    filter: Callable[..., Filter] | None = None
    exported: Callable[[Run, keras.Model, str | None], Exported] | None = None


def get_task_config(run: Run, config_class: type[TaskConfig]) -> TaskConfig:
    """Return the options of a run's task, typed.

    Raises:
        TypeError: the run has another task.
    """
    if not isinstance(run.task_config, config_class):
        raise TypeError(f"{run.path} is a run of another task, {run.task}")
    return run.task_config


def training_batches(
    run: Run,
    manifest: Manifest,
    skip: int,
    context: tf.distribute.InputContext | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Return endless batches of a dataset with the options of a run.

    Args:
        run: the run.
        manifest: one of its datasets.
        skip: number of batches to skip.
        context: which part of each batch to return; all of it by default.
        **options: further arguments of :func:`vidgan.dataset.pipeline.training_clips`.
    """
    return training_clips(
        manifest,
        run.frames,
        run.train.batch_size or 1,
        stride=run.stride,
        mirror=run.train.mirror,
        seed=run.train.seed,
        skip=skip,
        context=context,
        **options,
    )


def crop_size(run: Run, multiple: int = 1) -> tuple[int, int]:
    """Return height and width of training crops: ``--crop``, or less in smaller frames.

    Args:
        run: a run of a task with that option.
        multiple: height and width are rounded down to multiples of this.

    Raises:
        OptionError: the crop or the frames are smaller than ``multiple``.
    """
    side = get_task_config(run, CropConfig).side
    # Smaller frames are not cropped, or to a size of which networks can be built.
    sides = [side if side <= extent else largest_side(extent) for extent in run.size]
    width, height = (each // multiple * multiple for each in sides)
    if not min(width, height):
        raise OptionError(f"--crop and the frames need sides of {multiple} pixels or more")
    return height, width
