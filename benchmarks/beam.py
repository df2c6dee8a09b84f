"""Time and memory of ``vidgan preprocess --runner direct``, compared with the local processes.

Encodes many short videos and a long one (1280 × 720 H.264, or ``--small`` ones), and makes a
dataset of them without Beam and in a Beam pipeline with the same number of processes. The first
rows have a tenth of the files and of the length: memory must hardly depend on them. The datasets
must be equal, byte for byte.

    python benchmarks/beam.py --files 300 --minutes 10
    python benchmarks/beam.py --files 10000 --minutes 180 --small

Prints the table in beam.md.
"""

import argparse
import contextlib
import filecmp
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from preprocess_speed import SHOT_SECONDS, make_video, repeat_video

# Seconds of a short video, and number of different ones.
SHORT = 1
KINDS = 10
# Small videos: frames a second, sizes of the long one and of a short one, and frames of the latter.
SMALL_RATE = 25
SMALL_LONG = (320, 240)
SMALL_SHORT = (64, 48)
SMALL_FRAMES = 10
# Of the files and of the length that are measured.
SHARES = (0.1, 1)
# Processes, by a part of their command lines.
ROLES = {
    "vidgan.dataset.worker": "decoder",
    "sdk_worker_main": "Beam worker",
    "beam.pipeline": "pipeline",
    "preprocess": "command",
}


def draw_video(path: Path, frames: int, size: tuple[int, int], seed: int) -> None:
    """Encode moving blocks, as MPEG-4: quick to draw, to encode and to decode."""
    rng = np.random.default_rng(seed)
    width, height = size
    side = height // 3
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=SMALL_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            if number % (SHOT_SECONDS * SMALL_RATE) == 0:
                ground, *colours = rng.integers(0, 256, (5, 3))
                starts, speeds = rng.uniform(0, 1, (2, 4, 2))
            frame = np.full((height, width, 3), ground, np.uint8)
            for colour, start, speed in zip(colours, starts, speeds, strict=True):
                bounced = np.abs((start + speed * number / SMALL_RATE) % 2 - 1)
                x, y = (bounced * (width - side, height - side)).astype(int)
                frame[y : y + side, x : x + side] = colour
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())


def make_videos(folder: Path, files: int, minutes: float, small: bool) -> Path:
    """Write short videos, which are links to a few files, and a long one that repeats one."""
    folder.mkdir()
    kinds = [folder / f"{number:05d}.mp4" for number in range(min(KINDS, files))]
    for seed, path in enumerate(kinds):
        if small:
            draw_video(path, SMALL_FRAMES, SMALL_SHORT, seed)
        else:
            make_video(path, SHORT, seed)
    for number in range(len(kinds), files):
        os.link(kinds[number % KINDS], folder / f"{number:05d}.mp4")
    repeated, length = kinds[0], SHORT
    if small:
        repeated, length = folder.with_name(f"{folder.name}-minute.mp4"), 60
        draw_video(repeated, length * SMALL_RATE, SMALL_LONG, KINDS)
    repeat_video(repeated, folder / "long.mp4", max(1, round(minutes * 60 / length)))
    return folder


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    started: defaultdict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # It has ended.
            started[int(path.read_text().rpartition(")")[2].split()[1])].append(
                int(path.parent.name)
            )
    found = list(started[pid])
    for child in found:
        found += started[child]
    return found


def peak(pid: int) -> float:
    """Return the peak memory of a process in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return max((int(x.split()[1]) / 1024 for x in lines if x.startswith("VmHWM:")), default=0)


def role(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""
    return next((name for part, name in ROLES.items() if part in line), "")


def measure(videos: Path, output: Path, *options: str) -> str:
    """Make a dataset; return wall time, CPU time, and peak memory by kind of process."""
    before, start = os.times(), time.perf_counter()
    peaks: defaultdict[str, float] = defaultdict(float)
    command = [sys.executable, "-m", "vidgan", "preprocess", str(videos), "-o", str(output)]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            for pid in [process.pid, *children(process.pid)]:
                name = role(pid)
                peaks[name] = max(peaks[name], peak(pid))
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    cells = [f"{time.perf_counter() - start:.1f} s", f"{cpu:.1f} s"]
    cells += [f"{peaks[name]:.0f} MB" if peaks[name] else "–" for name in ROLES.values()]
    return " | ".join(cells)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=300, help="number of short videos")
    parser.add_argument("--minutes", type=float, default=10, help="length of the long one")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--small", action="store_true", help="videos that are quick to decode")
    options = parser.parse_args(arguments)
    workers = ("--workers", str(options.workers))
    beam = (*workers, "--runner", "direct")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print(f"{platform.machine()}, {options.workers} processes\n")
        print(f"| files | long one | runner | wall | CPU | {' | '.join(ROLES.values())} |")
        print("|---|---|---|---|---|---|---|---|---|")
        for share in SHARES:
            files, minutes = max(1, round(options.files * share)), options.minutes * share
            videos = make_videos(folder / f"videos{share}", files, minutes, options.small)
            local, piped = folder / f"local{share}", folder / f"beam{share}"
            row = f"| {files} | {minutes:g} min |"
            print(f"{row} none | {measure(videos, local, *workers)} |", flush=True)
            print(f"{row} direct | {measure(videos, piped, *beam)} |", flush=True)
            names = sorted(path.name for path in local.iterdir())
            same = filecmp.cmpfiles(local, piped, names, shallow=False)
            if same != (names, [], []):
                raise SystemExit(f"the datasets differ: {same[1:]}")
        print("\nThe datasets are equal.")


if __name__ == "__main__":
    main()
