"""From options to a run: a new one, or one that is taken up again."""

from collections.abc import Container, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import config as configs
from vidgan import runtime
from vidgan.config import DEFAULT_TASK, TASK_OPTIONS, Config, CropConfig, ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import OptionError, TrainingError
from vidgan.training.run import Run

if TYPE_CHECKING:
    from vidgan.training.adversarial import AdversarialModel

# What may change when a run is taken up again; anything else would make it another training.
RESUMABLE = frozenset(
    {
        "epochs",
        "steps",
        "minutes",
        "device",
        "snapshot_minutes",
        "keep",
        "log_every",
        "metrics",
        "metric_every",
        "metric_share",
        "patience",
        "tensorboard",
    }
)
BUDGET = ("epochs", "steps", "minutes")


def _configs(task: str, options: dict[str, Any]) -> tuple[ModelConfig, TrainConfig, Config | None]:
    """Return the options of the networks, of the training and of the task.

    Raises:
        OptionError: an option is unknown, out of bounds or without meaning for the task.
    """
    configs.refuse_other_tasks_options(task, options)
    spec = TASK_OPTIONS[task]
    preset = configs.PRESETS.get(options.get("preset", TrainConfig.preset), {})
    values = {**preset, **spec.defaults, **options}
    model_names = {field.name for field in fields(ModelConfig)}
    groups: dict[str, dict[str, Any]] = {"model": {}, "own": {}, "train": {}}
    for name, value in values.items():
        group = "own" if name in spec.own else "model" if name in model_names else "train"
        groups[group][name] = value
    return (
        ModelConfig.from_options(groups["model"]),
        TrainConfig.from_options(groups["train"]),
        None if spec.config is None else spec.config.from_options(groups["own"]),
    )


def _settle_pairs(
    model: ModelConfig, train: TrainConfig, given: Container[str]
) -> tuple[ModelConfig, TrainConfig]:
    """Settle whether clips are judged two by two, and the penalty that goes with it.

    By default they are where that won: with the default model and loss (``benchmarks/quality.md``).

    Args:
        model: the networks' options.
        train: those of training, with the size of the batch.
        given: names of the options that are the user's own.
    """
    if model.pairs is None:
        usual = (model.model, train.loss) == (ModelConfig.model, TrainConfig.loss)
        model = model.replace(pairs=usual and (train.batch_size or 1) % 2 == 0)
    if model.pairs and "r1" not in given:
        train = train.replace(r1=configs.R1_OF_PAIRS)
    return model, train


def load_datasets(task: str, datasets: Sequence[Path]) -> list[Manifest]:
    """Open the datasets that a task learns from.

    Raises:
        OptionError: there is no such task, or it learns from another number of datasets.
        DatasetError: one cannot be read.
    """
    if task not in TASK_OPTIONS:
        raise OptionError(f"--task {task!r} is none of {', '.join(TASK_OPTIONS)}")
    wanted = TASK_OPTIONS[task].datasets
    if len(datasets) != wanted:
        count = "one dataset" if wanted == 1 else f"{wanted} datasets"
        raise OptionError(f"--task {task} learns from {count}; {len(datasets)} were given")
    return [Manifest.load(folder) for folder in datasets]


def new_run(
    datasets: Sequence[Path],
    manifests: Sequence[Manifest],
    path: Path,
    options: dict[str, Any],
    task: str = DEFAULT_TASK,
) -> Run:
    """Return a run's configuration with everything settled that depends on dataset and machine.

    Args:
        datasets: their folders.
        manifests: what is in them.
        path: the run's folder, which is not made yet.
        options: fields of ``ModelConfig``, ``TrainConfig`` and the task's own.
        task: what is trained, one of ``vidgan.config.TASKS``.

    Raises:
        OptionError: an option is unknown, out of bounds, has no meaning for the task or does not
            fit the dataset.
        DatasetError: a dataset does not fit the task.
    """
    from vidgan import tasks

    manifest = manifests[0]
    model, train, task_config = _configs(task, options)
    if all(getattr(train, name) is None for name in BUDGET):
        train = train.replace(epochs=configs.DEFAULT_EPOCHS)
    if train.precision == "auto":
        device = runtime.choose_device(train.device)
        train = train.replace(precision=runtime.best_precision(device))
    clips = manifest.epoch_clips(model.frames, train.stride)
    if train.batch_size is None:
        train = train.replace(batch_size=min(configs.DEFAULT_BATCH, clips))
    elif train.batch_size > clips:
        raise OptionError(
            f"--batch-size {train.batch_size} is larger than {manifest.path}, which holds {clips} "
            f"training clips; use --batch-size {clips} or less"
        )
    if task == DEFAULT_TASK:
        model, train = _settle_pairs(model, train, options)
    if isinstance(task_config, CropConfig):
        task_config = task_config.replace(crop=task_config.side)
    fps = manifest.fps / train.stride
    first, *others = (folder.resolve() for folder in datasets)
    second = others[0] if others else None
    run = Run(path, model, train, first, manifest.size, fps, task, task_config, second)
    return tasks.find(task).settle(run, manifests)


def resumed_run(resume: Path | str, options: dict[str, Any], task: str | None = None) -> Run:
    """Return a run that is taken up again, with the options changed that may change.

    Args:
        resume: its folder, or ``latest``.
        options: None stands for what the run had.
        task: what the run must have been trained for; by default anything.

    Raises:
        OptionError: an option may not change, or is out of bounds.
        RunError: no run there.
    """
    run = Run.open(resume, task=task)
    changes = {name: value for name, value in options.items() if value is not None}
    frozen = sorted(set(changes) - RESUMABLE)
    if frozen:
        raise OptionError(
            f"--{frozen[0].replace('_', '-')} cannot change when a run is resumed; "
            "leave it out, or start a new run"
        )
    configs.refuse_other_tasks_options(run.task, changes)
    if any(name in changes for name in BUDGET):
        # A new budget replaces the old one: whoever says --epochs 200 means to get there.
        changes = dict.fromkeys(BUDGET) | changes
    return run.replace(train=run.train.replace(**changes))


def check_memory(gan: "AdversarialModel", run: Run, device: str) -> None:
    """See that a training fits in memory.

    Raises:
        TrainingError: it would not; the message names the batch size that would.
    """
    from vidgan.training import memory

    free, batch_size = memory.available(device), run.train.batch_size or 1
    needed = memory.estimate(gan, batch_size)
    if free is None or needed <= free:
        return
    fitting = memory.largest_batch(gan, free)
    smaller = "--crop" if isinstance(run.task_config, CropConfig) else "--size in preprocess"
    remedy = (
        f"use --batch-size {fitting}" if fitting else f"use fewer --frames or a smaller {smaller}"
    )
    raise TrainingError(
        f"--batch-size {batch_size} needs about {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free on {device.strip('/')}; {remedy}"
    )
