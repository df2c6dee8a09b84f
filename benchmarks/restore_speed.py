"""Speed, memory and overhead of restoring video, compared with the network alone.

Networks of ``vidgan train --task enhance`` with random weights restore drawn H.264 videos:

- throughput of the whole command (decode, windows, tiles, blend, encode, join) over that of the
  network alone: called in a loop on whole windows, and undivided (each frame once); and of the
  network alone in float32;
- the additional arithmetic of windows and tiles, from the plan, at several sizes;
- peak memory of whole processes at 4K, for videos of growing length.

    python benchmarks/restore_speed.py --runs 3

Prints the tables in restore_speed.md.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import av
import cv2
import numpy as np
from preprocess_speed import peak_memory, repeat_video

from vidgan import runtime
from vidgan.config import EnhanceConfig, EnhanceVideo, ModelConfig, RestoreConfig, TrainConfig
from vidgan.models import restorer
from vidgan.tasks.load import build_generator
from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import TilingPlan, choose_plan

RATE = 25
GIB = 2**30
MEMORY = int(RestoreConfig.memory * GIB)
# Limit of the plans whose costs are printed.
DISK = 20 * GIB
# Name, scale, channels, blocks, size and frames of the timed networks.
TIMED = [
    ("small, denoise", 1, 16, 2, (320, 240), 192),
    ("default, denoise", 1, 32, 6, (320, 240), 192),
    ("default, x2", 2, 32, 6, (160, 120), 192),
    ("default, x4", 4, 32, 6, (160, 120), 192),
]
PLANNED = [(320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160)]
UHD = (3840, 2160)
LOOP_FRAMES = 25
# Left, top, width and height of the hole that is filled.
MASK = "600,400,300,200"
# Lengths of the videos of the memory test, in repetitions of the loop.
REPEATS = {"network": (2,), "median": (2, 8)}


def draw(path: Path, size: tuple[int, int], frames: int) -> Path:
    """Encode a drifting texture with a moving disc and a little noise."""
    width, height = size
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 220, (9, 16, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (width * 2, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 12, (height, width * 2, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        for i in range(frames):
            shift = 3 * i % width
            frame = cv2.add(scene[:, shift : shift + width], grain[:, -width - shift :][:, :width])
            cv2.circle(frame, (width // 2 + i, height // 2), height // 6, (220, 60, 40), -1)
            picture = av.VideoFrame.from_ndarray(frame.astype(np.uint8, copy=False), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def make_run(folder: Path, scale: int, channels: int, blocks: int) -> Path:
    """Write a run whose network has random weights."""
    from vidgan.training.run import Run
    from vidgan.training.run_lookup import CHECKPOINTS
    from vidgan.training.soundness import EMA_NAME
    from vidgan.training.state import STATE_NAME

    task = EnhanceConfig(scale=scale, blocks=blocks)
    model = ModelConfig(frames=8, g_channels=channels)
    run = Run(folder, model, TrainConfig(), Path("none"), (64, 64), RATE, "enhance", task)
    folder.mkdir(parents=True)
    run.save()
    checkpoint = folder / CHECKPOINTS / "step-00000001"
    checkpoint.mkdir(parents=True)
    build_generator(run).save_weights(checkpoint / EMA_NAME)
    state = {"step": 1, "clips": 1, "epoch": 1.0, "seconds": 1.0}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return folder


def load(run: Path, precision: str = "auto") -> Filter:
    from vidgan.jobs.restore.trained_filter import trained_filter

    return trained_filter("enhance", run, "latest", "cpu", precision, scale=None)


def forward(filter: Filter, plan: TilingPlan, size: tuple[int, int], frames: int) -> float:
    """Return frames per second of the filter alone, on windows of the plan's size."""
    width, height = size
    window = np.random.default_rng(0).integers(
        0, 256, (min(plan.frames, frames), height, width, 3), dtype=np.uint8
    )
    start = time.perf_counter()
    seen = 0
    while seen < frames:
        filter.apply(window[: frames - seen], None)
        seen += len(window)
    return min(seen, frames) / (time.perf_counter() - start)


