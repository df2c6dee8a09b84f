"""Compare training steps on two replicas, half of the batch each, with steps on one.

    python benchmarks/two_replicas.py [--only NAME] [--rounds 10] [--output two_replicas.md]

For every model and task both take the same steps, from the same weights: one without and one with
the adversarial loss, if they differ. The replicas are two logical devices of the CPU. The table has
the largest difference of a logged loss, relative to it; that of Adam's first moments (a fraction of
the gradients), relative to the largest value of the same weight; and, with ``--rounds``, the
duration of a step relative to one replica, the median of steps that take turns. The exit status is
1 if a difference is above 1e-3, with float16 2e-2: rounding is less.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from vidgan import runtime

runtime.prepare()

import tensorflow as tf  # noqa: E402
from portfolio_videos import KINDS, write  # noqa: E402

import vidgan  # noqa: E402
from vidgan import config as configs  # noqa: E402
from vidgan import tasks  # noqa: E402
from vidgan.config import DEFAULT_TASK, MODELS, TrainingOptions  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.jobs.train import run_config  # noqa: E402
from vidgan.training.distribution import Distribution, open_distribution  # noqa: E402

TOLERANCE, HALF_TOLERANCE = 1e-3, 2e-2
# Sizes of frames: of most cases, of cascades, and the default.
SMALL, LARGE, USUAL = (32, 32), (112, 96), (64, 64)
# Narrow networks: what is compared does not depend on their width.
NARROW: dict[str, Any] = {"frames": 8, "batch_size": 4, "g_channels": 8, "metrics": "none"}
GAN = {**NARROW, "d_channels": 8}
ALONE = {**GAN, "reconstruction": 0.0}
RESTORING = {"batch_size": 4, "frames": 8, "g_channels": 8, "adversarial": 0.01, "temporal": 0.1}
# Task, options, and the size of the frames.
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    **{f"{model}, alone": (DEFAULT_TASK, {**ALONE, "model": model}, SMALL) for model in MODELS},
    "reconstruction, labels": (DEFAULT_TASK, {**GAN, "conditional": True}, SMALL),
    "reconstruction, mocogan": (
        DEFAULT_TASK,
        {**GAN, "model": "mocogan", "reconstruction": 1.0},
        SMALL,
    ),
    **{
        f"default, {batch} clips": (DEFAULT_TASK, {"batch_size": batch, "metrics": "none"}, USUAL)
        for batch in (4, 16)
    },
    "cascade": (DEFAULT_TASK, GAN, LARGE),
    "unrolled, ADA": (DEFAULT_TASK, {**ALONE, "unroll": 2, "ada": 0.6}, SMALL),
    "generator every second step": (
        DEFAULT_TASK,
        {**ALONE, "g_every": 2, "penalty_every": 1, "instance_noise": 0.1},
        SMALL,
    ),
    "discriminator every second step": (DEFAULT_TASK, {**ALONE, "d_every": 2}, SMALL),
    "relativistic, muon": (
        DEFAULT_TASK,
        {**ALONE, "loss": "relativistic", "optimizer": "muon", "r2": 1.0, "adaptive": True},
        SMALL,
    ),
    "gradient penalty": (
        DEFAULT_TASK,
        {**ALONE, "loss": "wasserstein", "gradient_penalty": 10.0, "penalty_every": 1},
        SMALL,
    ),
    "float16": (DEFAULT_TASK, {**ALONE, "precision": "mixed_float16"}, SMALL),
    "enhance": ("enhance", {**RESTORING, "perceptual": 0.1, "crop": 32}, LARGE),
    "inpaint": ("inpaint", {**RESTORING, "crop": 32}, LARGE),
    "interpolate": ("interpolate", {**RESTORING, "crop": 32}, LARGE),
    "colorize": ("colorize", {**RESTORING, "crop": 32}, LARGE),
    "translate": ("translate", {"batch_size": 2, "frames": 8, "g_channels": 8, "crop": 32}, SMALL),
}


def make_datasets(folder: Path) -> dict[tuple[int, int], Path]:
    """Draw videos of two labels, and return a dataset of each size."""
    for label, kind in (("first", "digits"), ("second", "puppets")):
        (folder / label).mkdir()
        write(folder / label / "video.mp4", KINDS[kind].draw(320, 160, 120), 25)
    made = {size: folder / f"data-{size[0]}" for size in (SMALL, LARGE, USUAL)}
    for size, path in made.items():
        inputs = [folder / "first", folder / "second"]
        vidgan.preprocess(inputs, path, size=size, labels=True, clean=False)
    return made


class Trainer:
    """A model on some devices, and its data.

    Args:
        task: name of the task.
        options: of the training.
        dataset: its folder.
        distribution: the devices.
    """

    def __init__(
        self, task: str, options: dict[str, Any], dataset: Path, distribution: Distribution
    ) -> None:
        found, count = tasks.find_task(task), configs.TASK_OPTIONS[task].datasets
        manifests, self.distribution = [Manifest.load(dataset)] * count, distribution
        requested = TrainingOptions.parse(task, {**options, "steps": 100})
        run = run_config.new_run([dataset] * count, manifests, Path(), requested)
        with distribution.scope():
            self.gan = found.build(run)
        data = distribution.batches(lambda part: found.data(run, manifests, 0, part))
        self.batches: Iterator[Any] = iter(data)
        self.traced: dict[Any, Any] = {}

    def step(self, budget_used: float) -> dict[str, float]:
        """Take a step and return its logs."""
        self.gan.budget_used.assign(budget_used)
        step = self.gan.step_at(budget_used)
        if step not in self.traced:
            self.traced[step] = self.distribution.trace(step)
        logs = self.traced[step](next(self.batches))
        return {name: float(value) for name, value in logs.items()}

    def copy(self, other: "Trainer") -> None:
        """Take over all variables of another trainer."""
        for own, theirs in zip(self._variables(), other._variables(), strict=True):
            own.assign(theirs.numpy())

    def _variables(self) -> list[Any]:
        found = list(self.gan.variables)
        for part in self.gan.parts():
            found += [*part.g_optimizer.variables, *part.d_optimizer.variables]
        return found

    def moments(self) -> list[np.ndarray]:
        """Return Adam's first moments of all weights."""
        found = []
        for part in self.gan.parts():
            for optimizer in (part.g_optimizer, part.d_optimizer):
                inner = getattr(optimizer, "inner_optimizer", optimizer)
                found += [moment.numpy() for moment in inner._momentums]
        return found


