"""Find run folders: the newest run of a task, and the folder of a new run."""

import re
from pathlib import Path

import msgspec

from vidgan.config import DEFAULT_TASK, TASK_OPTIONS
from vidgan.errors import RunError
from vidgan.files import write_error
from vidgan.training.state import read_run_file

CONFIG_NAME = "config.json"
CHECKPOINTS = "checkpoints"
# Of a run folder: clips of every snapshot, and the plot of the log.
SAMPLES, CURVES_NAME = "samples", "curves.png"


class _Task(msgspec.Struct):
    name: str = DEFAULT_TASK


class _TaskOf(msgspec.Struct):
    """The part of ``config.json`` that names the task; runs of earlier versions name none."""

    task: _Task = msgspec.field(default_factory=_Task)


def _has_task(folder: Path, task: str | None) -> bool:
    if task is None:
        return True
    try:
        return read_run_file(folder / CONFIG_NAME, _TaskOf).task.name == task
    except RunError:
        return task == DEFAULT_TASK  # Damaged: opening it raises a better error.


def missing_run_advice(task: str | None) -> str:
    """Return the advice in the error about a missing run."""
    if task is None or task == DEFAULT_TASK:
        return "create one with vidgan train"
    datasets = " A B" if TASK_OPTIONS[task].datasets == 2 else ""
    return f"create one with vidgan train --task {task}{datasets}"


def newest_run(runs: Path, task: str | None = None) -> Path:
    """Return the newest run folder in ``runs`` that has a checkpoint, else the newest.

    So a training that has just started does not hide the previous run.

    Args:
        runs: the folder of all runs.
        task: consider only runs of this task.

    Raises:
        RunError: there is none.
    """
    found = sorted(path.parent for path in runs.glob(f"*/{CONFIG_NAME}"))
    found = [path for path in found if _has_task(path, task)]
    if not found:
        kind = "run" if task in (None, DEFAULT_TASK) else f"run of --task {task}"
        raise RunError(f"{runs}: no {kind} there; {missing_run_advice(task)}")
    saved = [path for path in found if any((path / CHECKPOINTS).glob("step-*"))]
    return (saved or found)[-1]


def next_run_path(runs: Path, kind: str, dataset: Path) -> Path:
    """Return a new run's folder, ``00000-<kind>-<dataset>`` with the next number.

    Args:
        runs: the folder of all runs.
        kind: name of the model or task.
        dataset: folder of the dataset.
    """
    numbers = [
        int(match[1]) for path in runs.glob("*") if (match := re.match(r"(\d{5})-", path.name))
    ]
    # Windows drops a dot at the end of a name.
    name = re.sub(r"[^\w.-]+", "_", dataset.resolve().name).rstrip(".") or "dataset"
    return runs / f"{max(numbers, default=-1) + 1:05d}-{kind}-{name}"


def claim_run_path(runs: Path, kind: str, dataset: Path) -> Path:
    """Create a new run's folder; of several processes each gets one of its own.

    Args:
        runs: see :func:`next_run_path`, also for the other arguments.
        kind: name of the model or task.
        dataset: folder of the dataset.

    Raises:
        ExportError: the folder cannot be created.
    """
    while True:
        path = next_run_path(runs, kind, dataset)
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise write_error(path, error) from error
        return path
