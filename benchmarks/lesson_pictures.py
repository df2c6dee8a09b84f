"""Pictures of ``docs/learn``: run the commands of those pages, in order, and draw their results.

    python benchmarks/lesson_pictures.py [--folder lesson] [--steps 1] [--draw-only]

FOLDER is the place where a reader would type the commands; ``--draw-only`` takes what they left
there. ``--steps 0.01`` trains a hundredth of the steps, to try the script. Trainings that are meant
to fail may end with an error.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path

from vidgan import runtime

runtime.prepare()

import click  # noqa: E402
import matplotlib as mpl  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from damages import blur  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import vidgan  # noqa: E402
from vidgan.cli import main as command_line  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import labelled_clips  # noqa: E402
from vidgan.errors import VidganError  # noqa: E402
from vidgan.images import decode, save_image  # noqa: E402
from vidgan.losses import LOSSES  # noqa: E402
from vidgan.metrics.features import FEATURES  # noqa: E402
from vidgan.metrics.frechet import frechet_distance  # noqa: E402
from vidgan.metrics.memorisation import Nearest, pixel_vectors  # noqa: E402
from vidgan.metrics.moments import Moments  # noqa: E402
from vidgan.training.curves import ADVERSARIAL_PANELS, Panel, draw_panel  # noqa: E402
from vidgan.training.health_rules import HEALTH_NAME, read_events  # noqa: E402
from vidgan.training.log_file import LOG_NAME, read_log  # noqa: E402
from vidgan.video.layout import contact_sheet  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("index", "game", "latents", "networks", "losses", "steps", "failures", "evaluation")
PICTURES = ROOT / "docs" / "images" / "learn"
FRAMES, STRIDE = 8, 2
PANELS = {column: panel for panel in ADVERSARIAL_PANELS for column in panel.curves}
LOSS, ACCURACY, R1, NORMS = (PANELS[name] for name in ("d_loss", "d_acc_real", "r1", "g_norm"))


def commands(pages: Path = ROOT / "docs" / "learn") -> Iterator[list[str]]:
    """Yield the commands of the pages, each split into words."""
    for page in PAGES:
        text = (pages / f"{page}.rst").read_text(encoding="utf-8")
        for line in re.findall(r"^ +\$ ((?:vidgan|python) .+)$", text, re.MULTILINE):
            yield shlex.split(line, comments=True)


def run(command: list[str], share: float) -> None:
    """Run a command in the current folder, with this share of the steps."""
    program, *arguments = command
    if "--steps" in arguments:
        place = arguments.index("--steps") + 1
        arguments[place] = str(max(2, round(share * int(arguments[place]))))
    print("$", shlex.join([program, *arguments]), flush=True)
    if program == "python":
        subprocess.run([sys.executable, str(ROOT / arguments[0]), *arguments[1:]], check=True)
        return
    try:
        command_line.main(arguments, standalone_mode=False)
    except (VidganError, click.ClickException, SystemExit) as error:
        print(error)


def clips_of(dataset: str, split: str, step: int | None = None) -> np.ndarray:
    """Return clips of a split, uint8 ``(n, frames, height, width, 3)``; ``step`` frames apart."""
    manifest = Manifest.load(Path(dataset))
    return np.stack(
        [clip for clip, _ in labelled_clips(manifest, split, FRAMES, STRIDE, step=step)]
    )


def spread(clips: np.ndarray, count: int) -> np.ndarray:
    """Return this many clips, evenly from the first to the last."""
    chosen: np.ndarray = clips[np.linspace(0, len(clips) - 1, count).astype(int)]
    return chosen


def sheet(axes: Axes, clips: np.ndarray, title: str) -> None:
    """Show clips, one a row."""
    axes.imshow(contact_sheet(clips, scale=2), interpolation="nearest")
    axes.set_title(title, loc="left")
    axes.set_axis_off()


def snapshots(run: Path) -> list[tuple[int, np.ndarray]]:
    """Return the steps of a run's snapshots, and the first two rows of their contact sheets."""
    found = []
    for path in sorted(run.glob("samples/step-*.png")):
        image = decode(path.read_bytes(), path)
        assert image is not None, path
        found.append((int(path.stem.split("-")[1]), image[: 2 + 2 * 130]))
    return found


