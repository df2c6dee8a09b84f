"""Compare recipes after the same training time: vidgan's models and losses, and baselines.

    python benchmarks/quality.py pairs-data --no-mirror --recipe dcgan --recipe textbook
    python benchmarks/quality.py pairs-data --no-mirror --recipe "dcgan loss=hinge g_lr=0.0004"

Trains each recipe with each seed and appends a line per training to ``results.jsonl`` in the output
folder, with a contact sheet. Existing results are not trained again, so a comparison can be
interrupted and extended. Prints a table of all results of the dataset; ``scores.py`` defines its
columns.

``--minutes`` are wall time; on a machine with other load use ``--cpu-minutes``: CPU time over the
number of cores. Building the graph counts, writing snapshots and generating does not. Several
values, as in ``--minutes 5,10,30``, are evaluated in one training.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from baselines import CLIP, Budget, Trained, textbook  # noqa: E402
from mocogan_paper import mocogan  # noqa: E402
from scores import REAL, Reference, Results, Row, embed, table  # noqa: E402

import vidgan  # noqa: E402
from vidgan.config import MODELS, TrainConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.errors import TrainingError, VidganError  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.losses import LOSSES  # noqa: E402
from vidgan.models import flops  # noqa: E402
from vidgan.tasks.synthesis import build_gan  # noqa: E402
from vidgan.training import health_rules  # noqa: E402
from vidgan.training.run import Run  # noqa: E402
from vidgan.video.layout import contact_sheet  # noqa: E402

Options = dict[str, Any]
Trainer = Callable[..., Iterator[Trained]]
# Options that depend on the budget: a longer training does not begin like a shorter one.
BUDGETED = frozenset({"schedule", "warmup", "instance_noise"})


def train_vidgan(
    manifest: Manifest,
    budgets: Sequence[Budget],
    seed: int,
    samples: int,
    folder: Path,
    frames: int,
    **options: Any,
) -> Iterator[Trained]:
    """Train as ``vidgan train`` does in a run folder, and resume it for each further budget."""
    shutil.rmtree(folder, ignore_errors=True)  # Left by an interrupted comparison.
    first = {"output": folder, "seed": seed, "frames": frames, "keep": 1, **options}
    for budget in budgets:
        vidgan.train(
            manifest.path,
            progress=True,
            clock=budget.clock,
            minutes=budget.minutes,
            steps=budget.steps,
            **({"resume": folder} if folder.exists() else first),
        )
        run = Run.open(folder)
        state, batch = run.state(), run.train.batch_size
        assert batch is not None, "training sets it"
        data = tf.TensorSpec((batch, frames, manifest.height, manifest.width, 3))
        if run.model.conditional:
            data = data, tf.TensorSpec((batch,), tf.int32)
        events = (
            health_rules.read_events(folder / health_rules.HEALTH_NAME) if run.train.health else []
        )
        yield Trained(
            clips=vidgan.load(folder).generate(n=samples),
            steps=state["step"],
            seconds=state["seconds"],
            step_flops=flops.count_flops(build_gan(run).train_step, data),
            batch=batch,
            health=tuple(event.rule for event in health_rules.unresolved(events)),
        )


# Options for the losses; wasserstein with as many generator as critic steps (arXiv 1710.10196).
WITH_LOSS: dict[str, Options] = {
    "hinge": {"spectral_norm": "discriminator", "r1": 0},
    "wasserstein": {
        "r1": 0,
        "gradient_penalty": 10,
        "penalty_every": 1,
        "g_lr": 5e-4,
        "d_lr": 5e-4,
        "beta_1": 0,
    },
    "relativistic": {"r2": 5},
    "saturating": {"g_lr": 2e-4, "d_lr": 1e-4, "r1": 5},
}
# Training function and options by name.
RECIPES: dict[str, tuple[Trainer, Options]] = {
    "textbook": (textbook, {}),
    "mocogan-paper": (mocogan, {}),
    "mocogan-small-batch": (mocogan, {"batch": 3, "images": 10}),
    **{model: (train_vidgan, {"model": model}) for model in MODELS},
    **{
        f"dcgan-{loss}": (train_vidgan, {"model": "dcgan", "loss": loss, **WITH_LOSS.get(loss, {})})
        for loss in LOSSES
        if loss != TrainConfig.loss
    },
}


def parse_value(text: str) -> object:
    """Parse a number or Boolean, or return the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def parse_recipe(text: str) -> tuple[Trainer, Options]:
    """Parse a name of ``RECIPES`` and changes, as in ``dcgan loss=hinge``."""
    name, *changes = text.split() or [""]
    if name not in RECIPES or not all("=" in change for change in changes):
        raise click.BadParameter(
            f"{text!r} is not a name with changes such as 'dcgan loss=hinge'; names are "
            f"{', '.join(RECIPES)}"
        )
    trainer, options = RECIPES[name]
    pairs = (change.split("=", 1) for change in changes)
    return trainer, options | {name: parse_value(value) for name, value in pairs}


