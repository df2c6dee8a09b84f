"""A run folder without a training: a small generator with random weights."""

import json
from pathlib import Path

import keras

from vidgan import models, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.tasks.load import build_generator
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import EMA_NAME, Run
from vidgan.training.run_lookup import CHECKPOINTS, CONFIG_NAME
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
