"""Metrics of each class of labelled clips."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError
from vidgan.metrics.checks import feature_sets
from vidgan.metrics.neighbours import NEIGHBOURS
from vidgan.metrics.pairwise import blocks, squared_distances


@dataclass(frozen=True)
class ClassResult:
    """The value of a metric for one class.

    Attributes:
        real: number of real clips.
        fake: number of other clips.
        value: the value, None if it cannot be computed.
        problem: why it cannot be computed, or empty.
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
    """Compute a metric for the clips of each class alone.

    Args:
        measure: from real and other features to a number, such as ``kernel_distance``, which
            suits the few clips of a class.
        real: features ``(n, d)``.
        real_labels: integers ``(n,)``.
        fake: features ``(m, d)``.
        fake_labels: integers ``(m,)``.

    Returns:
        The results by label, for all labels of either set, in order. A class for which ``measure``
        raises InputError has no value, and the error as its problem.

    Raises:
        InputError: features have wrong shapes or NaN, or the numbers of labels and clips differ.
    """
    real, fake = feature_sets(real, fake, least=1)
    labels = [np.asarray(real_labels), np.asarray(fake_labels)]
    for features, each, name in zip((real, fake), labels, ("real", "other"), strict=True):
        if each.shape != (len(features),):
            raise InputError(
                f"{len(features)} {name} clips need as many labels, found {each.shape}"
            )
    results = {}
    for label in np.union1d(*labels).tolist():
        a, b = real[labels[0] == label], fake[labels[1] == label]
        try:
            results[label] = ClassResult(len(a), len(b), float(measure(a, b)))
        except InputError as error:
            results[label] = ClassResult(len(a), len(b), None, str(error))
    return results


def label_accuracy(
    known: np.ndarray,
    known_labels: np.ndarray,
    features: np.ndarray,
    labels: np.ndarray,
    k: int = NEIGHBOURS,
) -> np.ndarray:
    """Return which clips have the label that a nearest-neighbour classifier gives them.

    The label is the most frequent one among the nearest real clips; ties go to the nearer clips.
    The classifier is only as good as the features: compare with its accuracy on real clips.

    Args:
        known: features of real clips, ``(n, d)``.
        known_labels: their labels, integers ``(n,)``.
        features: of the clips to classify, ``(m, d)``.
        labels: their labels, ``(m,)``.
        k: number of neighbours.

    Returns:
        bool ``(m,)``.

    Raises:
        InputError: features have wrong shapes or NaN, or the numbers of labels and clips differ.
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
