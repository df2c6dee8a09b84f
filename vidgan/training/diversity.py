"""How generated clips differ from each other, and how training clips differ from held-out ones.

Clips are compared as tiny pictures. What a clip shows and how it moves survives that; noise and
sharpness, which say nothing of diversity, do not.
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
# Generated clips, as many training clips, and at most as many held-out ones.
CLIPS = 24
# Training clips among which the nearest is sought. A set that a network can learn by heart has
# fewer; of a larger set these are a sample.
SOUGHT = 256
# Test clips are taken from among so many, for decoding them all may take long.
DECODED = 512
# Real clips that differ, or move, less than this are alike: there is nothing to compare with.
NOTHING = 1e-3


def shrink(clips: np.ndarray) -> np.ndarray:
    """Shrink uint8 ``(n, frames, height, width, 3)`` to float32 ``(n, frames, 8, 8, 3)``."""
    frames = clips.reshape(-1, *clips.shape[2:])
    small = [cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for frame in frames]
    shape = (*clips.shape[:2], SIDE, SIDE, 3)
    return pixels.to_model(np.stack(small)).reshape(shape)


def distances(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the root mean square difference of each pair, ``(n, m)``.

    Args:
        clips: ``(n, ...)``.
        others: ``(m, ...)`` of the same shape otherwise.
    """
    a = clips.reshape(len(clips), -1).astype(np.float64)
    b = others.reshape(len(others), -1).astype(np.float64)
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])


def spread(clips: np.ndarray) -> float:
    """Return the mean distance between two of ``(n, ...)`` clips, n at least 2."""
    return float(distances(clips, clips)[np.triu_indices(len(clips), 1)].mean())


def motion(clips: np.ndarray) -> np.ndarray:
    """Return the differences from frame to frame, ``(n, frames - 1, ...)``."""
    return np.diff(clips, axis=1)


def apart(real: np.ndarray, made: np.ndarray) -> float:
    """Return how often the logit of a real clip is above that of a generated one, 0…1.

    Args:
        real: logits ``(n,)``.
        made: logits ``(m,)``; ties count half.
    """
    above = np.sign(real[:, None] - made[None]).mean()
    return float(above + 1) / 2


@dataclass(frozen=True)
class Clips:
    """Real clips of one split; of a dataset without a test split there may be none.

    Attributes:
        small: float32 ``(n, frames, 8, 8, 3)``, shrunk.
        whole: uint8 ``(m, frames, height, width, 3)``, the first of them as they are.
        labels: int32 ``(m,)``; None for an unconditional model.
    """

    small: np.ndarray
    whole: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def gather(
        cls, clips: Iterable[tuple[np.ndarray, int]], shape: Sequence[int], conditional: bool
    ) -> Self:
        """Gather clips, uint8 ``shape``, and of a conditional model their labels."""
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
class Real:
    """The real clips that generated ones are compared with.

    Attributes:
        train: drawn as training draws them.
        test: held out, none of a dataset without a test split.
    """

    train: Clips
    test: Clips

    @classmethod
    def load(cls, run: Run, manifest: Manifest) -> Self:
        """Draw the clips of a run's dataset.

        Raises:
            DatasetError: a shard is missing or damaged.
        """
        shape = (run.frames, manifest.height, manifest.width, 3)
        parts = (_training(run, manifest), _held_out(run, manifest))
        return cls(*(Clips.gather(part, shape, run.model.conditional) for part in parts))

    def compare(self, clips: np.ndarray) -> dict[str, float]:
        """Return figures of generated clips; one that cannot be told is left out.

        Args:
            clips: uint8 ``(n, frames, height, width, 3)``.

        Returns:
            ``diversity``: the mean distance between two generated clips, as a share of that
            between two training clips. ``motion_diversity``: the same of their changes from frame
            to frame. ``novelty``: the median distance of a generated clip to its nearest training
            clip, as a share of that of a held-out clip.
        """
        made = shrink(clips)
        values = {"diversity": spread(made), "motion_diversity": spread(motion(made))}
        if len(self.test.small):
            values["novelty"] = self._to_nearest(made)
        units = self._units
        return {name: values[name] / units[name] for name in values if units[name] > NOTHING}

    @cached_property
    def _units(self) -> dict[str, float]:
        """What figures are shares of: the same of real clips."""
        real = self.train.small[:CLIPS]
        units = {"diversity": spread(real), "motion_diversity": spread(motion(real))}
        if len(self.test.small):
            units["novelty"] = self._to_nearest(self.test.small)
        return units

    def _to_nearest(self, small: np.ndarray) -> float:
        return float(np.median(distances(small, self.train.small).min(axis=1)))


def overfitting(train: np.ndarray, test: np.ndarray, made: np.ndarray) -> float:
    """Return how much better a discriminator tells training clips from generated ones than others.

    After the gap of arXiv 2006.06676, in ranks, which have no scale: 0 where held-out clips pass
    for real as training clips do, 1 where all training clips do and held-out clips never.

    Args:
        train: logits of training clips, ``(n,)``.
        test: of held-out clips.
        made: of generated clips.
    """
    return apart(train, made) - apart(test, made)


def _training(run: Run, manifest: Manifest) -> Iterator[tuple[np.ndarray, int]]:
    clips = manifest.epoch_clips(run.frames, run.stride)
    # Windows start anywhere: four times the clips that lie side by side cover a small set.
    count = min(SOUGHT, max(CLIPS, 4 * clips))
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
