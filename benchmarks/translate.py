"""Does ``vidgan train --task translate`` find a known mapping between two drawn domains?

    python benchmarks/translate.py OUTPUT --cpu-minutes 6 --seed 0 --seed 1

Draws the two domains of ``drawn_domains.py`` (no two clips are a pair), trains one run per seed and
evaluates held-out clips. Time is CPU time over all cores: two idle cores need half of it. Existing
runs are only evaluated. Writes ``translate.md`` and ``translate.png`` to OUTPUT.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import drawn_domains as domains
import numpy as np
from moving_digits import write_lossless

import vidgan
from vidgan import pixels
from vidgan.images import save_image
from vidgan.tasks.load import load_generator
from vidgan.training.run import Run
from vidgan.video.layout import contact_sheet

HELD_OUT = 200
# Which domain is A and which is B, by direction: from, to and the way back.
WAYS = {"a2b": ("shapes", "colors", "b2a"), "b2a": ("colors", "shapes", "a2b")}


@dataclass(frozen=True)
class Result:
    """Results on the held-out clips of a direction.

    Attributes:
        recovered: fraction of translations that are right in every respect.
        meaning: fraction with the colour, or shape, that corresponds to the motion.
        motion: fraction that moves as the source does.
        error: mean absolute difference of a clip and its reconstruction, in levels.
        shuffled: the same for the reconstruction of another clip.
        rows: some clips, each with its translation and its reconstruction.
    """

    recovered: float
    meaning: float
    motion: float
    error: float
    shuffled: float
    rows: np.ndarray


def datasets(folder: Path, count: int) -> list[Path]:
    """Draw and preprocess both domains unless they exist."""
    made = [folder / f"{domain}-data" for domain in domains.DOMAINS]
    for domain, data in zip(domains.DOMAINS, made, strict=True):
        if data.exists():
            continue
        for number, (_, clip) in enumerate(domains.clips(domain, count, seed=0)):
            write_lossless(folder / domain / f"{number:04d}.mkv", clip)
        # Drawn clips need no cleaning.
        options: dict[str, Any] = {
            "size": (domains.SIDE, domains.SIDE),
            "clean": False,
            "shots": "none",
        }
        vidgan.preprocess(folder / domain, output=data, lossless=True, **options)
    return made


def train(data: Sequence[Path], run: Path, minutes: float, seed: int) -> Run:
    """Train a run unless it exists."""
    if not run.exists():
        vidgan.train(
            *data,
            task="translate",
            output=run,
            frames=domains.FRAMES,
            mirror=False,  # A flip would change the direction.
            minutes=minutes,
            seed=seed,
            progress=True,
            clock=time.process_time,
        )
    return Run.open(run)


def examine(run: Run, way: str) -> Result:
    """Translate held-out clips and evaluate the results."""
    source, target, back = WAYS[way]
    networks = load_generator(run)

    def translated(clips: np.ndarray, way: str) -> np.ndarray:
        batches = np.array_split(pixels.to_model(clips), max(1, len(clips) // 20))
        network = networks.get_layer(way)
        return np.concatenate([pixels.to_uint8(network(batch).numpy()) for batch in batches])

    kinds, clips = map(np.array, zip(*domains.clips(source, HELD_OUT, seed=1), strict=True))
    there = translated(clips, way)
    again = translated(there, back)
    looks = [domains.look(clip) for clip in there]
    meanings = [look.color if target == "colors" else look.shape for look in looks]
    checked = zip(clips, there, kinds, strict=True)
    # The same number of clips per kind in the picture.
    shown = [index for kind in range(3) for index in np.flatnonzero(kinds == kind)[:1]]
    return Result(
        recovered=float(np.mean([domains.recovered(*each, target) for each in checked])),
        meaning=float(np.mean(meanings == kinds)),
        motion=float(np.mean([look.direction for look in looks] == kinds)),
        error=float(np.abs(clips.astype(int) - again).mean()),
        shuffled=float(np.abs(clips.astype(int) - np.roll(again, 1, axis=0)).mean()),
        rows=np.stack([clip[index] for index in shown for clip in (clips, there, again)]),
    )


def line(run: Run, way: str, result: Result) -> str:
    state = run.state()
    cells = [
        str(run.train.seed),
        f"{WAYS[way][0]} → {WAYS[way][1]}",
        f"{state['seconds'] / 60:.1f}",
        str(state["step"]),
        *(f"{share:.1%}" for share in (result.recovered, result.meaning, result.motion)),
        f"{result.error:.2f}",
        f"{result.shuffled:.2f}",
        f"{result.error / result.shuffled:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| seed | from → to | CPU minutes | steps | recovered | meaning | motion | error | shuffled | ratio |
|---|---|---|---|---|---|---|---|---|---|
"""


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--cpu-minutes", type=click.FloatRange(0, min_open=True), default=6, show_default=True
)
@click.option("--seed", "seeds", type=click.IntRange(0), multiple=True, default=[0])
@click.option(
    "--clips", type=click.IntRange(20), default=400, show_default=True, help="Clips per domain."
)
def main(output: Path, cpu_minutes: float, seeds: tuple[int, ...], clips: int) -> None:
    data = datasets(output, clips)
    lines, rows = [], []
    for seed in seeds:
        run = train(data, output / f"run-{seed}", cpu_minutes, seed)
        for way in WAYS:
            result = examine(run, way)
            lines.append(line(run, way, result))
            rows.append(result.rows)
    table = HEADER + "\n".join(lines) + "\n"
    (output / "translate.md").write_text(table, "utf-8")
    save_image(output / "translate.png", contact_sheet(np.concatenate(rows), scale=2))
    click.echo(table)


if __name__ == "__main__":
    main()
