"""Long clips, loops and continuations: whether they get worse with time, and how they join.

    python benchmarks/long_generation.py RUN [RUN ...] [--frames 600] [--clips 4] [--sharpen]

Three tables for each run (only the last two for models of any length; see ``long_clips.py`` for
those):

- Long clips are cut into parts of equal length. For each part, the Fréchet distance on appearance
  and motion (AMFD) of its windows, which are as long as training clips, to training clips, its
  ratio to that of the first part, and the mean difference of neighbouring frames over that of real
  clips (motion). The first rows are real clips and single clips of as many seeds as there are
  windows.
- Loops: the difference of the last frame and the first, over the median difference of neighbouring
  frames (seam); and how the change of a frame correlates with the next change, at the seam and
  elsewhere: -1 where motion reverses.
- Continuations of test clips: the largest difference of neighbouring frames around the end of the
  real clip, over the median before or after it, whichever is larger (join).
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vidgan import runtime

runtime.prepare()

from portfolio import real_windows  # noqa: E402
from scores import embed  # noqa: E402

import vidgan  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import labelled_clips  # noqa: E402
from vidgan.jobs.generate.clip_sampler import ClipSampler  # noqa: E402
from vidgan.training.distance_metrics import frechet  # noqa: E402

PARTS, REAL, LOOPS, CONTINUED = 5, 192, 12, 6


def steps(clip: np.ndarray) -> np.ndarray:
    """Return the mean difference of each frame to the next."""
    differences: np.ndarray = np.abs(np.diff(clip.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
    return differences


def turns(clip: np.ndarray) -> np.ndarray:
    """Return how the change to each frame correlates with the change from it, of a loop."""
    changes = np.roll(clip.astype(np.float32), -1, axis=0) - clip
    changes = changes.reshape(len(clip), -1)
    changes /= np.linalg.norm(changes, axis=1, keepdims=True) + 1e-6
    cosines: np.ndarray = (changes * np.roll(changes, 1, axis=0)).sum(axis=1)
    return cosines


def long_clips(sampler: ClipSampler, frames: int, clips: int) -> Iterator[str]:
    """Yield the table of the parts of long clips."""
    size = sampler.frames
    manifest = Manifest.load(sampler.run.dataset)
    real = real_windows(manifest, size, 2 * REAL)
    (reference, motion), (other, other_motion) = embed(real[:REAL]), embed(real[REAL:])
    made = sampler.generate(clips, frames=frames)
    part = frames // PARTS
    starts = range(0, part - size + 1, size // 2)
    yield "| frames | AMFD to real clips | ratio to the first part | motion |\n|---|---|---|---|"

    def line(name: str, vectors: np.ndarray, moves: float, first: float | None) -> str:
        distance = frechet(reference["amfd"], vectors).value
        share = "" if first is None else f"{distance / first:.2f}"
        return f"| {name} | {distance:.2f} | {share} | {moves / motion:.2f} |"

    count = min(REAL, len(starts) * clips)
    yield line(f"{count} other real clips", other["amfd"][:count], other_motion, None)
    single, single_motion = embed(sampler.generate(count))
    yield line(f"{count} single clips", single["amfd"], single_motion, None)
    first: float | None = None
    for begin in range(0, part * PARTS, part):
        windows = [clip[begin + start : begin + start + size] for clip in made for start in starts]
        vectors, moves = embed(windows)
        first = first or frechet(reference["amfd"], vectors["amfd"]).value
        yield line(f"{begin}–{begin + part - 1}", vectors["amfd"], moves, first)


def loops(sampler: ClipSampler) -> str:
    """Return the row of loops of the default length."""
    made = sampler.generate(LOOPS, loop=True)
    seams = [np.abs(c[0].astype(float) - c[-1]).mean() / np.median(steps(c)) for c in made]
    found = np.stack([turns(clip) for clip in made])
    cells = [np.median(seams), np.max(seams), found[:, [0, -1]].mean(), found[:, 1:-1].mean()]
    return " | ".join(f"{cell:.2f}" for cell in cells)


def joins(sampler: ClipSampler) -> str:
    """Return the row of continuations."""
    run, size = sampler.run, sampler.frames
    manifest = Manifest.load(run.dataset)
    found = []
    clips = labelled_clips(manifest, "test", size, run.stride, 1, size // 2)
    for (clip, _), seed in zip(clips, range(CONTINUED), strict=False):
        made = sampler.continue_clip(clip, size, seeds=seed)[0]
        around = steps(made[size // 2 - 1 : size + 2])
        ordinary = max(np.median(steps(part)) for part in (clip, made[size:]))
        found.append(around.max() / ordinary)
    return f"{np.median(found):.2f} | {np.max(found):.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--sharpen", action="store_true")
    args = parser.parse_args(arguments)
    for path in args.runs:
        sampler = vidgan.load(path, sharpen=args.sharpen)
        print(f"{path.name}{', sharpened' * args.sharpen}:\n")
        print("| loops: seam, median | largest | turn at the seam | elsewhere |\n|---|---|---|---|")
        print(f"| {loops(sampler)} |\n", flush=True)
        if sampler.run.model.reconstruction:
            print("| continuations: join, median | largest |\n|---|---|")
            print(f"| {joins(sampler)} |\n", flush=True)
        if not sampler.architecture.any_length:
            for text in long_clips(sampler, args.frames, args.clips):
                print(text, flush=True)
            print()


if __name__ == "__main__":
    main()
