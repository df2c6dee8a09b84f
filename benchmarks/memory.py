"""Peak memory of trainings, compared with the estimate of ``vidgan train``.

Each row is its own process: two steps of ``vidgan.train`` (the first with the R1 penalty, which
needs the most), a snapshot and the curves. The peak is that of resident memory (Linux: VmHWM).

    python benchmarks/memory.py

Writes the table to memory.md.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidgan.dataset.manifest import Manifest, Split
from vidgan.dataset.tfrecord import encode_example, write_records

# Side, frames, batch size, channels of the networks (None: the default) and precision.
CASES = (
    (64, 16, 16, None, "float32"),
    (64, 16, 4, None, "float32"),
    (64, 16, 4, 64, "float32"),
    (128, 16, 2, None, "float32"),
    (128, 16, 6, None, "float32"),
    (224, 8, 2, None, "float32"),
    (32, 8, 32, None, "float32"),
    (64, 16, 16, None, "mixed_bfloat16"),
)


def make_dataset(folder: Path, side: int, frames: int, clips: int) -> None:
    random = np.random.default_rng(0)
    shard, records = "train-00000-of-00001.tfrecord", []
    for _ in range(clips):
        video = random.integers(0, 256, (frames, side // 8, side // 8, 3), np.uint8)
        images = [cv2.resize(image, (side, side)) for image in video]
        encoded = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
        records.append(encode_example({"frames": encoded, "label": [-1]}))
    size = write_records(folder / shard, records)
    splits = {"train": Split([shard], [frames] * clips, size), "test": Split()}
    Manifest(folder, (side, side), 25.0, [], splits, [], {}).save(folder)


def measure(side: int, frames: int, batch_size: int, channels: int | None, precision: str) -> None:
    """Train in this process and print the peak and the estimate in bytes."""
    import vidgan
    from vidgan import runtime

    runtime.prepare()
    from vidgan.tasks.synthesis import build_gan
    from vidgan.training import memory
    from vidgan.training.run import Run

    options: dict[str, Any] = {}
    if channels is not None:
        options = {"g_channels": channels, "d_channels": channels}
    # Also measure trainings that would be refused.
    memory.available_memory = lambda device: None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_dataset(folder, side, frames, batch_size)
        run = vidgan.train(
            folder,
            output=folder / "run",
            steps=2,
            frames=frames,
            batch_size=batch_size,
            precision=precision,
            device="cpu",
            **options,
        )
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        gan = build_gan(Run.open(run))
    values = {
        "peak": int(line.split()[1]) * 1024,
        "estimate": memory.estimate_memory(gan, batch_size),
    }
    print(json.dumps(values))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", help="measure one case, given as JSON, in this process")
    parser.add_argument(
        "--only", type=int, nargs="*", default=range(len(CASES)), help="numbers of the cases"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args(arguments)
    if options.case is not None:
        measure(*json.loads(options.case))
        return
    lines = [
        f"Peak memory of training, {platform.machine()}, Python {platform.python_version()}, CPU.",
        "",
        "| clips | batch | channels | precision | peak, MiB | estimate, MiB | estimate ÷ peak |",
        "|---|---|---|---|---|---|---|",
    ]
    for number in options.only:
        side, frames, batch_size, channels, precision = CASES[number]
        command = [sys.executable, __file__, "--case", json.dumps(CASES[number])]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        values = json.loads(answer.splitlines()[-1])
        peak, estimate = values["peak"] / 2**20, values["estimate"] / 2**20
        lines.append(
            f"| {side}×{side}×{frames} | {batch_size} | {channels or 'default'} | {precision} "
            f"| {peak:.0f} | {estimate:.0f} | {estimate / peak:.2f} |"
        )
        print(lines[-1], flush=True)
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
