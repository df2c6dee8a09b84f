"""Start-up time: ``--help`` and one generated clip.

    python benchmarks/startup.py [--rounds 9] [--output benchmarks/startup.md]

``vidgan --help`` and every ``vidgan COMMAND --help`` are compared with ``python -c "import click"``
(target: at most 3 times its wall time), ``vidgan generate --n 1`` of a run of the default size with
``python -c "import tensorflow"`` (target: at most 1.5 times its wall time plus 2 s). Every round
runs each command once, so that all have the same noise; ratios are medians over the rounds.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from vidgan import runtime
from vidgan.cli import command_names
from vidgan.config import ModelConfig, TrainConfig
from vidgan.tasks.load import build_generator
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME

HELP_LIMIT = 3.0
GENERATE_FACTOR, GENERATE_SECONDS = 1.5, 2.0
# Rounds that only warm the disk cache.
WARMING = 1


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def untrained_run(folder: Path) -> Path:
    """Write a run of the default network at 64 × 64 with random weights."""
    runtime.prepare()
    run = Run(folder, ModelConfig(), TrainConfig(), folder, (64, 64), 30.0)
    checkpoint = folder / CHECKPOINTS / "step-00000001"
    checkpoint.mkdir(parents=True)
    run.save()
    build_generator(run).save_weights(checkpoint / EMA_NAME)
    state = {"step": 1, "clips": 16, "epoch": 0.1, "seconds": 1.0}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return folder


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Run every command once a round and return the seconds."""
    for _ in range(WARMING):
        for command in commands.values():
            seconds(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            times[name].append(seconds(command))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return times


def row(name: str, values: list[float], ratio: float | None, limit: str, good: bool) -> str:
    shown = "" if ratio is None else f"{ratio:.2f}"
    verdict = "" if not limit else ("yes" if good else "NO")
    middle = statistics.median(values) * 1000
    return f"| {name} | {middle:.0f} | {shown} | {limit} | {verdict} |"


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Also write the table to this file."
)
def main(rounds: int, output: Path | None) -> None:
    """Measure and print the table."""
    python, script = sys.executable, str(Path(sys.executable).with_name("vidgan"))
    base, tensorflow = "python -c 'import click'", "python -c 'import tensorflow'"
    clip = "vidgan generate --n 1"
    helps: dict[str, Any] = {"vidgan --help": [script, "--help"]}
    helps |= {f"vidgan {name} --help": [script, name, "--help"] for name in command_names()}
    times = measure({base: [python, "-c", "import click"], **helps}, rounds)
    lines = [
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; "
        f"median of {rounds} interleaved rounds.",
        "",
        "| command | ms | times the base | at most | reached |",
        "|---|---|---|---|---|",
        row(base, times[base], None, "", True),
    ]
    for name in helps:
        pairs = list(zip(times[name], times[base], strict=True))
        ratio = statistics.median(mine / click_only for mine, click_only in pairs)
        lines.append(row(name, times[name], ratio, f"{HELP_LIMIT:g}", ratio <= HELP_LIMIT))

    with tempfile.TemporaryDirectory() as folder:
        run = untrained_run(Path(folder, "run"))
        making = [script, "generate", str(run), "--n", "1", "--overwrite"]
        making += ["-o", str(Path(folder, "out.mp4"))]
        commands = {tensorflow: [python, "-c", "import tensorflow"], clip: making}
        times = measure(commands, max(min(5, rounds), rounds // 2))
    pairs = list(zip(times[clip], times[tensorflow], strict=True))
    ratio = statistics.median(mine / bare for mine, bare in pairs)
    good = statistics.median(
        mine - GENERATE_FACTOR * bare - GENERATE_SECONDS for mine, bare in pairs
    )
    limit = f"{GENERATE_FACTOR:g} and {GENERATE_SECONDS:g} s"
    lines.append(row(tensorflow, times[tensorflow], None, "", True))
    lines.append(row(clip, times[clip], ratio, limit, good <= 0))
    text = "\n".join(lines) + "\n"
    click.echo(text)
    if output is not None:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
