"""Train recipes on many kinds of video, short ones above all, for the same CPU time.

    python benchmarks/portfolio.py --video street.mp4 --video clips/ --cpu-minutes 3
    python benchmarks/portfolio.py --drawn --recipe "" --recipe "reconstruction=0"

Each ``--video`` is a file or a folder; ``--drawn`` adds videos that are drawn here. A recipe is a
list of options of ``vidgan train``. For each video, recipe and seed the output folder gets a
contact sheet, real clips on the left and generated ones on the right, and ``results.jsonl`` a line:

- amfd: Fréchet distance of ``vidgan evaluate`` on appearance and motion, to training clips that
  start at any frame (a short video has few that do not overlap).
- precision, recall: on the same features.
- motion: mean difference of neighbouring frames, relative to real clips.
- fvd, kvd: with ``--i3d-weights``, Fréchet and kernel distance on I3D to the same clips. These are
  fewer than I3D has features, so the covariance is shrunk: do not compare with published FVD.
- resemblance: median correlation with the most similar training clip, as 8 x 8 thumbnails.
"""

import json
import os
import time
from itertools import islice, product
from pathlib import Path
from typing import Any

import click

from vidgan import runtime

runtime.prepare()

import numpy as np  # noqa: E402
from drawn_clips import draw  # noqa: E402
from quality import parse_recipe  # noqa: E402
from scores import embed  # noqa: E402

import vidgan  # noqa: E402
from vidgan import pixels  # noqa: E402
from vidgan.config import ModelConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402
from vidgan.errors import TrainingError  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.metrics import FEATURES, kernel_distance  # noqa: E402
from vidgan.metrics.covariance import OAS  # noqa: E402
from vidgan.metrics.frechet import frechet_distance  # noqa: E402
from vidgan.metrics.moments import Moments  # noqa: E402
from vidgan.metrics.neighbours import neighbourhoods  # noqa: E402
from vidgan.training import sample_quality  # noqa: E402
from vidgan.training.run import Run  # noqa: E402
from vidgan.training.sample_diversity import shrink  # noqa: E402
from vidgan.video.writers.open import open_writer  # noqa: E402

Row = dict[str, Any]
FIGURES = ("amfd", "precision", "recall", "motion", "resemblance")
I3D_FIGURES = ("fvd", "kvd")
SETTINGS = ("video", "recipe", "seed", "steps")
WINDOWS, SAMPLES, ROWS, SHOWN_FRAMES = 192, 192, 12, (0, 5, 10, 15)


def drawn_videos(folder: Path) -> dict[str, Path]:
    """Draw videos of a few seconds: objects, fire-like noise that flows, a pan, a dark scene."""
    random = np.random.default_rng(0)
    shots = {kind: draw(kind, 48, random) for kind in ("drifting", "turning", "falling")}
    y, x = np.mgrid[:64, :64] / 64
    flowing = np.stack([np.sin(9 * y + 0.4 * t + 2 * np.sin(7 * x)) for t in range(150)])
    flow = 120 + 80 * flowing[..., None] * np.array([1.0, 0.6, 0.2])
    wide = np.kron(random.integers(20, 230, (8, 40, 3)), np.ones((8, 8, 1)))
    pan = np.stack([wide[:, t : t + 64] for t in range(0, 150)])
    videos = {
        "cuts": np.concatenate(list(shots.values())),
        "flow": flow,
        "pan": pan,
        "dark": 0.08 * pan,
        "still": np.repeat(pan[:1], 100, axis=0) + 4 * np.sin(np.arange(100))[:, None, None, None],
    }
    paths = {}
    for name, frames in videos.items():
        paths[name] = folder / f"{name}.mp4"
        with open_writer(paths[name], 25.0, (64, 64)) as writer:
            for frame in np.clip(frames, 0, 255).astype(np.uint8):
                writer.write(frame)
    return paths


def real_windows(manifest: Manifest, frames: int) -> np.ndarray:
    """Return clips as in training, half of them mirrored, uint8 ``(WINDOWS, frames, …)``."""
    batches = training_clips(manifest, frames, 1, seed=5)
    return np.concatenate([pixels.to_uint8(b.numpy()) for b in islice(batches, WINDOWS)])


