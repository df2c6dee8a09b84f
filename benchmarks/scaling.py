"""Train on 1, 2, 4 and 8 GPUs: clips/s, scaling, and the share of time spent waiting for data.

    python benchmarks/scaling.py [--gpus 1 --gpus 2 ...] [--clips 16] [--size 64]

Each training is a process that sees so many GPUs; 0 is the CPU. The batch has ``--clips`` for each
device (weak scaling): with perfect scaling the time of a step stays the same. The video is drawn.
Figures are medians over the second half of the steps.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from portfolio_videos import KINDS, write

import vidgan

# Steps of a row of the log.
LOG_EVERY = 10


def train(
    dataset: Path, run: Path, gpus: int, clips: int, steps: int, options: Sequence[str]
) -> None:
    """Train in a process that sees so many GPUs, the first ones."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in map(_pair, options)]
    visible = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(gpus))) or "-1"}
    command = [
        *(sys.executable, "-m", "vidgan", "train", str(dataset), "--metrics=none", f"-o{run}"),
        *(f"--steps={steps}", f"--batch-size={clips * max(1, gpus)}", f"--log-every={LOG_EVERY}"),
        *flags,
    ]
    done = subprocess.run(command, env=os.environ | visible, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"with {gpus} GPUs: {done.stderr.strip()[-300:]}")


def _pair(option: str) -> tuple[str, str]:
    name, _, value = option.partition("=")
    return name, value


def speeds(run: Path) -> tuple[float, float]:
    """Return clips a second, and the share of time that steps waited for their batch."""
    with (run / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    later = rows[len(rows) // 2 :]
    return tuple(  # type: ignore[return-value]
        statistics.median(float(row[name]) for row in later)
        for name in ("clips_per_second", "wait_share")
    )


@click.command(help="Train on several numbers of GPUs.")
@click.option("--gpus", type=int, multiple=True, default=(1, 2, 4, 8), help="0 is the CPU.")
@click.option("--clips", type=int, default=16, show_default=True, help="Of a step, for a device.")
@click.option("--size", type=int, default=64, show_default=True, help="Side of the frames.")
@click.option("--steps", type=int, default=200, show_default=True)
@click.option("--option", "options", multiple=True, help="Of vidgan train, as in frames=8.")
def main(
    gpus: tuple[int, ...], clips: int, size: int, steps: int, options: tuple[str, ...]
) -> None:
    """Run; see the top of the file."""
    print("| GPUs | batch | clips/s | scaling | waiting |\n|---|---|---|---|---|", flush=True)
    first = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind = KINDS["digits"]
        frames = 25 * max(40, 4 * clips * max(1, *gpus) // 6)
        video = write(folder / "digits.mp4", kind.draw(frames, *kind.size), 25)
        vidgan.preprocess([video], folder / "data", size=(size, size), clean=False)
        for count in gpus:
            run = folder / f"run-{count}"
            train(folder / "data", run, count, clips, steps, options)
            rate, waiting = speeds(run)
            first = first or rate / max(1, count)
            scaling = rate / first / max(1, count)
            cells = [
                count,
                clips * max(1, count),
                f"{rate:.1f}",
                f"{scaling:.2f}",
                f"{waiting:.0%}",
            ]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
