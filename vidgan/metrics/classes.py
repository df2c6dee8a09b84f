"""A figure for every class of labelled clips."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError
from vidgan.metrics.checks import feature_sets
from vidgan.metrics.neighbours import NEIGHBOURS
from vidgan.metrics.pairwise import blocks, squared_distances


@dataclass(frozen=True)
class ClassResult:
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
) -> dict[int, ClassResult]:
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
            figures[label] = ClassResult(len(a), len(b), float(measure(a, b)))
        except InputError as error:
            figures[label] = ClassResult(len(a), len(b), None, str(error))
    return figures


def label_accuracy(
    known: np.ndarray,
    known_labels: np.ndarray,
    features: np.ndarray,
    labels: np.ndarray,
    k: int = NEIGHBOURS,
) -> np.ndarray:
    """Say which clips look like their label: the commonest one among their nearest real clips.

    Ties go to the label of the nearer clips. A classifier of its own would have to be trained; this
    one is only as good as the features, so read it beside that of real clips.

    Args:
        known: features of real clips, ``(n, d)``.
        known_labels: their labels, whole numbers ``(n,)``.
        features: of the clips to judge, ``(m, d)``.
        labels: what they should be, ``(m,)``.
        k: neighbours that vote.

    Returns:
        bool ``(m,)``.

    Raises:
        InputError: features of other shapes or with NaN, or not one label a clip.
    """
    known, features = feature_sets(known, features, least=1)
    known_labels, labels = np.asarray(known_labels), np.asarray(labels)
    if len(known_labels) != len(known) or len(labels) != len(features):
        raise InputError("label accuracy needs one label for each clip")
    origin = known.mean(axis=0)
    known, features = known - origin, features - origin
    found = np.empty(len(features), labels.dtype)
    for rows in blocks(len(features)):
        apart = squared_distances(features[rows], known)
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :k]
        for row, votes in zip(range(rows.start, rows.stop), known_labels[nearest], strict=False):
            values, first, counts = np.unique(votes, return_index=True, return_counts=True)
            found[row] = values[np.lexsort((first, -counts))[0]]
    correct: np.ndarray = found == labels
    return correct
