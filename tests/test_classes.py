"""Figures by class."""

import numpy as np
import pytest

from vidgan.errors import InputError
from vidgan.metrics import Moments, by_class, frechet_distance, kernel_distance, label_accuracy
from vidgan.metrics.classes import ClassResult


def frechet(real: np.ndarray, fake: np.ndarray) -> float:
    return frechet_distance(Moments.of(real), Moments.of(fake))


def value(result: ClassResult) -> float:
    assert result.value is not None
    return result.value


def test_each_class_is_measured_alone() -> None:
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(60, 4)), random.normal(size=(45, 4))
    real_labels, fake_labels = np.arange(60) % 3, np.arange(45) % 3
    fake[fake_labels == 1] += 2
    found = by_class(kernel_distance, real, real_labels, fake, fake_labels)
    assert list(found) == [0, 1, 2]
    assert [(each.real, each.fake) for each in found.values()] == [(20, 15)] * 3
    alone = kernel_distance(real[real_labels == 1], fake[fake_labels == 1])
    assert found[1].value == pytest.approx(alone)
    assert value(found[1]) > 5 * max(abs(value(found[0])), abs(value(found[2])))


def test_a_class_that_is_too_small_says_so() -> None:
    random = np.random.default_rng(1)
    real, fake = random.normal(size=(9, 2)), random.normal(size=(6, 2))
    found = by_class(frechet, real, np.array([0] * 5 + [1] * 4), fake, np.array([0] * 5 + [3]))
    assert list(found) == [0, 1, 3]
    assert value(found[0]) > 0
    assert found[0].problem == ""
    assert found[1].value is None
    assert "found 0" in found[1].problem
    assert (found[3].real, found[3].fake) == (0, 1)


def test_one_label_a_clip() -> None:
    x = np.ones((4, 2))
    with pytest.raises(InputError, match="4 other clips need as many labels"):
        by_class(frechet, x, np.zeros(4, int), x, np.zeros(3, int))


def test_label_accuracy() -> None:
    """Of two clusters, clips of the one that are called the other are wrong."""
    random = np.random.default_rng(0)
    known = np.concatenate([random.normal(0, 1, (20, 4)), random.normal(9, 1, (30, 4))])
    known_labels = np.repeat([3, 1], [20, 30])
    clips = np.concatenate([random.normal(0, 1, (6, 4)), random.normal(9, 1, (4, 4))])
    right = label_accuracy(known, known_labels, clips, np.repeat([3, 1], [6, 4]))
    assert right.all()
    half = label_accuracy(known, known_labels, clips, np.full(10, 3))
    assert half.tolist() == [True] * 6 + [False] * 4


def test_nearer_neighbours_break_ties() -> None:
    known = np.array([[0.0], [1.0], [4.0], [5.0]])
    right = label_accuracy(
        known, np.array([7, 7, 8, 8]), np.array([[2.0], [3.0]]), np.array([7, 8]), k=4
    )
    assert right.all()


@pytest.mark.parametrize("labels", [[1], [1, 2, 3]])
def test_label_accuracy_needs_a_label_a_clip(labels: list[int]) -> None:
    with pytest.raises(InputError, match="one label for each clip"):
        label_accuracy(np.eye(2), np.array([0, 1]), np.eye(2), np.array(labels))
