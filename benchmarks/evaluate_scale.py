"""How long ``vidgan evaluate`` takes for many clips, and whether its memory grows with them.

    python benchmarks/evaluate_scale.py [--output benchmarks/evaluate_scale.md]

Clips of drifting textures are written to ``.npy`` files, and the command is run on them in its own
process. N against N clips means N real clips, N other real clips for the floor, and N generated
ones.

- Time: 2048 against 2048 clips of 16 x 64 x 64 on the default features (target: 3 minutes on two
  idle cores).
- Memory: growing numbers of clips of 16 x 32 x 32, all measures. The peak of
  anonymous memory (Linux: RssAnon, sampled ten times per second), without pages of the mapped
  file, which the system can reclaim.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from vidgan import runtime

runtime.set_environment()

FRAMES = 16
TARGET_SECONDS, TARGET_CORES = 180, 2
TIMED = 2048
GROWING = (64, 256, 1024)
# What is timed: a title and options of vidgan evaluate.
TIMINGS: dict[str, list[str]] = {"distance": ["--measures", "distance"], "all": []}
POLL_SECONDS = 0.1
# A kernel of the random texture's blur, pixels.
BLUR = 1.5


@dataclass(frozen=True)
class Cost:
    """Resources used by a process.

    Attributes:
        wall: wall time in seconds.
        cpu: CPU time over all cores in seconds.
        memory: peak of anonymous memory in bytes.
    """

    wall: float
    cpu: float
    memory: int


def write_clips(path: Path, count: int, side: int, seed: int) -> Path:
    """Write uint8 clips ``(count, FRAMES, side, side, 3)``, one at a time."""
    random = np.random.default_rng(seed)
    shape = (count, FRAMES, side, side, 3)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for number in range(count):
        noise = random.normal(0, 60, (side + FRAMES, side + FRAMES, 3)).astype(np.float32)
        texture = cv2.GaussianBlur(noise, (0, 0), BLUR) + random.uniform(80, 170, 3)
        texture = np.clip(texture, 0, 255).astype(np.uint8)
        down, right = random.uniform(0, 1, 2)
        for t in range(FRAMES):
            top, left = int(down * t), int(right * t)
            array[number, t] = texture[top : top + side, left : left + side]
    array.flush()
    return path


def own_memory(process: int) -> int:
    """Return the anonymous memory of a process in bytes; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    found = next((line for line in lines if line.startswith("RssAnon")), "RssAnon: 0")
    return int(found.split()[1]) * 1024


def evaluate(folder: Path, count: int, side: int, *options: str) -> Cost:
    """Run the command on ``count`` against ``count`` clips."""
    real = write_clips(folder / "real.npy", 2 * count, side, seed=0)
    fake = write_clips(folder / "fake.npy", count, side, seed=1)
    command = [sys.executable, "-m", "vidgan", "evaluate", "--real", str(real), "--fake", str(fake)]
    command += ["--no-cache", "--overwrite", "-o", str(folder / "report.json"), *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, peak = time.perf_counter(), 0
    with (folder / "log.txt").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        while process.poll() is None:
            peak = max(peak, own_memory(process.pid))
            time.sleep(POLL_SECONDS)
        if process.returncode:
            raise SystemExit((folder / "log.txt").read_text())
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, peak)


@click.command()
@click.option("--timed", type=click.IntRange(2), default=TIMED, show_default=True)
@click.option("--growing", default=",".join(map(str, GROWING)), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Also write the tables here.")
def main(timed: int, growing: str, output: Path | None) -> None:
    """Measure and print the tables."""
    lines = [
        "# Many clips",
        "",
        f"Made by `benchmarks/evaluate_scale.py`: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.",
        "CPU seconds are over all cores.",
        "",
        f"## Time: {timed} against {timed} clips of {FRAMES} x 64 x 64",
        "",
        f"Target: {TARGET_SECONDS} s on {TARGET_CORES} idle cores, including the "
        f"{timed} clips of the floor and start-up.",
        "",
        f"| measures | wall, s | CPU, s | within {TARGET_SECONDS} s |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, options in TIMINGS.items():
            cost = evaluate(folder, timed, 64, *options)
            within = "yes" if cost.wall <= TARGET_SECONDS else "NO"
            lines.append(f"| {title} | {cost.wall:.0f} | {cost.cpu:.0f} | {within} |")
            print(lines[-1], flush=True)
        lines += [
            "",
            f"## Memory: clips of {FRAMES} x 32 x 32, all measures",
            "",
            "| clips of each side | clips, MiB | peak, MiB | CPU, s |",
            "|---|---|---|---|",
        ]
        for count in map(int, filter(None, growing.split(","))):
            cost = evaluate(folder, count, 32)
            size = 3 * count * FRAMES * 32 * 32 * 3 / 2**20
            memory = cost.memory / 2**20
            lines.append(f"| {count} | {size:.0f} | {memory:.0f} | {cost.cpu:.0f} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    click.echo(text)
    if output is not None:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
