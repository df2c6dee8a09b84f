"""Train every model with every loss for a few steps and check for NaN.

    python benchmarks/model_matrix.py [VIDEO ...] [--steps 20]

The default video is drawn by ``examples/make_video.py``. Clips have 64 × 64 × 16 and 32 × 32 × 8
pixels; the default loss at 64 × 64 × 16 uses the default widths, the others narrow networks. A
combination passes if the losses of every step and all final weights are finite; the exit status is
1 unless all pass.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import runtime

runtime.prepare()

import tensorflow as tf  # noqa: E402

import vidgan  # noqa: E402
from vidgan.config import DEFAULT_BATCH, MODELS, ModelConfig, TrainConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402
from vidgan.losses import LOSSES  # noqa: E402
from vidgan.tasks.synthesis import build_gan  # noqa: E402
from vidgan.training.run import Run  # noqa: E402

# Side and frames.
CLIPS = ((64, 16), (32, 8))
NARROW = 8  # Channels.


def train(model: ModelConfig, loss: str, side: int, batches: list[tf.Tensor]) -> dict[str, Any]:
    """Take a step on each batch; return the last losses and whether all was finite."""
    start = time.perf_counter()
    train = TrainConfig(batch_size=DEFAULT_BATCH, loss=loss)
    gan = build_gan(Run(Path(), model, train, Path(), (side, side), 25.0))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    logs = [step(batch) for batch in batches]
    losses = np.array([[float(log["d_loss"]), float(log["g_loss"])] for log in logs])
    weights = all(np.isfinite(weight).all() for weight in gan.get_weights())
    return {
        "finite": bool(np.isfinite(losses).all() and weights),
        "losses": losses[-1],
        "seconds": time.perf_counter() - start,
    }


def clips(videos: list[str], folder: Path, steps: int) -> dict[tuple[int, int], list[tf.Tensor]]:
    """Return batches of clips for each entry of CLIPS."""
    if not videos:
        script = Path(__file__).parents[1] / "examples" / "make_video.py"
        videos = [str(folder / "input.mp4")]
        subprocess.run([sys.executable, script, *videos], check=True)
    batches = {}
    for side, frames in CLIPS:
        dataset = folder / str(side)
        vidgan.preprocess(videos, dataset, size=(side, side))
        data = training_clips(Manifest.load(dataset), frames, DEFAULT_BATCH)
        batches[side, frames] = list(data.take(steps))
    return batches


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("videos", nargs="*", help="files or folders")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--models", default=",".join(MODELS))
    args = parser.parse_args(arguments)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        batches = clips(args.videos, Path(folder), args.steps)
    print(f"{args.steps} steps, batch {DEFAULT_BATCH}\n")
    print("| model | clips | channels | loss | D's loss | G's loss | seconds | finite |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in args.models.split(","):
        for side, frames in CLIPS:
            for loss in LOSSES:
                default = side == 64 and loss == TrainConfig.loss
                model = ModelConfig(model=name, frames=frames)
                if not default:
                    model = model.replace(g_channels=NARROW, d_channels=NARROW)
                found = train(model, loss, side, batches[side, frames])
                d_loss, g_loss = found["losses"]
                print(
                    f"| {name} | {side} x {side} x {frames} | {model.g_channels} | {loss} "
                    f"| {d_loss:.3f} | {g_loss:.3f} | {found['seconds']:.0f} "
                    f"| {'yes' if found['finite'] else 'no'} |",
                    flush=True,
                )
                if not found["finite"]:
                    failed.append(f"{name} with {loss} at {side} x {side} x {frames}")
    if failed:
        sys.exit(f"not finite: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
