"""From options to a run: a new one, or one that is taken up again."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import config as configs
from vidgan import models, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import OptionError, TrainingError
from vidgan.training.run import Run

if TYPE_CHECKING:
    from vidgan.training.gan import VideoGAN

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


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part keyword arguments into those of the model and those of the training."""
    model_names = {field.name for field in fields(ModelConfig)}
    model = {name: value for name, value in options.items() if name in model_names}
    return model, {name: value for name, value in options.items() if name not in model_names}


def new_run(dataset: Path, manifest: Manifest, path: Path, options: dict[str, Any]) -> Run:
    """Return a run's configuration with everything settled that depends on dataset and machine.

    Args:
        dataset: its folder.
        manifest: what is in it.
        path: the run's folder, which is not made yet.
        options: fields of ``ModelConfig`` and ``TrainConfig``.

    Raises:
        OptionError: an option is unknown, out of bounds or does not fit the dataset.
    """
    preset = configs.PRESETS.get(options.get("preset", TrainConfig.preset), {})
    model_options, train_options = _split(preset | options)
    model = models.resolve(ModelConfig.from_options(model_options))
    if model.conditional:
        model = model.replace(labels=tuple(manifest.labels))
    train = TrainConfig.from_options(train_options)
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
    fps = manifest.fps / train.stride
    return Run(path, model, train, dataset.resolve(), manifest.size, fps)


def resumed_run(resume: Path | str, options: dict[str, Any]) -> Run:
    """Return a run that is taken up again, with the options changed that may change.

    Args:
        resume: its folder, or ``latest``.
        options: None stands for what the run had.

    Raises:
        OptionError: an option may not change, or is out of bounds.
        RunError: no run there.
    """
    run = Run.open(resume)
    changes = {name: value for name, value in options.items() if value is not None}
    frozen = sorted(set(changes) - RESUMABLE)
    if frozen:
        raise OptionError(
            f"--{frozen[0].replace('_', '-')} cannot change when a run is resumed; "
            "leave it out, or start a new run"
        )
    if any(name in changes for name in BUDGET):
        # A new budget replaces the old one: whoever says --epochs 200 means to get there.
        changes = dict.fromkeys(BUDGET) | changes
    return Run(run.path, run.model, run.train.replace(**changes), run.dataset, run.size, run.fps)


def check_memory(gan: "VideoGAN", run: Run, device: str) -> None:
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
    remedy = (
        f"use --batch-size {fitting}"
        if fitting
        else "use fewer --frames or a smaller --size in preprocess"
    )
    raise TrainingError(
        f"--batch-size {batch_size} needs about {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free on {device.strip('/')}; {remedy}"
    )
