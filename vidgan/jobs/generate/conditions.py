"""Generator inputs that are set by the user instead of drawn from the seed: labels and codes."""

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
    """A fixed value of one generator input, or of one element of it.

    Attributes:
        input: name of the generator input.
        value: the value of the whole input, or of its element ``index``.
        text: used in file names.
        index: of the element; None for the whole input.
    """

    input: str
    value: float | tuple[float, ...]
    text: str
    index: int | None = None

    @property
    def caption(self) -> str:
        """The text under a clip."""
        if self.index is None:
            return self.text.replace("-", " ")
        return f"code {self.index}: {self.value:+.2f}"

    def apply(self, noise: Noise) -> Noise:
        """Return the inputs with this value set for every clip."""
        values = noise[self.input].copy()
        values[slice(None) if self.index is None else (slice(None), self.index)] = self.value
        return noise | {self.input: values}


def label(number: int, name: str) -> Condition:
    """Return the condition for a label; its text is the name where that is safe in a file name."""
    return Condition("label", number, name if re.fullmatch(r"[\w.-]+", name) else f"label-{number}")


def parse_labels(
    label_names: str | Iterable[str] | None, model: ModelConfig
) -> tuple[Condition, ...]:
    """Parse names of labels.

    Args:
        label_names: one name, several joined by commas, or a list of names; None for no labels.
        model: holds the names of the labels.

    Raises:
        OptionError: a name is unknown, or the model is unconditional.
    """
    if label_names is None:
        return ()
    if not model.conditional:
        raise OptionError(
            "--label needs a run that was trained with --conditional; this one has no labels"
        )
    known = model.labels
    if isinstance(label_names, str):
        # A label may contain a comma.
        whole = label_names in known
        names = [label_names] if whole else [name.strip() for name in label_names.split(",")]
    else:
        names = list(label_names)
    for name in names:
        if name not in known:
            raise OptionError(f"--label {name!r} is none of the run's: {', '.join(known)}")
    return tuple(label(known.index(name), name) for name in names)


def parse_sweep(text: str, model: ModelConfig) -> tuple[Condition, ...]:
    """Return the values of a sweep, in order.

    Args:
        text: ``category`` for each value of the categorical code, ``codes:K`` for values from -1
            to 1 of the continuous code K (counted from 0), or ``label`` for each label.
        model: holds the number of codes and the labels.

    Raises:
        OptionError: the model has no such code.
    """
    available = []
    if model.categories:
        available.append("category")
    available += [f"codes:{index}" for index in range(model.codes or 0)]
    if model.conditional:
        available.append("label")
    if text not in available:
        known = (
            f"known are {', '.join(available)}"
            if available
            else "it has no codes; train with --model infogan"
        )
        raise OptionError(f"--sweep {text!r} is not a code of this run's model: {known}")
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


def cycle_conditions(noises: Iterable[Noise], conditions: Sequence[Condition]) -> Iterator[Noise]:
    """Apply the conditions to the clips in turn, starting over after the last.

    Args:
        noises: generator inputs of one clip each.
        conditions: such as labels; if empty, the inputs are yielded unchanged.
    """
    if not conditions:
        yield from noises
        return
    for noise, condition in zip(noises, itertools.cycle(conditions), strict=False):
        yield condition.apply(noise)
