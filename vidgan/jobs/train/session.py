"""Train the model of a run, alone or as one of several workers."""

import contextlib
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from vidgan import config as configs
from vidgan import runtime, tasks
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import checked
from vidgan.errors import DatasetError, ExportError, OptionError, TrainingError
from vidgan.files import HIDDEN, as_text, remove
from vidgan.jobs.train import run_config
from vidgan.tasks.load import load_gan
from vidgan.training import curves, loop
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks.log import Log
from vidgan.training.callbacks.progress_bar import ProgressBar, write_above_bar
from vidgan.training.callbacks.snapshots import Snapshots
from vidgan.training.context import TrainingContext
from vidgan.training.distribution import open_distribution
from vidgan.training.epochs import epoch_clips
from vidgan.training.events import EventFile
from vidgan.training.health_log import HealthLog
from vidgan.training.health_rules import HealthEvent
from vidgan.training.log_file import LOG_NAME, read_log
from vidgan.training.loop import Progress
from vidgan.training.recovery import Recovery
from vidgan.training.run import Run
from vidgan.training.run_lookup import CURVES_NAME
from vidgan.training.state import read_measurement

# Trains a model with callbacks; returns whether it came to its end. See ``loop.train``.
Fit = Callable[[Sequence[Any], Recovery | None], bool]
Notify = Callable[[str], None]


def train_run(
    run: Run,
    manifests: Sequence[Manifest],
    resumed: bool,
    progress: bool,
    notify: Notify,
    started: Callable[[Path], None],
    clock: Callable[[], float],
) -> Path:
    """Train in a run folder that is locked; for the arguments see ``run_training``."""
    run_config.check_batch_size(run)
    if (worker := runtime.find_worker()).count > 1:
        notify(f"worker {worker.number} of {worker.count}: waiting for the others")
    distribution = open_distribution(run.train.device)
    with tf.device(distribution.device):
        with distribution.scope():
            gan, state = _build(run, resumed)
        run_config.check_memory(gan, run, distribution)
        find_data = functools.partial(tasks.find_task(run.task).data, run, manifests, state.step)
        data = checked(distribution.batches(find_data), *manifests)

        def fit(callbacks: Sequence[Any], recovery: Recovery | None) -> bool:
            clips = epoch_clips(manifests[0], run)
            return loop.train(gan, data, state, callbacks, clips, clock, recovery, distribution)

        where = f"training on {distribution.description}, from step {state.step}"
        if not distribution.is_chief:
            notify(where)
            return _take_part(run, gan, state, fit, notify)
        if resumed:
            for leftover in run.path.rglob(f"{HIDDEN}*"):  # Of a process that was killed.
                remove(leftover)
        run.save()
        notify(f"{run.path}: {where}")
        started(run.path)
        return _lead(run, manifests, gan, state, fit, progress, notify, clock)


def _build(run: Run, resumed: bool) -> tuple[AdversarialModel, Progress]:
    """Return the model and its progress, from the last checkpoint if there is one."""
    if not resumed:
        return tasks.find_task(run.task).build(run), Progress(budget=run.train)
    checkpoint = run.checkpoint()  # Raises before the networks are built.
    gan = load_gan(run)
    measured = read_measurement(checkpoint)
    state = Progress(**run.state(checkpoint), measurement=measured, budget=run.train)
    _check_progress(run, state)
    return gan, state


def _take_part(run: Run, gan: AdversarialModel, state: Progress, fit: Fit, notify: Notify) -> Path:
    """Take the training steps of a worker that is not the chief; write nothing."""
    health = _begin_health(run, state, HealthLog(run.path, notify, writes=False))
    if not fit([], Recovery(gan, health) if health else None):
        raise KeyboardInterrupt
    return run.path


def _begin_health(run: Run, state: Progress, log: HealthLog) -> HealthLog | None:
    """Begin the log of health events; return None for a run that is not watched."""
    if not (run.train.health and run.task == configs.DEFAULT_TASK):
        return None
    log.begin(state.step)
    return log


def _lead(
    run: Run,
    manifests: Sequence[Manifest],
    gan: AdversarialModel,
    state: Progress,
    fit: Fit,
    progress: bool,
    notify: Notify,
    clock: Callable[[], float],
) -> Path:
    """Train with measurements, and write log, checkpoints and samples."""
    found = tasks.find_task(run.task)
    notify_above_bar = write_above_bar if progress else notify
    with contextlib.ExitStack() as closing:
        events = EventFile(
            run.path / "tensorboard" if run.train.tensorboard else None, notify_above_bar
        )
        log = Log(run, state, events, found.columns)
        closing.callback(log.close)
        snapshots = Snapshots(run, state, events, found.preview(run, manifests))
        health = HealthLog(run.path, notify_above_bar)
        watched = _begin_health(run, state, health)
        context = TrainingContext(
            run, manifests, gan, state, snapshots.save, notify_above_bar, health, clock
        )
        task_callbacks = found.callbacks(context)
        # Callbacks that compute values come before those that write them.
        callbacks: list[Any] = [*task_callbacks, log, snapshots]
        if progress:
            bar = ProgressBar(state, sys.stderr, found.bar, _measured_values(run, state))
            closing.callback(bar.close)
            callbacks.insert(-2, bar)
        try:
            finished = fit(callbacks, Recovery(gan, health) if watched else None)
        except (DatasetError, ExportError):
            if snapshots.rescue():
                notify_above_bar(
                    f"Saved at step {state.step}. When the error below is mended, continue with: "
                    f"vidgan train --resume {run.path}"
                )
            raise
    if state.step:
        _plot_curves(run, state, found.panels, health.events)
    for callback in reversed(task_callbacks):
        if summary := callback.summary():
            notify(summary)
    if not finished:
        if state.step:
            notify(
                f"Stopped at step {state.step} and saved. "
                f"Continue with: vidgan train --resume {run.path}"
            )
        raise KeyboardInterrupt
    for callback in task_callbacks:
        if failure := callback.failure():
            raise TrainingError(f"{run.path}: {failure}; the run and its checkpoints are kept")
    return run.path


def _measured_values(run: Run, state: Progress) -> list[float]:
    """Return the values of all measurements of a run that is resumed, oldest first."""
    path = run.path / LOG_NAME
    if state.measurement is None or not path.exists():
        return []
    column = state.measurement.column
    return [row[column] for row in read_log(path) if column in row and row["step"] <= state.step]


def _plot_curves(
    run: Run, state: Progress, panels: Sequence[curves.Panel], events: Sequence[HealthEvent]
) -> None:
    """Write ``curves.png``."""
    checkpoint = run.best()
    curves.plot(
        run.path / LOG_NAME,
        run.path / CURVES_NAME,
        f"{as_text(run.path.name)}, {state.step} steps",
        panels,
        events,
        None if checkpoint is None else read_measurement(checkpoint),
    )


def _check_progress(run: Run, progress: Progress) -> None:
    """Check that a resumed run has something left to do.

    Raises:
        OptionError: it was stopped early, or has used up its budget.
    """
    measured, patience = progress.measurement, run.train.patience
    stops = run.train.schedule == "constant"
    if stops and patience and measured and measured.waited >= patience:
        raise OptionError(
            f"{run.path} has stopped early: {measured.waited} measurements in a row were no "
            f"better; give --patience {2 * measured.waited}, or 0 for none"
        )
    if progress.budget_used >= 1:
        raise OptionError(
            f"{run.path} has used up its budget ({progress.epoch:.1f} epochs, {progress.step} "
            f"steps); give a larger one, such as --epochs {2 * max(1, round(progress.epoch))}"
        )
