"""The job behind ``vidgan train``: from a dataset folder to a run folder."""

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vidgan import config as configs
from vidgan import runtime
from vidgan.config import OptionValue, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, OptionError
from vidgan.files import LOCK_NAME, locked
from vidgan.jobs.train import run_config
from vidgan.remote.arguments import takes_urls
from vidgan.training.run import Run
from vidgan.training.run_lookup import claim_run_path


def train(
    dataset: Path | str | None = None,
    second: Path | str | None = None,
    *,
    task: str | None = None,
    output: Path | str | None = None,
    resume: Path | str | None = None,
    progress: bool = False,
    notify: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.perf_counter,
    **options: OptionValue,
) -> Path:
    """Train a model on a dataset.

    A resumed training continues exactly from the newest checkpoint: weights, moving average, both
    optimizers, step, random numbers and the position in the data are restored. Steps after that
    checkpoint are lost. Results can differ in rounding between numbers of cores and versions of
    TensorFlow.

    Args:
        dataset: a folder written by ``vidgan.preprocess``; by default ``vidgan-data``, or the
            dataset that a resumed run was trained on.
        second: the second dataset, for tasks that take two.
        task: one of ``vidgan.config.TASKS``; by default ``synthesis``, or the task of a resumed
            run.
        output: folder of the run; by default the next number under ``runs``.
        resume: folder of a run to continue, or ``latest``.
        progress: show a progress bar on standard error.
        notify: called with messages, such as the folder of the run.
        clock: returns seconds, for ``minutes`` and speeds. ``time.process_time`` leaves out the
            time of other processes.
        **options: fields of :class:`~vidgan.config.ModelConfig`,
            :class:`~vidgan.config.TrainConfig` and the config of the task, such as
            :class:`~vidgan.config.EnhanceConfig`. Without a budget synthesis takes 15 minutes
            at most, other tasks 100 epochs.
            With ``resume``, only options declared as ``resumable``.

    Returns:
        The folder of the run. Of several workers (``TF_CONFIG``) the chief writes it; the others
        take part in its training.

    Raises:
        KeyboardInterrupt: the user interrupted; the run has been saved.
        OptionError: an option is unknown, out of bounds, not used by the task, or does not fit the
            dataset.
        DatasetError: the dataset is missing, damaged or too short.
        RunError: the run to resume is missing or damaged.
        TrainingError: the training does not fit in memory, or diverged, or another worker stopped.
    """
    return run_training(
        [each for each in (dataset, second) if each is not None],
        options,
        task=task,
        output=output,
        resume=resume,
        progress=progress,
        notify=notify,
        clock=clock,
    )


@takes_urls(output="output", updated="resume", writes=lambda: runtime.find_worker().is_chief)
def run_training(
    datasets: Sequence[Path | str],
    options: Mapping[str, OptionValue],
    *,
    task: str | None = None,
    output: Path | str | None = None,
    resume: Path | str | None = None,
    progress: bool = False,
    notify: Callable[[str], None] = lambda text: None,
    started: Callable[[Path], None] = lambda run: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Path:
    """Train a model on datasets; see :func:`train`.

    Args:
        datasets: folders of the datasets; the default if empty.
        options: the options that the user gave, by field.
        task: see :func:`train`, also for the other arguments.
        output: folder of the run.
        resume: folder of a run to continue, or ``latest``.
        progress: show a progress bar.
        notify: called with messages.
        started: called with the run folder when its training begins.
        clock: returns seconds.
    """
    if resume is not None and output is not None:
        raise OptionError("--output cannot be given with --resume, which continues in its run")
    runtime.prepare()
    from vidgan.jobs.train import session

    folders = [Path(each) for each in datasets]
    with contextlib.ExitStack() as claims:
        if resume is None:
            target = None if output is None else Path(output)
            run, manifests = _create_run(
                folders, options, task or configs.DEFAULT_TASK, target, claims
            )
        else:
            run, manifests = _resume_run(folders, options, task, resume)
            if runtime.find_worker().is_chief:
                claims.enter_context(locked(run.path, run.path))
        return session.train_run(
            run, manifests, resume is not None, progress, notify, started, clock
        )


def _create_run(
    datasets: Sequence[Path],
    options: Mapping[str, OptionValue],
    task: str,
    output: Path | None,
    claims: contextlib.ExitStack,
) -> tuple[Run, list[Manifest]]:
    """Return the configuration of a new run, and its datasets.

    Its folder is locked, unless another worker has it.
    """
    folders = datasets or [Path(configs.DEFAULT_DATASET)]
    manifests = run_config.load_datasets(task, folders)
    requested = TrainingOptions.parse(task, options)
    kind = requested.model.model if task == configs.DEFAULT_TASK else task
    chief = runtime.find_worker().is_chief
    if output is not None and chief:
        _check_empty(output)
    run = run_config.new_run(folders, manifests, output or Path(kind), requested)
    if not chief:
        return run, manifests
    path = output or claim_run_path(Path(configs.DEFAULT_RUNS), kind, folders[0])
    claims.enter_context(locked(path, path))
    _check_empty(path)
    return run.replace(path=path), manifests


def _check_empty(path: Path) -> None:
    """Raise OptionError if a path is no folder, or one that holds more than a lock."""
    if not path.exists():
        return
    if not path.is_dir() or any(entry.name != LOCK_NAME for entry in path.iterdir()):
        raise OptionError(f"--output {path} exists already; choose another or --resume {path}")


def _resume_run(
    datasets: Sequence[Path],
    options: Mapping[str, OptionValue],
    task: str | None,
    resume: Path | str,
) -> tuple[Run, list[Manifest]]:
    """Return the configuration of a run to continue, and its datasets."""
    run = run_config.resumed_run(resume, options, task)
    manifests = run_config.load_datasets(run.task, datasets or run.datasets)
    for manifest in manifests:
        _check_dataset(run, manifest)
    first, fps = manifests[0], run.fps * run.stride
    if not math.isclose(first.fps, fps, rel_tol=1e-3):
        raise DatasetError(
            f"{first.path}: has {first.fps:.4g} frames/s, the run was trained on {fps:.4g}; "
            "resume with its own dataset"
        )
    return run, manifests


def _check_dataset(run: Run, manifest: Manifest) -> None:
    """Check that a run can be resumed with a dataset.

    Raises:
        DatasetError: its size or labels differ from those of the dataset the run was trained on.
    """
    if manifest.size != run.size:
        raise DatasetError(
            f"{manifest.path}: frames are {manifest.width}x{manifest.height}, the run was "
            f"trained on {run.size[0]}x{run.size[1]}; resume with its own dataset"
        )
    if run.model.conditional and tuple(manifest.labels) != run.model.labels:
        raise DatasetError(
            f"{manifest.path}: labels are {', '.join(manifest.labels) or 'missing'}, the run "
            f"was trained on {', '.join(run.model.labels)}; resume with its own dataset"
        )
