"""The description of the inputs of an exported generator."""

import math

from vidgan.latents import CATEGORICAL, LABEL, NORMAL, TIMES, UNIFORM, Latent
from vidgan.tasks.exported import ExportedInput
from vidgan.training.run import Run

_TEXTS = {
    NORMAL: "random, standard normal",
    CATEGORICAL: "random, one-hot: 1 at one place, else 0",
    UNIFORM: "random, uniform from -1 to 1",
}


def generator_inputs(run: Run) -> tuple[ExportedInput, ...]:
    """Return the inputs of a run's generator, in the order in which they are drawn."""
    inputs = run.latents()
    if all(each.kind != TIMES for each in inputs):
        return tuple(_describe(run, each) for each in inputs)
    # Inputs whose length follows from that of the clip, and by how much.
    longer = {each.name: each.shape for each in run.latents(3 * run.frames)}
    described = []
    for each in inputs:
        grown = longer[each.name]
        steps = "" if each.shape == grown else _steps(run, each, grown)
        described.append(_describe(run, each, steps))
    return tuple(described)


def _steps(run: Run, latent: Latent, longer: tuple[int, ...]) -> str:
    """Say how many steps an input has.

    Args:
        run: the run.
        latent: for clips of its length.
        longer: its shape for clips three times as long.
    """
    rate = (longer[0] - latent.shape[0]) / (2 * run.frames)
    rest = latent.shape[0] - math.floor(rate * run.frames)
    return f"at least {rest} + {rate:g} * frames steps"


def _describe(run: Run, latent: Latent, steps: str = "") -> ExportedInput:
    shape: tuple[int | str, ...] = latent.shape
    if latent.kind == TIMES:
        shape = ("frames",)
        text = "the time of each frame: 0, 1, 2 … at the frame rate of training"
    elif latent.kind == LABEL:
        labels = ", ".join(f"{index} {name}" for index, name in enumerate(run.model.labels))
        text = f"the number of a label: {labels}"
    else:
        text = _TEXTS[latent.kind]
    if steps and latent.kind != TIMES:
        shape, text = (f"{latent.name} steps", *latent.shape[1:]), f"{text}; {steps}"
    return ExportedInput(
        latent.name,
        shape,
        latent.shape,
        latent.kind,
        text,
        "int32" if latent.kind == LABEL else "float32",
        latent.classes or None,
    )
