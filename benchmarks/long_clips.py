"""Quality of long clips: the distance to the data, window by window.

    python benchmarks/long_clips.py RUN [RUN ...] [--frames 128] [--clips 256]

RUN is a run of a model that generates clips of any length. Each clip is cut into windows as long as
the training clips; the first windows of all clips are one set, the second windows the next. The
table gives for each set the Fréchet distance on random features (RFD, see ``vidgan/metrics``) to
all training clips, its ratio to that of the first window, and the mean difference of neighbouring
frames over that of the data (motion). Deteriorating clips raise the distance; frozen ones change
both. The first row is the real test split.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from vidgan import runtime

runtime.prepare()

import vidgan  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import evaluation_clips  # noqa: E402
from vidgan.metrics.features import FEATURES  # noqa: E402
from vidgan.metrics.frechet import frechet_distance  # noqa: E402
from vidgan.metrics.moments import Moments  # noqa: E402
from vidgan.training.run import Run  # noqa: E402

BATCH = 64
RANDOM3D = FEATURES["random3d"]


@dataclass
class Window:
    """Statistics of a set of clips."""

    moments: Moments = field(default_factory=lambda: Moments(RANDOM3D.dim))
    motion: list[float] = field(default_factory=list)

    def add(self, clips: np.ndarray) -> None:
        self.moments.add(RANDOM3D.load()(clips))
        differences = np.abs(np.diff(clips.astype(np.int16), axis=1))
        self.motion += list(differences.mean(axis=(1, 2, 3, 4)))

    @classmethod
    def of(cls, clips: Iterable[np.ndarray]) -> "Window":
        made = cls()
        for batch in batches(clips):
            made.add(batch)
        return made


def batches(clips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Stack clips; memory does not grow with their number."""
    waiting = iter(clips)
    while part := list(islice(waiting, BATCH)):
        yield np.stack(part)


def generated(path: Path, frames: int, clips: int) -> list[Window]:
    """Return the statistics of each window of generated clips."""
    sampler = vidgan.load(path)
    windows = [Window() for _ in range(frames // sampler.frames)]
    noises = sampler.noises(range(clips), inputs=sampler.inputs(frames))
    long = (clip for batch in sampler.stream(noises) for clip in batch)
    for batch in batches(long):
        for index, window in enumerate(windows):
            window.add(batch[:, index * sampler.frames : (index + 1) * sampler.frames])
    return windows


def rows(path: Path, frames: int, clips: int) -> Iterator[str]:
    """Yield the lines of a run's table."""
    run = Run.open(path)
    manifest = Manifest.load(run.dataset)
    real = {
        split: Window.of(evaluation_clips(manifest, split, run.frames, run.stride))
        for split in ("train", "test")
    }
    motion = np.mean(real["train"].motion)

    def line(name: str, window: Window, first: float | None) -> str:
        distance = frechet_distance(real["train"].moments, window.moments)
        share = "" if first is None else f"{distance / first:.2f}"
        return f"| {name} | {distance:.2f} | {share} | {np.mean(window.motion) / motion:.2f} |"

    yield f"{run.model.model}, step {run.state()['step']}, {clips} clips of {frames} frames:\n"
    yield "| frames | RFD to train | ratio to the first window | motion |\n|---|---|---|---|"
    yield line(f"{real['test'].moments.count} real test clips", real["test"], None)
    windows = generated(path, frames, clips)
    first = frechet_distance(real["train"].moments, windows[0].moments)
    for index, window in enumerate(windows):
        start = index * run.frames
        yield line(f"{start}–{start + run.frames - 1}", window, first)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--clips", type=int, default=256)
    args = parser.parse_args(arguments)
    for path in args.runs:
        for text in rows(path, args.frames, args.clips):
            print(text, flush=True)
        print()


if __name__ == "__main__":
    main()
