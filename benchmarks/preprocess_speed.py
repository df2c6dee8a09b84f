"""Speed and memory of ``vidgan preprocess``, compared with the ffmpeg program.

Encodes a 1280 × 720 H.264 video (moving texture, sensor noise, several shots), then measures the
wall time of whole processes that alternate:

- ``vidgan preprocess`` to 64 × 64 with either decoder, including shot detection, cleaning, JPEG and
  shards, against ``ffmpeg``, which only decodes and scales the file to raw RGB;
- four files on one core and on two;
- peak memory for a video and for one ten times as long.

    python benchmarks/preprocess_speed.py --seconds 60 --runs 5

Prints the table in preprocess_speed.md.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np

WIDTH, HEIGHT, RATE = 1280, 720, 30
SHOT_SECONDS = 7
RULE = "|---|---|---|---|---|"


def make_video(path: Path, seconds: int, seed: int = 0) -> None:
    """Encode a drifting texture with a moving disc and new noise on every frame."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 4, (HEIGHT + 64, WIDTH + 64, 1)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "faster", "crf": "23"}
        for i in range(seconds * RATE):
            since = i % (SHOT_SECONDS * RATE)
            if since == 0:
                coarse = rng.integers(0, 220, (9, 24, 3), dtype=np.uint8)
                scene = cv2.resize(coarse, (WIDTH * 2, HEIGHT), interpolation=cv2.INTER_CUBIC)
                fine = rng.integers(0, 36, (HEIGHT // 3, WIDTH, 3), dtype=np.uint8)
                scene = cv2.add(scene, cv2.resize(fine, (WIDTH * 2, HEIGHT)))
            frame = scene[:, 3 * since : 3 * since + WIDTH].copy()
            centre = (int(640 + 400 * np.sin(i / 17)), int(360 + 200 * np.cos(i / 23)))
            cv2.circle(frame, centre, 90, (220, 60, 40), -1)
            top, left = rng.integers(0, 64, 2)
            grain = noise[top : top + HEIGHT, left : left + WIDTH]
            noisy = cv2.add(frame.astype(np.int16), cv2.merge([grain] * 3), dtype=cv2.CV_8U)
            picture = av.VideoFrame.from_ndarray(noisy.astype(np.uint8, copy=False), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def repeat_video(path: Path, longer: Path, times: int) -> None:
    """Repeat the packets of a video, without encoding again."""
    with av.open(str(longer), "w") as output:
        target = None
        shift = 0
        for _ in range(times):
            with av.open(str(path)) as source:
                stream = source.streams.video[0]
                target = target or output.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is not None:
                        assert packet.pts is not None
                        packet.pts += shift
                        packet.dts += shift
                        packet.stream = target
                        output.mux(packet)
                assert stream.duration is not None
                shift += stream.duration


class Cost(NamedTuple):
    """Seconds of a whole process, including its children."""

    wall: float
    cpu: float


def timed(command: list[str], cores: int = 2) -> Cost:
    """Run a process on the given number of cores."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        shutil.which("taskset") or "taskset",
        ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores])), *command],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0) for n in (1, 2)],
    )
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def peak_memory(command: list[str]) -> float:
    """Return the peak memory of a process in MB.

    Read from the process itself: the value of wait4 includes the process that started it.
    """
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            for line in status.read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]) / 1024)
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return peak


def preprocess_command(inputs: list[Path], output: Path, decoder: str = "pyav") -> list[str]:
    return [
        *(sys.executable, "-m", "vidgan", "preprocess", *map(str, inputs)),
        *("-o", str(output), "--overwrite", "--decoder", decoder),
    ]


def ffmpeg_command(video: Path, output: Path) -> list[str]:
    import imageio_ffmpeg  # restore_speed.py, which imports this file, does without.

    return [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-i", str(video)),
        *("-vf", "scale=64:64", "-pix_fmt", "rgb24", "-f", "rawvideo", str(output)),
    ]


def in_turns(runs: int, **measured: Callable[[], Cost]) -> dict[str, list[Cost]]:
    """Run the processes alternately, after one round that warms the caches."""
    costs: dict[str, list[Cost]] = {name: [] for name in measured}
    for i in range(runs + 1):
        for name, measure in measured.items():
            cost = measure()
            if i:
                costs[name].append(cost)
    return costs


def row(name: str, costs: list[Cost], base: list[Cost]) -> str:
    wall = [a.wall / b.wall for a, b in zip(costs, base, strict=True)]
    cpu = [a.cpu / b.cpu for a, b in zip(costs, base, strict=True)]
    return (
        f"| {name} | {statistics.median(c.wall for c in costs):.2f} s "
        f"| {statistics.median(wall):.2f} ({min(wall):.2f}–{max(wall):.2f}) "
        f"| {statistics.median(c.cpu for c in costs):.2f} s | {statistics.median(cpu):.2f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="length of the video")
    parser.add_argument("--runs", type=int, default=5, help="rounds to take the median of")
    parser.add_argument("--keep", type=Path, help="folder that keeps the videos for the next run")
    options = parser.parse_args(arguments)
    subprocess.run(["taskset", "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        store = options.keep or work
        store.mkdir(parents=True, exist_ok=True)
        measure(options.seconds, options.runs, store, work)


def measure(seconds: int, runs: int, store: Path, work: Path) -> None:
    video = store / f"video{seconds}.mp4"
    if not video.exists():
        make_video(video, seconds)
    files = [work / f"copy{i}.mp4" for i in range(4)]
    for file in files:
        shutil.copy(video, file)
    times = in_turns(
        runs,
        ffmpeg=lambda: timed(ffmpeg_command(video, work / "raw")),
        pyav=lambda: timed(preprocess_command([video], work / "data")),
        opencv=lambda: timed(preprocess_command([video], work / "data", "opencv")),
    )
    print(f"{platform.machine()}, 2 cores, {video.stat().st_size / 1e6:.0f} MB, {seconds} s\n")
    print(f"| one file | wall | to ffmpeg (range) | CPU | to ffmpeg |\n{RULE}")
    for name, label in [
        ("ffmpeg", "ffmpeg to raw frames"),
        ("pyav", "vidgan preprocess (default: pyav)"),
        ("opencv", "vidgan preprocess --decoder opencv"),
    ]:
        print(row(label, times[name], times["ffmpeg"]))
    scaling = in_turns(
        max(1, runs // 2),
        one=lambda: timed(preprocess_command(files, work / "data"), cores=1),
        two=lambda: timed(preprocess_command(files, work / "data"), cores=2),
    )
    print(f"\n| four files | wall | to one core (range) | CPU | to one core |\n{RULE}")
    print(row("one core, one worker", scaling["one"], scaling["one"]))
    print(row("two cores, two workers", scaling["two"], scaling["one"]))
    longer = work / "longer.mp4"
    repeat_video(video, longer, 10)
    short = peak_memory(preprocess_command([video], work / "data"))
    long = peak_memory(preprocess_command([longer], work / "data"))
    print("\n| memory at its peak | MB | ratio |\n|---|---|---|")
    print(
        f"| {seconds} s | {short:.0f} | 1 |\n| {seconds * 10} s | {long:.0f} | {long / short:.2f} |"
    )


if __name__ == "__main__":
    main()
