"""Distances between generated and real clips that are measured during training."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pkgutil import resolve_name
from typing import NamedTuple, Self

import numpy as np

from vidgan import config as configs
from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import OptionError
from vidgan.metrics.covariance import EMPIRICAL, OAS
from vidgan.metrics.features import Embed
from vidgan.metrics.frechet import frechet_distance, frechet_influence
from vidgan.metrics.kernel import kernel_distance, kernel_influence
from vidgan.metrics.moments import Moments
from vidgan.training.curves import Panel
from vidgan.training.run import Run
from vidgan.training.state import distance_column

# Not evaluate's default, whose motion statistics cost three times as much and preferred, in one of
# two trainings, the black frames of an early step (benchmarks/training_metrics.md).
FEATURES_NAME = "random3d"
# Real clips are embedded once, so there can be more than generated ones for each measurement.
REAL = 256
GENERATED = 128
# With fewer real clips the ranking of checkpoints is random: benchmarks/training_metrics.md.
MIN_REAL = 32
_BATCH = 16


@dataclass(frozen=True)
class Distance:
    """A distance with the influence of each clip on it.

    Attributes:
        value: the distance; lower is better.
        influences: values of the influence function for the real and for the generated clips, each
            with a mean of 0.
    """

    value: float
    influences: tuple[np.ndarray, np.ndarray]

    def noise(self, other: "Distance") -> float:
        """Return the standard error of the difference of two distances.

        Both distances have the same real clips and latents, whose common effect cancels. Between
        two nearby steps a few per cent of the distance remain, while a single distance is uncertain
        by a fifth (benchmarks/training_metrics.md).
        """
        pairs = zip(self.influences, other.influences, strict=True)
        return math.sqrt(sum(float(np.var(a - b)) / len(a) for a, b in pairs))


def frechet(real: np.ndarray, generated: np.ndarray) -> Distance:
    """Return the Fréchet distance; with fewer clips than features, covariances are shrunk (OAS)."""
    estimator = EMPIRICAL if min(len(real), len(generated)) > real.shape[1] else OAS
    value = frechet_distance(Moments.of(real), Moments.of(generated), estimator)
    return Distance(value, frechet_influence(real, generated, estimator))


def kernel(real: np.ndarray, generated: np.ndarray) -> Distance:
    """Return the kernel distance, which is unbiased for any number of clips."""
    return Distance(kernel_distance(real, generated), kernel_influence(real, generated))


# The functions of the registry ``vidgan.config.METRICS``.
METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Distance]] = {
    name: resolve_name(path) for name, path in configs.METRICS.items()
}


PANELS = tuple(
    Panel(f"{name} distance", {distance_column(name): "to real clips"}, dotted=True)
    for name in METRICS
)


def parse(text: str) -> tuple[str, ...]:
    """Parse names such as ``frechet,kernel``; ``none`` and the empty string are no names.

    Raises:
        OptionError: a name is unknown.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in METRICS:
            raise OptionError(f"--metrics {name!r} is none of {', '.join(METRICS)}, none")
    return tuple(dict.fromkeys(names))


class RealClips(NamedTuple):
    """Which clips generated ones are compared with.

    Attributes:
        split: ``test`` or ``train``.
        step: frames of the dataset from the start of a clip to the start of the next.
    """

    split: str
    step: int


def choose_real_clips(run: Run, manifest: Manifest) -> tuple[RealClips | None, str | None]:
    """Choose the real clips that generated ones are compared with.

    Returns:
        The test clips; the training clips if these are too few; overlapping training clips of a
        short video; None if these are too few, too. And a message unless it is the first.
    """
    covered = span(run.frames, run.stride)
    test, train = (manifest.splits[name].clips(covered) for name in ("test", "train"))
    if test >= MIN_REAL:
        return RealClips("test", covered), None
    step = covered if train >= MIN_REAL else 1
    if manifest.splits["train"].clips(covered, step) < MIN_REAL:
        return None, (
            f"Metrics are not measured and no best checkpoint is chosen: {test} test and {train} "
            f"training clips are too few, {MIN_REAL} of one are needed; use more or longer videos"
        )
    return RealClips("train", step), (
        f"Metrics compare with training clips, so memorised clips score well: there are {test} "
        f"test clips, {MIN_REAL} are needed; use "
        + ("a larger --test-share in preprocess" if step == covered else "more or longer videos")
    )


@dataclass(frozen=True)
class Reference:
    """Features of the real clips that generated clips are compared with.

    Attributes:
        features: float32 ``(n, d)``.
        labels: int32 ``(n,)``, -1 in a dataset without labels.
        protocol: a short description that identifies features and clips.
    """

    features: np.ndarray
    labels: np.ndarray
    protocol: str

    @classmethod
    def load(cls, run: Run, manifest: Manifest, real: RealClips, name: str, embed: Embed) -> Self:
        """Embed up to :data:`REAL` clips, spread over a split.

        Args:
            run: the run, for the frames and stride of a clip.
            manifest: the dataset.
            real: which clips.
            name: name of the features.
            embed: computes the features.

        Raises:
            DatasetError: a shard is missing or damaged.
        """
        split, step = real
        every = -(-manifest.splits[split].clips(span(run.frames, run.stride), step) // REAL)
        clips = labelled_clips(manifest, split, run.frames, run.stride, every, step)
        features: list[np.ndarray] = []
        labels: list[int] = []
        checksum = 0
        while part := list(islice(clips, _BATCH)):
            batch = np.stack([clip for clip, _ in part])
            checksum = zlib.crc32(batch.data, checksum)
            features.append(embed(batch))
            labels += [int(label) for _, label in part]
        protocol = f"{name}, {GENERATED} clips against {len(labels)} of {split} ({checksum:08x})"
        return cls(np.concatenate(features), np.array(labels, np.int32), protocol)
