"""A figure for every class of labelled clips."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError
from vidgan.metrics.checks import feature_sets


@dataclass(frozen=True)
class ClassFigure:
    """What one class came to.

    Attributes:
        real: its real clips.
        fake: its other clips.
        value: the figure; None where the clips do not stand it.
        problem: why there is none; empty where there is one.
    """

    real: int
    fake: int
    value: float | None
    problem: str = ""


def by_class(
    measure: Callable[[np.ndarray, np.ndarray], float],
    real: np.ndarray,
    real_labels: np.ndarray,
    fake: np.ndarray,
    fake_labels: np.ndarray,
) -> dict[int, ClassFigure]:
    """Take a figure on the clips of each class alone.

    Args:
        measure: from real and other features to a figure, such as ``kernel_distance``, which stands
            the few clips that a class has.
        real: features ``(n, d)``.
        real_labels: whole numbers ``(n,)``.
        fake: features ``(m, d)``.
        fake_labels: whole numbers ``(m,)``.

    Returns:
        the figures by label, of all labels of either set, in order. A class for which ``measure``
        raises InputError has None and the reason.

    Raises:
        InputError: features of other shapes or with NaN, or not one label a clip.
    """
    real, fake = feature_sets(real, fake, least=1)
    labels = [np.asarray(real_labels), np.asarray(fake_labels)]
    for features, each, name in zip((real, fake), labels, ("real", "other"), strict=True):
        if each.shape != (len(features),):
            raise InputError(
                f"{len(features)} {name} clips need as many labels, found {each.shape}"
            )
    figures = {}
    for label in np.union1d(*labels).tolist():
        a, b = real[labels[0] == label], fake[labels[1] == label]
        try:
            figures[label] = ClassFigure(len(a), len(b), float(measure(a, b)))
        except InputError as error:
            figures[label] = ClassFigure(len(a), len(b), None, str(error))
    return figures
