"""A run folder without a training: a small generator with random weights."""

import json
from pathlib import Path

from vidgan import runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.training.run import CHECKPOINTS, EMA_NAME, STATE_NAME, Run

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
        run.build_generator().save_weights(checkpoint / EMA_NAME)
        state = {"step": step, "clips": 16 * step, "epoch": step / 10, "seconds": step * 1.5}
        (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return run
