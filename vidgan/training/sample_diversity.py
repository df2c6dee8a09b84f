"""Diversity and novelty of generated clips, and overfitting of the discriminator.

Clips are compared as thumbnails of 8x8 pixels, which keep content and motion; noise and sharpness,
which do not matter for diversity, are lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Self

import cv2
import numpy as np

from vidgan import pixels
from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import checked, labelled_clips, training_clips
from vidgan.training.run import Run

SIDE = 8
# Number of generated clips, of training clips, and the most held-out clips.
CLIPS = 24
# Training clips among which the nearest is searched: more than a set that a network can memorise;
# a sample of a larger set.
SEARCHED = 256
# Test clips are taken from among this many, since decoding all of them may take long.
DECODED = 512
# Real clips whose distances are smaller are all alike: there is nothing to compare with.
MIN_DISTANCE = 1e-3


def shrink(clips: np.ndarray) -> np.ndarray:
    """Shrink uint8 ``(n, frames, height, width, 3)`` to float32 ``(n, frames, 8, 8, 3)``."""
    frames = clips.reshape(-1, *clips.shape[2:])
    small = [cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for frame in frames]
    shrunk: np.ndarray = pixels.to_model(np.stack(small))
    return shrunk.reshape(*clips.shape[:2], SIDE, SIDE, 3)


def rms_distances(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the root-mean-square difference of each pair, float64 ``(n, m)``.

    Args:
        clips: ``(n, ...)``.
        others: ``(m, ...)``, of the same shape otherwise.
    """
    a = clips.reshape(len(clips), -1).astype(np.float64)
    b = others.reshape(len(others), -1).astype(np.float64)
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2 * a @ b.T
    distances: np.ndarray = np.sqrt(np.maximum(squares, 0) / a.shape[1])
    return distances


def mean_distance(clips: np.ndarray) -> float:
    """Return the mean distance between two of ``(n, ...)`` clips, n at least 2."""
    return float(rms_distances(clips, clips)[np.triu_indices(len(clips), 1)].mean())


def frame_differences(clips: np.ndarray) -> np.ndarray:
    """Return the differences between consecutive frames, ``(n, frames - 1, ...)``."""
    return np.diff(clips, axis=1)


def win_rate(real: np.ndarray, generated: np.ndarray) -> float:
    """Return how often the logit of a real clip exceeds that of a generated one, 0…1.

    Args:
        real: logits ``(n,)``.
        generated: logits ``(m,)``; ties count half.
    """
    above = np.sign(real[:, None] - generated[None]).mean()
    return float(above + 1) / 2


@dataclass(frozen=True)
class Clips:
    """Real clips of one split; empty for the test split of a dataset without one.

    Attributes:
        small: float32 ``(n, frames, 8, 8, 3)``, shrunk.
        whole: uint8 ``(m, frames, height, width, 3)``, the first of them at full size.
        labels: int32 ``(m,)``; None for an unconditional model.
    """

    small: np.ndarray
    whole: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def collect(
        cls, clips: Iterable[tuple[np.ndarray, int]], shape: Sequence[int], conditional: bool
    ) -> Self:
        """Collect uint8 clips of ``shape`` and, for a conditional model, their labels."""
        small: list[np.ndarray] = []
        whole: list[np.ndarray] = []
        labels: list[int] = []
        for clip, label in clips:
            small.append(shrink(clip[None]))
            if len(whole) < CLIPS:
                whole.append(clip)
                labels.append(label)
        return cls(
            np.concatenate([np.empty((0, shape[0], SIDE, SIDE, 3), np.float32), *small]),
            np.array(whole, np.uint8).reshape(-1, *shape),
            np.array(labels, np.int32) if conditional else None,
        )


@dataclass(frozen=True)
class RealClips:
    """The real clips that generated ones are compared with.

    Attributes:
        train: drawn as training draws them.
        test: held out; empty for a dataset without a test split.
    """

    train: Clips
    test: Clips

    @classmethod
    def load(cls, run: Run, manifest: Manifest) -> Self:
        """Draw clips from a run's dataset.

        Raises:
            DatasetError: a shard is missing or damaged.
        """
        shape = (run.frames, manifest.height, manifest.width, 3)
        splits = (_training(run, manifest), _held_out(run, manifest))
        return cls(*(Clips.collect(clips, shape, run.model.conditional) for clips in splits))

    def compare(self, small: np.ndarray) -> dict[str, float]:
        """Return metrics of generated clips, without those that cannot be computed.

        Args:
            small: clips, shrunk, ``(n, frames, 8, 8, 3)``.

        Returns:
            ``diversity``: the mean distance between two generated clips, relative to that between
            two training clips. ``motion_diversity``: the same for the differences between
            consecutive frames. ``novelty``: the median distance of a generated clip to its nearest
            training clip, relative to that of a held-out clip.
        """
        values = {
            "diversity": mean_distance(small),
            "motion_diversity": mean_distance(frame_differences(small)),
        }
        if len(self.test.small):
            values["novelty"] = self._distance_to_nearest(small)
        real = self._real_values
        return {name: values[name] / real[name] for name in values if real[name] > MIN_DISTANCE}

    @cached_property
    def _real_values(self) -> dict[str, float]:
        """The denominators of the metrics: the same distances of real clips."""
        real = self.train.small[:CLIPS]
        values = {
            "diversity": mean_distance(real),
            "motion_diversity": mean_distance(frame_differences(real)),
        }
        if len(self.test.small):
            values["novelty"] = self._distance_to_nearest(self.test.small)
        return values

    def _distance_to_nearest(self, small: np.ndarray) -> float:
        return float(np.median(rms_distances(small, self.train.small).min(axis=1)))


def overfitting(train: np.ndarray, test: np.ndarray, generated: np.ndarray) -> float:
    """Return how much better the discriminator separates training clips from generated ones.

    The overfitting gap of ADA (arXiv 2006.06676), computed on ranks, which have no scale: 0 if
    held-out clips are classified as real as often as training clips, 1 if all training clips are
    and no held-out clip.

    Args:
        train: logits of training clips, ``(n,)``.
        test: logits of held-out clips.
        generated: logits of generated clips.
    """
    return win_rate(train, generated) - win_rate(test, generated)


def _training(run: Run, manifest: Manifest) -> Iterator[tuple[np.ndarray, int]]:
    clips = manifest.epoch_clips(run.frames, run.stride)
    # Windows start at any frame: four times the clips of an epoch cover a small set.
    count = min(SEARCHED, max(CLIPS, 4 * clips))
    size = min(CLIPS, clips)
    data = training_clips(
        manifest, run.frames, size, stride=run.stride, mirror=run.train.mirror, labels=True
    )
    for batch, labels in checked(data.take(-(-count // size)), manifest):
        yield from zip(pixels.to_uint8(batch.numpy()), labels.numpy(), strict=True)


def _held_out(run: Run, manifest: Manifest) -> Iterator[tuple[np.ndarray, int]]:
    """Yield up to CLIPS clips of the test split, spread over its first DECODED."""
    count = min(manifest.splits["test"].clips(span(run.frames, run.stride)), DECODED)
    if not count:
        return
    clips = labelled_clips(manifest, "test", run.frames, run.stride)
    yield from islice(clips, 0, count, -(-count // CLIPS))
