"""What of a clip is chosen rather than drawn by its seed: a label, the value of a code."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vidgan.config import SWEEP_STEPS, ModelConfig
from vidgan.errors import OptionError
from vidgan.latents import Noise


@dataclass(frozen=True)
class Condition:
    """A value for one of a generator's inputs, or for one number of it.

    Attributes:
        input: the input's name.
        value: what each clip's row becomes, or the number at ``index``.
        text: how file names call it.
        index: of the number, None for the whole input.
    """

    input: str
    value: float | tuple[float, ...]
    text: str
    index: int | None = None

    def apply(self, noise: Noise) -> Noise:
        """Return the inputs with this value in all rows."""
        values = noise[self.input].copy()
        values[slice(None) if self.index is None else (slice(None), self.index)] = self.value
        return noise | {self.input: values}


def label(number: int, name: str) -> Condition:
    """Choose a label by its number; files are named by its name where that is plain."""
    return Condition("label", number, name if re.fullmatch(r"[\w.-]+", name) else f"label-{number}")


def parse_labels(
    label_names: str | Iterable[str] | None, model: ModelConfig
) -> tuple[Condition, ...]:
    """Find labels by their names.

    Args:
        label_names: a name, several joined by commas, or a list of names; None for none.
        model: knows the labels.

    Raises:
        OptionError: a name is unknown, or the model knows no labels.
    """
    if label_names is None:
        return ()
    if not model.conditional:
        raise OptionError(
            "--label takes a run that was trained with --conditional; this one knows no labels"
        )
    known = model.labels
    if isinstance(label_names, str):
        # A label may have a comma in it.
        whole = label_names in known
        names = [label_names] if whole else [name.strip() for name in label_names.split(",")]
    else:
        names = list(label_names)
    for name in names:
        if name not in known:
            raise OptionError(f"--label {name!r} is none of the run's: {', '.join(known)}")
    return tuple(label(known.index(name), name) for name in names)


def parse_sweep(text: str, model: ModelConfig) -> tuple[Condition, ...]:
    """Return the values that a sweep goes through.

    Args:
        text: ``category``: each value of the categorical code; ``codes:K``: the continuous code K,
            counted from 0, from -1 to 1; ``label``: each label.
        model: knows what codes there are.

    Raises:
        OptionError: the model has no such code.
    """
    able = []
    if model.categories:
        able.append("category")
    able += [f"codes:{index}" for index in range(model.codes or 0)]
    if model.conditional:
        able.append("label")
    if text not in able:
        has = f"it has {', '.join(able)}" if able else "it has none; train with --model infogan"
        raise OptionError(f"--sweep {text!r} is no code of this run's model: {has}")
    if text == "label":
        return tuple(label(number, name) for number, name in enumerate(model.labels))
    if text == "category":
        one_hot = np.eye(model.categories or 0).tolist()
        return tuple(
            Condition("category", tuple(row), f"category-{value}")
            for value, row in enumerate(one_hot)
        )
    index = int(text.partition(":")[2])
    return tuple(
        Condition("codes", float(value), f"code-{index}-{step}", index)
        for step, value in enumerate(np.linspace(-1, 1, SWEEP_STEPS))
    )


def in_turn(noises: Iterable[Noise], choices: Sequence[Condition]) -> Iterator[Noise]:
    """Give each clip's inputs the next of the choices, over and over; none leave them as they are.

    Args:
        noises: of one clip each.
        choices: such as labels.
    """
    if not choices:
        yield from noises
        return
    for noise, choice in zip(noises, itertools.cycle(choices), strict=False):
        yield choice.apply(noise)
