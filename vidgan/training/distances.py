"""The distances to real clips that training measures, and the real clips it measures them to."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np

from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import OptionError
from vidgan.metrics.covariance import EMPIRICAL, OAS
from vidgan.metrics.features import Embed
from vidgan.metrics.frechet import frechet_distance, frechet_influence
from vidgan.metrics.kernel import kernel_distance, kernel_influence
from vidgan.metrics.moments import Moments
from vidgan.training.run import Run

# Not what evaluate takes by default: with statistics of motion it costs three times as much and
# preferred, in one of two trainings, the black frames of an early step to all later ones
# (benchmarks/training_metrics.md).
FEATURES_NAME = "random3d"
# Real clips are embedded once, so they may be more than those generated for each measurement.
REAL = 256
MADE = 128
# With fewer real clips the order of checkpoints is left to chance: benchmarks/training_metrics.md.
LEAST = 32
_BATCH = 16


@dataclass(frozen=True)
class Distance:
    """A distance, and how much each real and each generated clip moves it.

    Attributes:
        value: the distance, lower is better.
        influences: of the real clips and of the generated ones, each of mean 0.
    """

    value: float
    influences: tuple[np.ndarray, np.ndarray]

    def noise(self, other: "Distance") -> float:
        """Return the standard error of the difference of two figures.

        Both are of the same real clips and the same latents: what these do to both alike is no
        error. Of two nearby steps that leaves a few per cent of the distance, where each figure by
        itself is uncertain by a fifth (benchmarks/training_metrics.md).
        """
        pairs = zip(self.influences, other.influences, strict=True)
        return math.sqrt(sum(float(np.var(a - b)) / len(a) for a, b in pairs))


def frechet(real: np.ndarray, made: np.ndarray) -> Distance:
    """Return the Fréchet distance, with shrunk covariances where clips are few for the features."""
    estimator = EMPIRICAL if min(len(real), len(made)) > real.shape[1] else OAS
    value = frechet_distance(Moments.of(real), Moments.of(made), estimator)
    return Distance(value, frechet_influence(real, made, estimator))


def kernel(real: np.ndarray, made: np.ndarray) -> Distance:
    """Return the kernel distance, which is unbiased for any number of clips."""
    return Distance(kernel_distance(real, made), kernel_influence(real, made))


# From features of real clips ``(n, d)`` and of generated ones ``(m, d)``.
METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Distance]] = {
    "frechet": frechet,
    "kernel": kernel,
}


def column(name: str) -> str:
    """Return what a metric is called in ``log.csv``."""
    return f"{name}_distance"


def parse(text: str) -> tuple[str, ...]:
    """Split ``frechet,kernel`` into known names; ``none`` and the empty text give none.

    Raises:
        OptionError: a name is unknown.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in METRICS:
            raise OptionError(f"--metrics {name!r} is none of {', '.join(METRICS)}, none")
    return tuple(dict.fromkeys(names))


def choose_split(run: Run, manifest: Manifest) -> tuple[str | None, str | None]:
    """Choose the split that generated clips are compared with.

    Returns:
        ``test``, ``train`` where that is too small, or None where both are; and a line for the user
        where it is not ``test``.
    """
    covered = span(run.frames, run.stride)
    test, train = (manifest.splits[name].clips(covered) for name in ("test", "train"))
    if test >= LEAST:
        return "test", None
    if train >= LEAST:
        return "train", (
            f"Metrics compare with training clips, for which memorising them counts as good: there "
            f"are {test} test clips, {LEAST} are needed; use a larger --test-share in preprocess"
        )
    return None, (
        f"Metrics are not measured and no best checkpoint is chosen: {test} test and {train} "
        f"training clips are too few, {LEAST} of one are needed; use more or longer videos"
    )


@dataclass(frozen=True)
class Reference:
    """Real clips that generated ones are compared with.

    Attributes:
        features: float32 ``(n, d)``.
        labels: int32 ``(n,)``, -1 in a dataset without.
        protocol: what they are, short; other clips have another.
    """

    features: np.ndarray
    labels: np.ndarray
    protocol: str

    @classmethod
    def load(cls, run: Run, manifest: Manifest, split: str, name: str, embed: Embed) -> Self:
        """Embed up to :data:`REAL` clips, spread over a split.

        Args:
            run: knows frames and stride.
            manifest: the dataset.
            split: ``test`` or ``train``.
            name: of the features.
            embed: makes them.

        Raises:
            DatasetError: a shard is missing or damaged.
        """
        every = -(-manifest.splits[split].clips(span(run.frames, run.stride)) // REAL)
        clips = labelled_clips(manifest, split, run.frames, run.stride, every)
        features: list[np.ndarray] = []
        labels: list[int] = []
        checksum = 0
        while part := list(islice(clips, _BATCH)):
            pictures = np.stack([clip for clip, _ in part])
            checksum = zlib.crc32(pictures.data, checksum)
            features.append(embed(pictures))
            labels += [int(label) for _, label in part]
        protocol = f"{name}, {MADE} clips against {len(labels)} of {split} ({checksum:08x})"
        return cls(np.concatenate(features), np.array(labels, np.int32), protocol)