def result(trained: Trained, reference: Reference) -> Row:
    return {
        **reference.measure(*embed(trained.clips)),
        "steps": trained.steps,
        "seconds": trained.seconds,
        "clips_per_second": trained.steps * trained.batch / trained.seconds,
        "gflops": trained.step_flops / trained.batch / 1e9,
        "health": list(trained.health),
    }


def numbers(context: Any, parameter: Any, text: str | None) -> list[int]:
    """Parse an ascending list of positive numbers; seeds may be 0."""
    try:
        found = [int(part) for part in (text or "").split(",") if text]
    except ValueError:
        found = [-1]
    if found != sorted(set(found)) or any(n < (parameter.name != "seeds") for n in found):
        raise click.BadParameter(f"{text!r} is no list of numbers such as 1,2,5")
    return found


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("dataset", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    default=("dcgan", "textbook", "mocogan-paper"),
    show_default=True,
    help=f"A name, and changes: 'dcgan loss=hinge'.  Names: {', '.join(RECIPES)}.",
)
@click.option("--seeds", default="0", show_default=True, callback=numbers, help="As in 0,1,2.")
@click.option("--minutes", callback=numbers, help="Wall time, as in 5,10,30; default 10.")
@click.option(
    "--cpu-minutes",
    callback=numbers,
    help="CPU time over the number of cores, instead of --minutes; not with a GPU.",
)
@click.option("--steps", type=click.IntRange(1), help="Maximum number of steps.")
@click.option("--frames", type=click.IntRange(8), default=16, show_default=True, help="A clip's.")
@click.option("--mirror/--no-mirror", default=True, help="Flip half of the training clips.")
@click.option("--samples", type=click.IntRange(2), default=256, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default="quality", show_default=True)
def main(
    dataset: Path,
    recipes: tuple[str, ...],
    seeds: list[int],
    minutes: list[int],
    cpu_minutes: list[int],
    steps: int | None,
    frames: int,
    mirror: bool,
    samples: int,
    output: Path,
) -> None:
    if minutes and cpu_minutes:
        raise click.UsageError("--minutes and --cpu-minutes: give one of them")
    cores = len(os.sched_getaffinity(0))
    clock = (lambda: time.process_time() / cores) if cpu_minutes else time.perf_counter
    budgets = [Budget(m, steps, clock) for m in cpu_minutes or minutes or [10]]
    if steps and len(budgets) > 1:
        raise click.UsageError("--steps and several --minutes do not go together")
    spent = [f"{budget.minutes:g} {'CPU-' if cpu_minutes else ''}min" for budget in budgets]
    if steps:
        spent = [f"{text}, at most {steps} steps" for text in spent]
    parsed = [(text, *parse_recipe(text)) for text in recipes]
    for text, _, options in parsed:
        if len(budgets) > 1 and BUDGETED & options.keys():
            raise click.UsageError(f"{text!r} follows the budget; give one number of minutes")
    results = Results(output / "results.jsonl")
    try:
        manifest = Manifest.load(dataset)
        size = (frames, manifest.height, manifest.width)
        others = [text for text, trainer, _ in parsed if trainer is not train_vidgan]
        if others and size != CLIP:
            raise click.UsageError(f"{others[0]!r} is for clips of {CLIP}, these are of {size}")
        name = dataset.resolve().name
        common: dict[str, Any] = {"dataset": name, "samples": samples}
        reference = Reference(manifest, frames, samples)
        floor: dict[str, Any] = {
            "recipe": REAL,
            "options": {},
            "budget": "",
            "seed": None,
            **common,
        }
        if not results.has(floor):
            results.add({**floor, **reference.floor()})
        for (text, trainer, options), seed in product(parsed, seeds):
            options = {**options, "mirror": mirror}
            key: dict[str, Any] = {"recipe": text, "options": options, "seed": seed, **common}
            keys = [key | {"budget": text} for text in spent]
            if all(map(results.has, keys)):
                continue
            stem = re.sub(r"[^\w.=-]+", "_", f"{name} {text} seed {seed}")
            click.echo(stem, err=True)
            if trainer is train_vidgan:
                options = {
                    **options,
                    "folder": output / "runs" / stem,
                    "frames": frames,
                }
            try:
                trainings = trainer(manifest, budgets, seed, samples, **options)
                for key, trained in zip(keys, trainings, strict=True):
                    if results.has(key):
                        continue
                    results.add({**key, **result(trained, reference)})
                    sheet = contact_sheet(trained.clips[:10], frames=8, scale=2)
                    save_image(output / f"{stem} {key['budget']}.png".replace(" ", "_"), sheet)
            except TrainingError as error:
                for key in keys:
                    if not results.has(key):
                        results.add({**key, "error": str(error)})
            finally:
                keras.backend.clear_session()
    except VidganError as error:
        raise click.ClickException(str(error)) from None
    click.echo(table([row for row in results.rows if row["dataset"] == name]))


if __name__ == "__main__":
    main()
