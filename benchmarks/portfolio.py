"""Train recipes on many kinds of video, short ones above all, for the same CPU time.

    python benchmarks/portfolio.py --drawn --cores 0,1 --recipe "" --recipe "reconstruction=0"
    python benchmarks/portfolio.py --video street.mp4 --video clips/ --piece 5 --piece 10

Each ``--video`` is a file or a folder; ``--drawn`` adds videos that are drawn here; see
``portfolio_videos.py``. A recipe is a list of options of ``vidgan train``. Each video, recipe and
seed gives a run. The output folder gets its clips (``samples``), a contact sheet, real clips on
the left and generated ones on the right (``sheets``), and a line of ``results.jsonl``. Runs that
have their line are left out; those that lack its ``fvd`` are measured again, not trained.
``judge_pairs.py`` compares the figures with the eye:

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
import re
import shutil
import time
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import click

from vidgan import runtime

runtime.prepare()

import numpy as np  # noqa: E402
from pinned_processes import run_pinned  # noqa: E402
from portfolio_videos import KINDS, portfolio_videos  # noqa: E402
from quality import parse_recipe  # noqa: E402
from scores import embed  # noqa: E402

import vidgan  # noqa: E402
from vidgan import pixels  # noqa: E402
from vidgan.cli.options import Pair  # noqa: E402
from vidgan.config import ModelConfig, PreprocessConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402
from vidgan.errors import TrainingError  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.metrics import FEATURES, kernel_distance  # noqa: E402
from vidgan.metrics.neighbours import neighbourhoods  # noqa: E402
from vidgan.training import sample_quality  # noqa: E402
from vidgan.training.distance_metrics import frechet  # noqa: E402
from vidgan.training.run import Run  # noqa: E402
from vidgan.training.sample_diversity import shrink  # noqa: E402

Row = dict[str, Any]
FIGURES = ("amfd", "precision", "recall", "motion", "resemblance")
I3D_FIGURES = ("fvd", "kvd")
SETTINGS = ("video", "recipe", "seed", "sharpen", "steps")
# Real and generated clips, and rows and frames of a sheet.
SAMPLES, ROWS, SHOWN_FRAMES = 192, 12, (0, 5, 10, 15)


def real_windows(manifest: Manifest, frames: int, count: int) -> np.ndarray:
    """Return clips as in training, half of them mirrored, uint8 ``(count, frames, …)``."""
    batches = training_clips(manifest, frames, 1, seed=5)
    return np.concatenate([pixels.to_uint8(b.numpy()) for b in islice(batches, count)])


def measure(clips: np.ndarray, real: np.ndarray) -> Row:
    (real_vectors, real_motion), (vectors, motion) = embed(real), embed(clips)
    a, b = real_vectors["amfd"], vectors["amfd"]
    near = neighbourhoods(a, b)
    return {
        "amfd": frechet(a, b).value,
        "precision": near.precision,
        "recall": near.recall,
        "motion": motion / max(real_motion, 0.1),
        "resemblance": sample_quality.resemblance(shrink(clips), shrink(real)),
    }


def measure_i3d(clips: np.ndarray, real: np.ndarray, weights: Path) -> Row:
    embed = FEATURES["i3d"].load(weights)
    a, b = embed(real), embed(clips)
    return {"fvd": frechet(a, b).value, "kvd": kernel_distance(a, b)}


def columns(i3d_weights: Path | None) -> tuple[str, ...]:
    """Return the columns of the table: settings, then figures."""
    return SETTINGS + FIGURES + (I3D_FIGURES if i3d_weights else ())


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


@dataclass(frozen=True)
class Training:
    """What to train, and on what; all of it names the run."""

    video: str
    recipe: str
    seed: int
    cpu_minutes: float
    sharpen: bool = False
    size: tuple[int, int] = PreprocessConfig.size
    samples: int = SAMPLES

    @property
    def dataset(self) -> str:
        if self.size == PreprocessConfig.size:
            return self.video
        return f"{self.video}-{self.size[0]}x{self.size[1]}"

    @property
    def folder(self) -> str:
        name = f"{self.dataset} {self.recipe} {self.cpu_minutes:g}min {self.seed}"
        return re.sub(r"[^\w.=-]+", "_", name)

    @property
    def run(self) -> str:
        return f"{self.folder}{'_sharpened' * self.sharpen}"


def results(output: Path) -> dict[str, Row]:
    """Return the last line of the results of each run."""
    path = output / "results.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {row["run"]: row for row in map(json.loads, lines)}


def carry_out(training: Training, output: Path, i3d_weights: Path | None) -> None:
    """Train, generate and measure; write samples, sheet and a line of the results, and print it.

    A run that has its samples is measured, only.
    """
    dataset, folder = output / "data" / training.dataset, output / "runs" / training.folder
    trained = output / "samples" / f"{training.folder}.npy"
    samples = trained.with_name(f"{training.run}.npy")
    error = results(output).get(training.run, {}).get("error")
    if not trained.exists():
        _, options = parse_recipe(f"{ModelConfig.model} {training.recipe}")
        shutil.rmtree(folder, ignore_errors=True)  # Left by an interrupted comparison.
        error = train(dataset, folder, training.cpu_minutes, training.seed, options)
        np.save(trained, vidgan.load(folder).generate(training.samples))
    if not samples.exists():
        np.save(samples, vidgan.load(folder, sharpen=True).generate(training.samples))
    run, clips = Run.open(folder), np.load(samples)
    real = real_windows(Manifest.load(dataset), run.frames, training.samples)
    row = asdict(training) | {"run": training.run, "steps": run.state()["step"], "error": error}
    row |= measure(clips, real)
    if i3d_weights:
        row |= measure_i3d(clips, real, i3d_weights)
    image = np.concatenate([sheet(real), sheet(clips)], axis=1)
    save_image(output / "sheets" / f"{training.run}.png", image)
    with (output / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    cells = [str(row[name]) for name in SETTINGS]
    cells += [f"{row[name]:.2f}" for name in columns(i3d_weights)[len(SETTINGS) :]]
    click.echo(f"| {' | '.join(cells)} |" + (f" {error}" if error else ""))


def core_numbers(context: Any, parameter: Any, text: str) -> list[int]:
    """Parse cores, as in ``0,1``."""
    allowed = os.sched_getaffinity(0)
    found = [int(part) if part.isdecimal() else -1 for part in text.split(",") if text]
    if not allowed.issuperset(found) or len(set(found)) < len(found):
        raise click.BadParameter(f"{text!r}: give some of {','.join(map(str, sorted(allowed)))}")
    return found


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--video", "videos", multiple=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--piece",
    "pieces",
    multiple=True,
    type=click.FloatRange(1),
    help="Add the first so many seconds of each file that is longer.",
)
@click.option("--drawn", is_flag=True, help=f"Add drawn videos: {', '.join(KINDS)}.")
@click.option("--only", multiple=True, help="Of all these videos, those of this name.")
@click.option("--recipe", "recipes", multiple=True, default=("",), help="Options, as in 'r1=1'.")
@click.option("--sharpen", is_flag=True, help="Also with sharpened clips; see vidgan generate.")
@click.option("--size", type=Pair(), default=PreprocessConfig.size, help="Of the datasets.")
@click.option("--samples", default=SAMPLES, show_default=True, help="Real and generated clips.")
@click.option("--seeds", default=1, show_default=True, help="Number of seeds.")
@click.option("--cpu-minutes", default=3.0, show_default=True, help="CPU time over the cores.")
@click.option("--i3d-weights", type=click.Path(path_type=Path, exists=True), help="For fvd, kvd.")
@click.option(
    "--cores",
    default="",
    callback=core_numbers,
    help="Cores, as in 0,1: each trains in processes of its own, one training at a time.",
)
@click.option("--output", type=click.Path(path_type=Path), default="portfolio", show_default=True)
def main(
    videos: tuple[Path, ...],
    pieces: tuple[float, ...],
    drawn: bool,
    only: tuple[str, ...],
    recipes: tuple[str, ...],
    sharpen: bool,
    size: tuple[int, int],
    samples: int,
    seeds: int,
    cpu_minutes: float,
    i3d_weights: Path | None,
    cores: list[int],
    output: Path,
) -> None:
    for name in ("data", "samples"):
        (output / name).mkdir(parents=True, exist_ok=True)
    sources = portfolio_videos(videos, pieces, drawn, output / "data", min(size))
    if unknown := set(only) - set(sources):
        raise click.UsageError(f"--only {unknown.pop()}: videos are {', '.join(sources)}")
    names = [name for name in sources if name in only or not only]
    shown = columns(i3d_weights)
    click.echo(f"| {' | '.join(shown)} |")
    click.echo("|---" * len(shown) + "|")
    forms = (False, True) if sharpen else (False,)
    wanted = [
        Training(*job, cpu_minutes, form, size, samples)
        for job in product(names, recipes, range(seeds))
        for form in forms
    ]
    for training in wanted:
        dataset = output / "data" / training.dataset
        if not dataset.exists():
            vidgan.preprocess([sources[training.video]], dataset, size=size)
    done = {run for run, row in results(output).items() if row.keys() >= set(shown)}
    jobs = [(training, output, i3d_weights) for training in wanted if training.run not in done]
    if not cores:
        for job in jobs:
            carry_out(*job)
    elif failed := run_pinned(carry_out, jobs, cores):
        raise click.ClickException(f"failed: {', '.join(job[0].run for job in failed)}")


if __name__ == "__main__":
    main()