def differences(one: Trainer, two: Trainer) -> tuple[float, float]:
    """Return the largest relative differences of losses and of moments after the steps.

    Each step starts from the same weights: Adam makes much of what rounding left of the last one.
    """
    losses = 0.0
    for used in (0.0, 0.9):
        two.copy(one)
        pair = one.step(used), two.step(used)
        for name in (each for each in pair[0] if each.endswith("loss")):
            first, second = (logs[name] for logs in pair)
            losses = max(losses, abs(first - second) / (abs(first) + 1e-6))
    moments = 0.0
    for own, theirs in zip(one.moments(), two.moments(), strict=True):
        largest = np.abs(own).max(initial=0.0)
        if largest > 1e-9:  # Others have a gradient of zero, but for rounding.
            moments = max(moments, float(np.abs(own - theirs).max() / largest))
    return losses, moments


def relative_duration(one: Trainer, two: Trainer, rounds: int) -> float:
    """Return the median duration of a step of ``two`` relative to the steps of ``one`` beside."""
    ratios = []
    for _ in range(rounds):
        times = []
        for trainer in (one, two):
            start = time.perf_counter()
            trainer.step(0.9)
            times.append(time.perf_counter() - start)
        ratios.append(times[1] / times[0])
    return statistics.median(ratios)


@click.command(help="Compare training steps on two replicas with steps on one.")
@click.option("--only", multiple=True, type=click.Choice(list(CASES)), help="Of all cases, these.")
@click.option("--rounds", type=int, default=0, help="Steps that are timed.")
@click.option("--output", type=click.Path(path_type=Path), help="Also write the table there.")
def main(only: Sequence[str], rounds: int, output: Path | None) -> None:
    """Run; see the top of the file."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    head = ["case", "losses", "moments", *(["duration"] if rounds else [])]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    print("\n".join(lines), flush=True)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, tf.device("/CPU:0"):
        datasets = make_datasets(Path(folder))
        # One strategy for all cases: two would give their messages the same keys.
        distributions = Distribution(None, "/CPU:0"), open_distribution("cpu")
        for name in only or CASES:
            task, options, size = CASES[name]
            one, two = (
                Trainer(task, options, datasets[size], distribution)
                for distribution in distributions
            )
            found = differences(one, two)
            tolerance = HALF_TOLERANCE if "precision" in options else TOLERANCE
            worst = max(worst, *(value / tolerance for value in found))
            cells = [name, *(f"{value:.1e}" for value in found)]
            if rounds:
                cells.append(f"{relative_duration(one, two, rounds):.2f}")
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    if output is not None:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if worst > 1:
        sys.exit("a difference is more than rounding")


if __name__ == "__main__":
    main()
