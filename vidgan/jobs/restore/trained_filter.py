"""A trained run as what restores a video."""

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
    """Load a run.

    Args:
        task: what it must have been trained for.
        run: its folder; None for the newest of that task under ``runs``.
        checkpoint: ``latest``, ``best`` or the step of one.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        precision: ``auto``, ``float32`` or ``mixed_bfloat16``.
        **options: those of the task's command that concern the network.

    Raises:
        RunError: no run there, none with such a checkpoint, or one of another task.
        OptionError: the device is not there, or the run cannot do what is asked for.
    """
    from vidgan.training.run import Run

    opened = Run.open(run, task=task)
    chosen = opened.checkpoint(checkpoint)
    runtime.prepare()
    import tensorflow as tf

    from vidgan import tasks
    from vidgan.tasks.load import load_generator

    make = tasks.find(task).filter
    assert make is not None, f"{task} restores no video"
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
