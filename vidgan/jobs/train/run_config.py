"""Run configurations: of a new run, from options and datasets, and of a run that is resumed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import config as configs
from vidgan import runtime
from vidgan.config import (
    BUDGET,
    DEFAULT_EPOCHS,
    DEFAULT_MINUTES,
    DEFAULT_PATIENCE,
    DEFAULT_TASK,
    TASK_OPTIONS,
    CropConfig,
    ModelConfig,
    OptionValue,
    TrainConfig,
    TrainingOptions,
)
from vidgan.config.base import current_names, option_flag
from vidgan.dataset.manifest import Manifest
from vidgan.errors import OptionError, RunError, TrainingError
from vidgan.training.run import Run

if TYPE_CHECKING:
    from vidgan.training.adversarial import AdversarialModel
    from vidgan.training.distribution import Distribution


def _resolve_pairs(
    model: ModelConfig, train: TrainConfig, r1_given: bool
) -> tuple[ModelConfig, TrainConfig]:
    """Fill in whether the discriminator sees pairs of clips, and the R1 weight that goes with it.

    By default it does with the default model and loss, where this was measured to be better
    (``benchmarks/quality.md``).

    Args:
        model: the options of the networks.
        train: the options of the training, with the batch size.
        r1_given: whether the user set the weight of the R1 penalty.
    """
    if model.pairs is None:
        defaults = (model.model, train.loss) == (ModelConfig.model, TrainConfig.loss)
        model = model.replace(pairs=defaults and (train.batch_size or 1) % 2 == 0)
    if model.pairs and not r1_given:
        train = train.replace(r1=configs.R1_OF_PAIRS)
    return model, train


def _choose_upscale(manifest: Manifest, given: int | None) -> int:
    """Return the factor by which the second network of a cascade enlarges.

    Args:
        manifest: the dataset.
        given: by the user; None for the default of the size of its frames.

    Raises:
        OptionError: no generator makes frames of that size, or it is too small for a cascade.
    """
    from vidgan.models.sizes import base_size, check_size, default_upscale

    size = manifest.size
    try:
        check_size(size)
    except OptionError as error:
        raise OptionError(f"{manifest.path}: {error}") from None
    if given is None:
        return default_upscale(size)
    if given > 1 and base_size(size, given) == base_size(size, 1):
        raise OptionError(
            f"--upscale {given}: frames of {size[0]}x{size[1]} are too small for a cascade; use 1"
        )
    return given


def load_datasets(task: str, datasets: Sequence[Path]) -> list[Manifest]:
    """Open the datasets that a task is trained on.

    Raises:
        OptionError: there is no such task, or it is trained on another number of datasets.
        DatasetError: one cannot be read.
    """
    if task not in TASK_OPTIONS:
        raise OptionError(f"--task {task!r} is none of {', '.join(TASK_OPTIONS)}")
    wanted = TASK_OPTIONS[task].datasets
    if len(datasets) != wanted:
        count = "one dataset" if wanted == 1 else f"{wanted} datasets"
        raise OptionError(f"--task {task} takes {count}; {len(datasets)} were given")
    return [Manifest.load(folder) for folder in datasets]


def new_run(
    datasets: Sequence[Path],
    manifests: Sequence[Manifest],
    path: Path,
    options: TrainingOptions,
) -> Run:
    """Return the configuration of a new run.

    Options that depend on the dataset and the machine are filled in.

    Args:
        datasets: folders of the datasets.
        manifests: their manifests.
        path: folder of the run, which is not created.
        options: the options of the training.

    Raises:
        OptionError: an option does not fit the dataset, or two contradict each other.
        DatasetError: a dataset does not fit the task.
    """
    from vidgan import models, tasks

    manifest, task = manifests[0], options.task
    model, train, task_config = options.model, options.train, options.task_config
    if all(getattr(train, name) is None for name in BUDGET):
        synthesis = task == DEFAULT_TASK
        budget = {"minutes": DEFAULT_MINUTES} if synthesis else {"epochs": DEFAULT_EPOCHS}
        train = train.replace(**budget)
        if synthesis and train.metrics != "none" and "patience" not in options.given:
            train = train.replace(patience=DEFAULT_PATIENCE)
    clips = manifest.epoch_clips(model.frames, train.stride)
    reconstruction = models.resolve(model).reconstruction if task == DEFAULT_TASK else None
    led = bool(reconstruction)
    if led:
        defaults = configs.RECONSTRUCTION_DEFAULTS.items()
        train = train.replace(**{k: v for k, v in defaults if k not in options.given})
    device = runtime.choose_device(train.device)
    if train.precision == "auto":
        train = train.replace(precision=runtime.best_precision(device))
    replicas = runtime.count_replicas(train.device)
    if automatic := train.batch_size is None:
        batch_size = configs.RECONSTRUCTION_BATCH if led else configs.DEFAULT_BATCH
        if "GPU" in device:
            batch_size = configs.GPU_BATCH
        fitting = max(1, min(batch_size, clips // replicas))
        train = train.replace(batch_size=replicas * fitting)
    elif train.batch_size > clips:
        raise OptionError(
            f"--batch-size {train.batch_size} is larger than {manifest.path}, which holds {clips} "
            f"training clips; use --batch-size {clips} or less"
        )
    if task == DEFAULT_TASK:
        model = model.replace(upscale=_choose_upscale(manifest, model.upscale))
        model, train = _resolve_pairs(model, train, "r1" in options.given)
        model = model.replace(reconstruction=reconstruction)
        if led and model.temporal_threshold is None:
            # Static areas are still by themselves, and small changes are learned sooner.
            model = model.replace(temporal_threshold=0.0)
    if isinstance(task_config, CropConfig):
        task_config = task_config.replace(crop=task_config.side)
    fps = manifest.fps / train.stride
    first, *others = (folder.resolve() for folder in datasets)
    second = others[0] if others else None
    digest = manifest.digest()
    run = Run(path, model, train, first, manifest.size, fps, task, task_config, second, digest)
    run = tasks.find_task(task).resolve(run, manifests)
    # On the CPU the default is small. Workers do not know the memory of others.
    if automatic and "GPU" in device and runtime.find_worker().count == 1:
        return _fit_batch(run, device, replicas)
    return run


def _fit_batch(run: Run, device: str, replicas: int) -> Run:
    """Lower the batch size of a run to what fits in the memory of each of its devices."""
    import tensorflow as tf

    from vidgan import tasks
    from vidgan.training import memory

    with tf.device("/CPU:0"):
        gan = tasks.find_task(run.task).build(run)
    free, each = memory.available_memory(device), (run.train.batch_size or 1) // replicas
    if free is None or (fitting := memory.largest_batch(gan, free)) >= each:
        return run
    # Both items of a pair are on the same device. Where nothing fits, training says so.
    fitting = max(2, fitting // 2 * 2) if run.model.pairs else max(1, fitting)
    return run.replace(train=run.train.replace(batch_size=replicas * fitting))


def resumed_run(
    resume: Path | str, options: Mapping[str, OptionValue], task: str | None = None
) -> Run:
    """Return the configuration of a run that is resumed.

    Args:
        resume: folder of the run, or ``latest``.
        options: the options to change, by field; None leaves an option as it was.
        task: the task the run must be of; any by default.

    Raises:
        OptionError: an option cannot be changed, or is out of bounds.
        RunError: there is no such run.
    """
    run = Run.open(resume, task=task)
    if run.shared:
        raise RunError(
            f"{run.path}: was shared without what only trains, and can't be resumed; train the run "
            "that it was made from"
        )
    given = {name: value for name, value in options.items() if value is not None}
    changes: dict[str, Any] = current_names(given, *configs.train_configs())
    fixed = sorted(set(changes) - configs.resumable_options())
    if fixed:
        raise OptionError(
            f"{option_flag(fixed[0])} cannot change when a run is resumed; leave it out, or start "
            "a new run"
        )
    configs.refuse_other_tasks_options(run.task, changes)
    if any(name in changes for name in BUDGET):
        # A new budget replaces the old one: --epochs 200 means 200, whatever --minutes was.
        changes = dict.fromkeys(BUDGET) | {"patience": 0} | changes
    return run.replace(train=run.train.replace(**changes))


def check_batch_size(run: Run) -> None:
    """Check that a batch can be divided over the devices.

    Raises:
        OptionError: it can't.
    """
    count, batch_size = runtime.count_replicas(run.train.device), run.train.batch_size or 1
    # Both items of a pair are on the same device.
    multiple = 2 * count if run.model.pairs else count
    if count > 1 and batch_size % multiple:
        pairs = " with --pairs" if run.model.pairs else ""
        raise OptionError(
            f"--batch-size {batch_size} can't be divided over {count} devices{pairs}; use a "
            f"multiple of {multiple}, or one device, such as --device gpu:0"
        )


def check_memory(gan: "AdversarialModel", run: Run, distribution: "Distribution") -> None:
    """Check that a training fits in memory.

    Raises:
        TrainingError: it does not; the message names the largest batch size that does.
    """
    from vidgan.training import memory

    device, count = distribution.device, distribution.replicas
    free, batch_size = memory.available_memory(device), run.train.batch_size or 1
    needed = memory.estimate_memory(gan, batch_size // count)
    if free is None or needed <= free:
        return
    fitting = count * memory.largest_batch(gan, free)
    smaller = "--crop" if isinstance(run.task_config, CropConfig) else "--size in preprocess"
    remedy = (
        f"use --batch-size {fitting}" if fitting else f"use fewer --frames or a smaller {smaller}"
    )
    raise TrainingError(
        f"--batch-size {batch_size} needs about {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free on {device.strip('/')}; {remedy}"
    )
