"""A run folder without a training: a small generator with random weights."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vidgan import models, runtime
from vidgan.config import TASK_OPTIONS, ModelConfig, TrainConfig
from vidgan.models.autoencoder import SAMPLER
from vidgan.tasks.load import build_generator
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.vae_gan import VAEGAN
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS, CONFIG_NAME
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME, Measurement, read_measurement

MODEL = ModelConfig(frames=8, latent_dim=8, g_channels=4, d_channels=4)


def make_run(
    folder: Path,
    size: tuple[int, int] = (32, 40),
    fps: float = 12.5,
    model: ModelConfig = MODEL,
    steps: tuple[int, ...] = (100,),
) -> Run:
    """Write a run folder with a checkpoint for every step, each of other weights."""
    runtime.prepare()
    run = Run(folder, model, TrainConfig(), Path("/data/clips"), size, fps)
    folder.mkdir(parents=True)
    run.save()
    for step in steps:
        runtime.seed_everything(step)
        checkpoint = folder / CHECKPOINTS / f"step-{step:08d}"
        checkpoint.mkdir(parents=True)
        build_generator(run).save_weights(checkpoint / EMA_NAME)
        state = {"step": step, "clips": 16 * step, "epoch": step / 10, "seconds": step * 1.5}
        (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return run


def make_encoder_run(
    folder: Path,
    model: ModelConfig,
    size: tuple[int, int] = (32, 32),
    train: TrainConfig | None = None,
    dataset: Path = Path("/data/clips"),
    clips: np.ndarray | None = None,
) -> Run:
    """Write a run folder with an encoder and random weights.

    Args:
        folder: where to.
        model: its options; ``reconstruction`` is set.
        size: of the frames.
        train: options of training.
        dataset: folder of the dataset.
        clips: float32 ``(n, frames, height, width, 3)`` in [-1, 1], whose codes are in the queue.
    """
    runtime.prepare()
    runtime.seed_everything(0)
    model = models.resolve(model.replace(reconstruction=1.0))
    run = Run(folder, model, train or TrainConfig(batch_size=2), dataset, size, 25.0)
    folder.mkdir(parents=True)
    run.save()
    gan = build_gan(run)
    assert isinstance(gan, VAEGAN)
    if clips is not None:
        codes = gan.encoder(clips)["latent"][..., 0]
        labels = np.arange(len(clips), dtype=np.int32) % len(model.labels) if model.labels else None
        gan.generator_ema.get_layer(SAMPLER).enqueue(codes, labels)
    run.save_checkpoint(gan, {"step": 1, "clips": 2, "epoch": 1.0, "seconds": 1.0})
    return run


def make_restorer_run(folder: Path, task: str, **options: Any) -> Run:
    """Write a run folder of a task that restores or translates, with random weights.

    Args:
        folder: where to.
        task: the task.
        **options: of the task.
    """
    runtime.prepare()
    config = TASK_OPTIONS[task].config
    assert config is not None
    model = ModelConfig(frames=8, g_channels=4, d_channels=4)
    second = Path("/data/other") if TASK_OPTIONS[task].datasets == 2 else None
    data = Path("/data/clips")
    run = Run(folder, model, TrainConfig(), data, (32, 32), 25.0, task, config(**options), second)
    folder.mkdir()
    run.save()
    checkpoint = folder / CHECKPOINTS / "step-00000100"
    checkpoint.mkdir(parents=True)
    runtime.seed_everything(0)
    build_generator(run).save_weights(checkpoint / EMA_NAME)
    state = {"step": 100, "clips": 1, "epoch": 1, "seconds": 1}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return run


def measurement(run: Run, checkpoint: str) -> Measurement:
    """Return the measurement of a checkpoint that was measured."""
    found = read_measurement(run.checkpoint(checkpoint))
    assert found is not None
    return found


def older_than(option: str, run: Run) -> Run:
    """Return a run as one whose file is older than an option."""
    path = run.path / CONFIG_NAME
    values = json.loads(path.read_text())
    groups = (values["model"], values["train"], values.get("task", {}).get("options", {}))
    del next(group for group in groups if option in group)[option]
    path.write_text(json.dumps(values))
    return Run.open(run.path)


def reloaded(gan: VideoGAN, precision: str, path: Path) -> keras.Model:
    """Save what generates, build a generator anew and load it."""
    gan.generator_ema.save_weights(path)
    runtime.set_precision(precision)
    try:
        generator = models.build_generator(gan.config, 32, 32)
    finally:
        runtime.set_precision("float32")
    generator.load_weights(path)
    return generator
