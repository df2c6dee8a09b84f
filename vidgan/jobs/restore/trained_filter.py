"""The filter of a trained run."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import runtime
from vidgan.tiling.filter import Filter


def trained_filter(
    task: str,
    run: Path | str | None,
    checkpoint: str = "latest",
    device: str = "auto",
    precision: str = "auto",
    **options: Any,
) -> Filter:
    """Load a run and return its filter.

    Args:
        task: the task that the run must have been trained for.
        run: its folder; None for the newest of that task under ``runs``.
        checkpoint: ``latest``, ``best`` or a step.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        precision: ``auto``, ``float32`` or ``mixed_bfloat16``.
        **options: the command's options that the task's filter takes; see ``filter_options`` of
            :class:`vidgan.config.VideoCommand`.

    Raises:
        RunError: the run or the checkpoint does not exist, or the run has another task.
        OptionError: the device does not exist, or the run cannot do what an option asks for.
    """
    from vidgan.training.run import Run

    opened = Run.open(run, task=task)
    chosen = opened.checkpoint(checkpoint)
    runtime.prepare()
    import tensorflow as tf

    from vidgan import tasks
    from vidgan.tasks.load import load_generator

    make = tasks.find_task(task).filter
    assert make is not None, f"task {task} has no filter"
    place = runtime.choose_device(device)
    if precision == "auto":
        precision = runtime.best_precision(place)
    with tf.device(place), runtime.precision(precision):
        filter = make(opened, load_generator(opened, checkpoint), **options)

    def apply(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        with tf.device(place):
            return filter.apply(frames, masks)

    name = f"{filter.name} {chosen.name} {precision} {options}"
    return dataclasses.replace(filter, apply=apply, name=name)