def measure(clips: np.ndarray, real: np.ndarray) -> Row:
    (real_vectors, real_motion), (vectors, motion) = embed(real), embed(clips)
    a, b = real_vectors["amfd"], vectors["amfd"]
    near = neighbourhoods(a, b)
    return {
        "amfd": frechet_distance(Moments.of(a), Moments.of(b), OAS),
        "precision": near.precision,
        "recall": near.recall,
        "motion": motion / max(real_motion, 0.1),
        "resemblance": sample_quality.resemblance(shrink(clips), shrink(real)),
    }


def measure_i3d(clips: np.ndarray, real: np.ndarray, weights: Path) -> Row:
    embed = FEATURES["i3d"].load(weights)
    a, b = embed(real), embed(clips)
    frechet = frechet_distance(Moments.of(a), Moments.of(b), OAS)
    return {"fvd": frechet, "kvd": kernel_distance(a, b)}


def sheet(clips: np.ndarray) -> np.ndarray:
    """Return the first clips as rows of four frames, uint8 ``(height, width, 3)``."""
    frames = [index * clips.shape[1] // 16 for index in SHOWN_FRAMES]
    return np.concatenate([np.concatenate(list(clip[frames]), 1) for clip in clips[:ROWS]], 0)


def train(dataset: Path, run: Path, minutes: float, seed: int, options: Row) -> str | None:
    """Train for so many minutes of CPU time per core; return the error of a failure, if any."""
    cores = len(os.sched_getaffinity(0))
    try:
        vidgan.train(
            dataset,
            output=run,
            seed=seed,
            minutes=minutes,
            clock=lambda: time.process_time() / cores,
            **options,
        )
    except TrainingError as error:
        return str(error)
    return None


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--video", "videos", multiple=True, type=click.Path(path_type=Path, exists=True))
@click.option("--drawn", is_flag=True, help="Add videos that are drawn.")
@click.option("--recipe", "recipes", multiple=True, default=("",), help="Options, as in 'r1=1'.")
@click.option("--seeds", default=1, show_default=True, help="Number of seeds.")
@click.option("--cpu-minutes", default=3.0, show_default=True, help="CPU time over the cores.")
@click.option("--i3d-weights", type=click.Path(path_type=Path, exists=True), help="For fvd, kvd.")
@click.option("--output", type=click.Path(path_type=Path), default="portfolio", show_default=True)
def main(
    videos: tuple[Path, ...],
    drawn: bool,
    recipes: tuple[str, ...],
    seeds: int,
    cpu_minutes: float,
    i3d_weights: Path | None,
    output: Path,
) -> None:
    (output / "data").mkdir(parents=True, exist_ok=True)
    sources = {video.stem: video for video in videos}
    if drawn:
        sources |= drawn_videos(output / "data")
    figures = FIGURES + (I3D_FIGURES if i3d_weights else ())
    columns = SETTINGS + figures
    click.echo(f"| {' | '.join(columns)} |")
    click.echo("|---" * len(columns) + "|")
    for (name, video), recipe, seed in product(sources.items(), recipes, range(seeds)):
        dataset = output / "data" / name
        if not dataset.exists():
            vidgan.preprocess([video], dataset)
        stem = f"{name} {recipe} {seed}".replace(" ", "_")
        _, options = parse_recipe(f"{ModelConfig.model} {recipe}")
        error = train(dataset, output / "runs" / stem, cpu_minutes, seed, options)
        run = Run.open(output / "runs" / stem)
        clips = vidgan.load(run.path).generate(SAMPLES)
        real = real_windows(Manifest.load(dataset), run.frames)
        row = {"video": name, "recipe": recipe, "seed": seed, "steps": run.state()["step"]}
        row |= measure(clips, real)
        if i3d_weights:
            row |= measure_i3d(clips, real, i3d_weights)
        with (output / "results.jsonl").open("a") as file:
            file.write(json.dumps(row | {"error": error, "cpu_minutes": cpu_minutes}) + "\n")
        save_image(output / f"{stem}.png", np.concatenate([sheet(real), sheet(clips)], axis=1))
        cells = [f"{row[name]:.2f}" if name in figures else str(row[name]) for name in columns]
        click.echo(f"| {' | '.join(cells)} |" + (f" {error}" if error else ""))


if __name__ == "__main__":
    main()
