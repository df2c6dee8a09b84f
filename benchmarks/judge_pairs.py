"""Ask the eye which of two runs of ``portfolio.py`` is better, and which figures agree with it.

    python benchmarks/judge_pairs.py draw portfolio --pairs 20
    python benchmarks/judge_pairs.py judge portfolio 1f0c93aa=left 77b2e01d=equal
    python benchmarks/judge_pairs.py agree portfolio

``draw`` takes random pairs of runs on one video. Each becomes a picture in ``portfolio/pairs``,
named after the pair: real clips above, below them the clips of the two runs side by side, in random
order. Which is which is in ``pairs.jsonl`` there, not to be read before. ``judge`` adds
verdicts to ``judgements.jsonl`` beside this script. ``agree`` prints for each figure the share of
the decided pairs in which it prefers the run that the eye prefers.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.stats import binomtest

from vidgan.images import save_image
from vidgan.video.layout import contact_sheet

Row = dict[str, Any]
JUDGEMENTS = Path(__file__).with_name("judgements.jsonl")
VERDICTS = ("left", "right", "equal")
# What is better, and the cost that a value stands for.
DIRECTIONS: dict[str, tuple[Callable[[float], float], str]] = {
    "lower": (lambda value: value, "amfd fvd kvd fid kid mmd"),
    "higher": (lambda value: -value, "precision recall density coverage diversity resemblance"),
    "nearer 1": (lambda value: abs(math.log(max(value, 1e-6))), "motion"),
}
FIGURES = {name: better for better, (_, names) in DIRECTIONS.items() for name in names.split()}
# Fields of a line that are no figures.
SETTINGS = {"video", "recipe", "seed", "cpu_minutes", "sharpen", "run", "steps", "error"}
CLIPS, SHOWN_FRAMES, SCALE, MARGIN = 8, 4, 2, 16


def read_lines(path: Path) -> list[Row]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def add_lines(path: Path, rows: Iterable[Row]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def picture(real: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Lay real clips out above those of two runs.

    Args:
        real: uint8 ``(CLIPS, frames, height, width, 3)``.
        left: of one run, likewise.
        right: of the other.

    Returns:
        uint8 ``(height, width, 3)``.
    """

    def beside(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        sheets = [contact_sheet(clips, SHOWN_FRAMES, SCALE) for clips in (one, other)]
        white = np.full((len(sheets[0]), MARGIN, 3), 255, np.uint8)
        return np.concatenate([sheets[0], white, sheets[1]], axis=1)

    above, below = beside(*np.split(real, 2)), beside(left, right)
    white = np.full((MARGIN, below.shape[1], 3), 255, np.uint8)
    return np.concatenate([above, white, below])


def drawn_pairs(rows: list[Row], known: set[frozenset[str]], n: int, seed: int) -> list[Row]:
    """Return pairs of runs on one video that are not known yet, each with its sides drawn."""
    random = np.random.default_rng(seed)
    couples = [
        (one, other)
        for one, other in combinations(rows, 2)
        if one["video"] == other["video"] and {one["run"], other["run"]} not in known
    ]
    pairs = []
    for index in random.permutation(len(couples))[:n]:
        left, right = (couples[index][side]["run"] for side in random.permutation(2))
        name = hashlib.sha256(f"{left} {right}".encode()).hexdigest()[:8]
        pairs.append(
            {"pair": name, "video": couples[index][0]["video"], "left": left, "right": right}
        )
    return pairs


def agreement(judgements: list[Row], runs: dict[tuple[str, str], Row]) -> dict[str, Counter[bool]]:
    """Return, for each figure, in how many decided pairs it prefers what the eye prefers, or not.

    Args:
        judgements: lines of ``judgements.jsonl``.
        runs: lines of results by name of the portfolio and of the run; others' are left out.
    """
    counts: dict[str, Counter[bool]] = {name: Counter() for name in FIGURES}
    for judgement in judgements:
        keys = [(judgement["portfolio"], judgement[side]) for side in ("left", "right")]
        if judgement["verdict"] == "equal" or not all(key in runs for key in keys):
            continue
        left, right = (runs[key] for key in keys)
        for name, better in FIGURES.items():
            if left.get(name) is None or right.get(name) is None:
                continue
            cost = DIRECTIONS[better][0]
            difference = cost(left[name]) - cost(right[name])
            if difference:
                counts[name][(difference < 0) == (judgement["verdict"] == "left")] += 1
    return {name: count for name, count in counts.items() if count}


@click.group(help=__doc__.split("\n\n")[0])
def main() -> None:
    """Group the commands."""


FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
FILE = click.option(
    "--judgements", type=click.Path(path_type=Path), default=JUDGEMENTS, help="File of verdicts."
)


@main.command()
@FOLDER
@click.option("--pairs", "n", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def draw(folder: Path, n: int, seed: int) -> None:
    """Draw pairs of runs of the portfolio in FOLDER and show each in a picture."""
    from portfolio import real_windows

    from vidgan.dataset.manifest import Manifest

    known = {frozenset((row["left"], row["right"])) for row in read_lines(folder / "pairs.jsonl")}
    # A run that was measured again has several lines.
    rows = {row["run"]: row for row in read_lines(folder / "results.jsonl")}
    pairs = drawn_pairs(list(rows.values()), known, n, seed)
    for pair in pairs:
        left, right = (
            np.load(folder / "samples" / f"{pair[side]}.npy", mmap_mode="r")[:CLIPS]
            for side in ("left", "right")
        )
        manifest = Manifest.load(folder / "data" / pair["video"])
        real = real_windows(manifest, left.shape[1], CLIPS)
        save_image(folder / "pairs" / f"{pair['pair']}.png", picture(real, left, right))
    add_lines(folder / "pairs.jsonl", pairs)
    click.echo(f"{len(pairs)} pictures in {folder / 'pairs'}")


@main.command()
@FOLDER
@click.argument("verdicts", nargs=-1, required=True, metavar="PAIR=VERDICT...")
@click.option("--by", default="eye", show_default=True, help="Who judged.")
@FILE
def judge(folder: Path, verdicts: tuple[str, ...], by: str, judgements: Path) -> None:
    """Add verdicts on pairs of FOLDER: left, right or equal."""
    pairs = {row["pair"]: row for row in read_lines(folder / "pairs.jsonl")}
    portfolio = folder.resolve().name
    rows = []
    for text in verdicts:
        name, _, verdict = text.partition("=")
        if name not in pairs or verdict not in VERDICTS:
            raise click.UsageError(f"{text!r}: give a pair and one of {', '.join(VERDICTS)}")
        rows.append({"portfolio": portfolio, **pairs[name], "verdict": verdict, "by": by})
    add_lines(judgements, rows)


@main.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@FILE
def agree(folders: tuple[Path, ...], judgements: Path) -> None:
    """Print how often each figure of the portfolios in FOLDERS agrees with the verdicts."""
    runs = {
        (folder.resolve().name, row["run"]): row
        for folder in folders
        for row in read_lines(folder / "results.jsonl")
    }
    # The last verdict on a pair counts.
    latest = {(row["pair"], row["by"]): row for row in read_lines(judgements)}
    counts = agreement(list(latest.values()), runs)
    click.echo("| figure | better | pairs | agrees | 95 % interval |\n|---|---|---|---|---|")
    for name, count in sorted(counts.items(), key=lambda item: -item[1][True] / item[1].total()):
        n = count.total()
        ends = binomtest(count[True], n).proportion_ci(method="wilson")
        share = f"{count[True] / n:.2f} | {ends.low:.2f}–{ends.high:.2f}"
        click.echo(f"| {name} | {FIGURES[name]} | {n} | {share} |")
    others = {name for row in runs.values() for name in row} - SETTINGS - set(FIGURES)
    if others:
        click.echo(f"Whether more is better is not known of: {', '.join(sorted(others))}")


if __name__ == "__main__":
    main()