def game() -> Figure:
    """Show samples of the first, a middle and the last snapshot."""
    shots = snapshots(Path("game"))
    chosen = [shots[i] for i in sorted({0, len(shots) // 3, len(shots) - 1})]
    figure = Figure(figsize=(7, 1.95 * (1 + len(chosen))), layout="constrained")
    first, *others = figure.subplots(1 + len(chosen), 1)
    sheet(first, spread(clips_of("small", "train"), 2), "training clips")
    for axes, (step, image) in zip(others, chosen, strict=True):
        axes.imshow(image, interpolation="nearest")
        axes.set_title(f"generated, step {step}", loc="left")
        axes.set_axis_off()
    return figure


def curves(name: str, panels: Sequence[Panel]) -> Figure:
    """Draw curves of a run."""
    figure = Figure(figsize=(7, 1.9 * len(panels)), layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    draw_curves(list(all_axes), name, panels)
    return figure


def draw_curves(all_axes: Sequence[Axes], name: str, panels: Sequence[Panel]) -> None:
    """Draw curves of a run, with a line where a health rule detected a problem."""
    rows = read_log(Path(name) / LOG_NAME)
    events = Path(name) / HEALTH_NAME
    steps = {event.step for event in read_events(events)} if events.exists() else set()
    for axes, panel in zip(all_axes, panels, strict=True):
        draw_panel(axes, panel, rows)
        for step in steps:
            axes.axvline(step, color="crimson", linewidth=1, linestyle=":")
    all_axes[-1].set_xlabel("step")


def failure(name: str, panels: Sequence[Panel]) -> Figure:
    """Show the last samples of a run beside its curves."""
    figure = Figure(figsize=(9, 1.9 * len(panels)), layout="constrained")
    grid = figure.add_gridspec(len(panels), 2, width_ratios=(1, 1.4))
    path = max((Path(name) / "samples").glob("step-*.png"))
    image = decode(path.read_bytes(), path)
    assert image is not None
    axes = figure.add_subplot(grid[:, 0])
    # Five clips of the eight, every other frame of them.
    columns = np.r_[tuple(np.arange(2 + 260 * i, 2 + 260 * i + 130) for i in range(4))]
    axes.imshow(image[: 2 + 4 * 130, columns], interpolation="nearest")
    axes.set_title(f"generated, step {int(path.stem.split('-')[1])}", loc="left")
    axes.set_axis_off()
    first = figure.add_subplot(grid[0, 1])
    others = [figure.add_subplot(grid[i, 1], sharex=first) for i in range(1, len(panels))]
    draw_curves([first, *others], name, panels)
    return figure


def losses() -> Figure:
    """Draw the generator's losses over the logit of a generated clip, and their derivatives."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    logits = tf.linspace(-6.0, 6.0, 241)
    names = {
        "saturating": "saturating (minimax)",
        "non-saturating": "non-saturating",
        "least-squares": "least squares",
        "hinge": "hinge, Wasserstein",
    }
    for style, (name, label) in zip(("-", "--", "-.", ":"), names.items(), strict=True):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            values = LOSSES[name].generator(tf.zeros_like(logits), logits)
        strength = tf.abs(tape.gradient(values, logits))
        left.plot(logits, values, style, label=label)
        right.plot(logits, strength, style, label=label)
    left.set(ylabel="generator's loss", xlabel="logit of a generated clip", ylim=(-6, 8))
    right.set(ylabel="size of its derivative", xlabel="logit of a generated clip", ylim=(-0.05, 2))
    for axes in (left, right):
        axes.axvline(0, color="grey", linewidth=0.8)
        axes.grid(alpha=0.3)
    left.legend(frameon=False, fontsize="small")
    return figure


def slices() -> Figure:
    """Show clips and their x-t slices: one row of pixels over time, downwards."""
    real = spread(clips_of("small", "test"), FRAMES)
    mixed = np.stack([real[i, i] for i in range(FRAMES)])
    rows = {
        "real clip": real[0],
        "generated clip": vidgan.load("good").generate(seeds=[0])[0],
        "frames of eight real clips": mixed,
    }
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots(len(rows), 2, width_ratios=(4, 1))
    for (name, clip), (left, right) in zip(rows.items(), axes, strict=True):
        sheet(left, clip[None], name)
        middle = clip.shape[1] // 2
        right.imshow(clip[:, middle].repeat(3, axis=0), interpolation="nearest")
        right.set(xticks=[], yticks=[], xlabel="x", ylabel="t")
    return figure


def neighbours() -> Figure:
    """Show generated clips, each above the nearest training clip."""
    fake = vidgan.load("good").generate(seeds=range(4))
    real = clips_of("small", "train", step=2)
    nearest = Nearest(pixel_vectors(fake))
    nearest.add(pixel_vectors(real))
    figure = Figure(figsize=(9, 2.9), layout="constrained")
    for i, axes in enumerate(figure.subplots(2, 2).flat):
        sheet(axes, np.stack([fake[i], real[nearest.indices[i]]]), f"seed {i}, nearest below")
    return figure


def changed_clips(learned: np.ndarray) -> dict[str, np.ndarray]:
    """Return sets of clips, as many each: of training clips, generated, and changed ones."""
    random, count = np.random.default_rng(0), len(learned)
    return {
        "other real clips": learned,
        "generated": vidgan.load("good").generate(seeds=range(count)),
        "blurred": blur(learned, 0.7),
        "frames shuffled": learned[:, random.permutation(FRAMES)],
        "a tenth of the clips": learned[random.integers(0, max(1, count // 10), count)],
    }


def distances_by_count(vectors: np.ndarray) -> dict[int, float]:
    """Return the median distance of two random halves of so many vectors, by that number."""
    random, found = np.random.default_rng(0), {}
    for size in (8, 16, 32, 64, 128):
        if 2 * size > len(vectors):
            break
        splits = [random.permutation(vectors)[: 2 * size].reshape(2, size, -1) for _ in range(5)]
        apart = [frechet_distance(Moments.of(a), Moments.of(b)) for a, b in splits]
        found[size] = float(np.median(apart))
    return found


def traps() -> Figure:
    """Draw distances of changed clips to test clips, and of real clips by their number."""
    embed = FEATURES["appearance-motion"].load()
    test, train = embed(clips_of("small", "test")), clips_of("small", "train")
    vectors = {
        name: embed(clips) for name, clips in changed_clips(spread(train, len(test))).items()
    }
    target = Moments.of(test)
    found = {name: frechet_distance(target, Moments.of(each)) for name, each in vectors.items()}
    ratios = {name: value / found["other real clips"] for name, value in found.items()}
    by_count = distances_by_count(embed(train))
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    bars = left.barh(list(ratios), list(ratios.values()), color="tab:blue")
    left.bar_label(bars, fmt="%.1f", padding=3)
    left.invert_yaxis()
    left.set(xlabel="distance to test clips, floor = 1", xlim=(0, 1.2 * max(ratios.values())))
    right.plot(list(by_count), list(by_count.values()), "o-")
    right.set(xlabel="clips on each side", ylabel="distance, real to real", xscale="log")
    right.set_ylim(bottom=0)
    right.set_xticks(list(by_count), [str(each) for each in by_count])
    right.minorticks_off()
    right.grid(alpha=0.3)
    return figure


def copied(name: str) -> Callable[[], np.ndarray]:
    """Return a function that reads an image that a command wrote, at half its size."""

    def read() -> np.ndarray:
        image = decode(Path(name).read_bytes(), name)
        assert image is not None
        return np.ascontiguousarray(image[::2, ::2])

    return read


FIGURES: dict[str, Callable[[], Figure]] = {
    "game_samples": game,
    "game_curves": lambda: curves("game", (LOSS, ACCURACY)),
    "losses": losses,
    "slices": slices,
    "collapse": lambda: failure("collapse", (LOSS, ACCURACY)),
    "vanishing": lambda: failure("vanishing", (LOSS, ACCURACY, NORMS)),
    "neighbours": neighbours,
    "traps": traps,
}
SHEETS = {"seeds": copied("seeds.png"), "walk": copied("walk.png")}


def draw(output: Path, only: Sequence[str]) -> None:
    """Draw the pictures from what is in the current folder."""
    wanted = [name for name in (*FIGURES, *SHEETS) if not only or name in only]
    for name in wanted:
        path = output / f"{name}.png"
        if name in SHEETS:
            save_image(path, SHEETS[name]())
        else:
            FIGURES[name]().savefig(path, dpi=90)
        print(path, path.stat().st_size, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("lesson"))
    parser.add_argument("--output", type=Path, default=PICTURES)
    parser.add_argument("--steps", type=float, default=1.0, help="share of the steps to train")
    parser.add_argument("--draw-only", action="store_true")
    parser.add_argument("--only", nargs="*", default=(), choices=(*FIGURES, *SHEETS))
    args = parser.parse_args(arguments)
    args.output.mkdir(parents=True, exist_ok=True)
    args.folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams["axes.titlesize"] = "medium"
    output = args.output.resolve()
    with chdir(args.folder):
        if not args.draw_only:
            for command in commands():
                run(command, args.steps)
        draw(output, args.only)


if __name__ == "__main__":
    main()