def whole(filter: Filter, video: Path, folder: Path) -> float:
    """Return frames per second of the whole command without loading the run."""
    from vidgan.jobs.restore.restore_jobs import RestoreJob
    from vidgan.jobs.restore.restore_video import restore_video

    config = EnhanceVideo(overwrite=True)
    start = time.perf_counter()
    restore_video(RestoreJob(video, folder / "out.mp4"), config, lambda: filter, False, print)
    seconds = time.perf_counter() - start
    with av.open(str(folder / "out.mp4")) as container:
        return container.streams.video[0].frames / seconds


def throughput(runs: int, work: Path) -> None:
    print(
        "| network | float32 alone | alone | to float32 | all | to the network | cost | undivided |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, scale, channels, blocks, size, frames in TIMED:
        video = draw(work / f"{name}.mp4", size, frames)
        run = make_run(work / name, scale, channels, blocks)
        filter, exact = load(run), load(run, "float32")
        plan = choose_plan(filter, size, frames, MEMORY)
        # Trace before timing.
        whole(filter, video, work)
        forward(exact, plan, size, frames)
        rates = [
            (
                forward(exact, plan, size, frames),
                forward(filter, plan, size, frames),
                whole(filter, video, work),
            )
            for _ in range(runs)
        ]
        slow, alone, all_ = (statistics.median(each) for each in zip(*rates, strict=True))
        faster = statistics.median(b / a for a, b, _ in rates)
        ratio = statistics.median(c / b for _, b, c in rates)
        print(
            f"| {name}, {size[0]}×{size[1]} | {slow:.1f} | {alone:.1f} | {faster:.2f} | "
            f"{all_:.1f} | {ratio * plan.cost:.2f} | {plan.cost:.2f} | {ratio:.2f} |",
            flush=True,
        )


def costs() -> None:
    """Print the overhead of windows and tiles for networks of ``vidgan train --task enhance``."""
    print("| network | " + " | ".join(f"{w}×{h}" for w, h in PLANNED) + " |")
    print("|---|" + "---|" * len(PLANNED))
    for name, scale, channels, blocks, *_ in TIMED:
        context, margin = restorer.receptive_field(scale, blocks)
        filter = Filter(
            lambda frames, masks: frames.astype(np.float32),
            name,
            scale=scale,
            context=context,
            margin=margin,
            multiple=restorer.unshuffle_factor(scale),
            bytes_per_pixel=restorer.bytes_per_pixel(scale, channels),
        )
        found = [choose_plan(filter, size, 0, MEMORY, disk=DISK) for size in PLANNED]
        cells = [
            f"{plan.cost:.2f} ({plan.context})"
            + (f", disk {plan.disk / GIB:.1f}" if plan.disk else "")
            for plan in found
        ]
        print(f"| {name}, reach {context} frames, {margin} pixels | {' | '.join(cells)} |")


def memory(work: Path) -> None:
    """Print the peak memory of whole processes at 4K."""
    loop = draw(work / "loop.mp4", UHD, LOOP_FRAMES)
    run = make_run(work / "uhd", 1, 4, 1)
    box = ["--mask", MASK]
    kinds = {
        "enhance, a network": (["enhance", str(run)], REPEATS["network"]),
        "inpaint --method median": (["inpaint", *box, "--method", "median"], REPEATS["median"]),
    }
    print("| command | frames | GiB at the peak | seconds |\n|---|---|---|---|")
    for name, ((command, *arguments), repeats) in kinds.items():
        for times in repeats:
            video = work / "long.mp4"
            repeat_video(loop, video, times)
            start = time.perf_counter()
            call = [sys.executable, "-m", "vidgan", command, str(video), *arguments]
            peak = peak_memory([*call, "-o", str(work / "out.mp4"), "--overwrite"])
            seconds = time.perf_counter() - start
            frames = times * LOOP_FRAMES
            print(f"| {name} | {frames} | {peak / 1024:.2f} | {seconds:.0f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="rounds to take the median of")
    parser.add_argument("--only", choices=("throughput", "costs", "memory"))
    options = parser.parse_args(arguments)
    runtime.prepare()
    print(f"{platform.machine()}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if options.only in (None, "throughput"):
            throughput(options.runs, work)
            print()
        if options.only in (None, "costs"):
            costs()
            print()
        if options.only in (None, "memory"):
            memory(work)


if __name__ == "__main__":
    main()
