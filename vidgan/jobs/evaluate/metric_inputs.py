"""What groups of metrics are computed from, and confidence intervals of their results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidgan import metrics
from vidgan.config import EvaluateConfig, Need
from vidgan.errors import InputError
from vidgan.jobs.evaluate.clip_statistics import ClipStatistics, FeatureStatistics
from vidgan.metrics import Interval, Memorisation, bootstrap
from vidgan.metrics.features import Features

if TYPE_CHECKING:
    from vidgan.jobs.generate.sampler import Sampler
    from vidgan.training.run import Run

# The ends of a confidence interval; None where there is none.
Ends = tuple[float | None, float | None]
# A value and the ends of its interval.
ValueWithEnds = tuple[float, float | None, float | None]


@dataclass
class MetricInputs:
    """Statistics of the sets of clips that are compared, and what else metrics need.

    Attributes:
        config: the options.
        clip_features: the embedding that clips are compared in.
        frame_features: the embedding that frames are compared in.
        reference: real clips that generated clips are compared with.
        floor: other real clips, as many as the generated ones.
        generated: generated clips.
        held_out: which real clips training has not seen, ``real`` (the reference) or ``floor``.
        run: the run that generated the clips, None where it is not known.
        sampler: generates further clips of the run.
        memorisation: by ``features`` and ``pixels``, whether generated clips are training clips.
        labels: names of the labels.
    """

    config: EvaluateConfig
    clip_features: Features
    frame_features: Features
    reference: ClipStatistics
    floor: ClipStatistics
    generated: ClipStatistics
    held_out: str
    run: "Run | None" = None
    sampler: "Sampler | None" = None
    memorisation: dict[str, Memorisation] | None = None
    labels: tuple[str, ...] = ()

    @property
    def sets(self) -> tuple[ClipStatistics, ClipStatistics, ClipStatistics]:
        """The reference, the floor and the generated clips."""
        return self.reference, self.floor, self.generated

    @property
    def available(self) -> Need:
        """The needs that these inputs meet."""
        met = {
            Need.CLIP_FEATURES: all(self.clip_features.name in each.features for each in self.sets),
            Need.FRAME_FEATURES: all(
                self.frame_features.name in each.features for each in self.sets
            ),
            Need.MOTION: all(each.motion is not None for each in self.sets),
            Need.PIXELS: all(each.pixels is not None for each in self.sets),
            Need.NEAREST_TRAINING_CLIPS: self.memorisation is not None,
            Need.DISCRIMINATOR: self.run is not None
            and all(each.logits is not None for each in self.sets),
            Need.LABELS: len(self.labels) > 1 and all(each.labels.min() >= 0 for each in self.sets),
            Need.SAMPLER: self.sampler is not None,
        }
        available = Need(0)
        for need, is_met in met.items():
            available |= need if is_met else Need(0)
        return available

    def features(
        self, features: Features
    ) -> tuple[FeatureStatistics, FeatureStatistics, FeatureStatistics]:
        """Return the features of the reference, the floor and the generated clips."""
        reference, floor, generated = (each.features[features.name] for each in self.sets)
        return reference, floor, generated

    def ends(self, compute: Callable[[], Interval]) -> Ends:
        """Return the ends of an interval; none without bootstrap, or of too few clips."""
        if not self.config.bootstrap:
            return None, None
        try:
            interval = compute()
        except InputError:
            return None, None
        return interval.low, interval.high

    def rescaled_ends(
        self, value: float, compute: Callable[[], Interval], used: int, count: int
    ) -> Ends:
        """Return an interval around a value of all clips from the interval of a part of them.

        Args:
            value: the metric of all clips.
            compute: returns the interval of a part of the clips.
            used: clips of that part.
            count: all clips; the interval's width is scaled by the square root of used / count.
        """
        scale = np.sqrt(used / count)

        def rescaled() -> Interval:
            part = compute()
            low, high = (value + (end - part.value) * scale for end in (part.low, part.high))
            return Interval(value, max(0.0, low) if value >= 0 else low, high, part.level)

        return self.ends(rescaled)

    def mean(self, values: np.ndarray) -> ValueWithEnds:
        """Return the mean of one value per clip, ``(n,)``, with the ends of its interval."""
        replicates, seed = self.config.bootstrap, self.config.seed
        low, high = self.ends(
            lambda: metrics.bootstrap_mean(values, replicates=replicates, seed=seed)
        )
        return float(np.mean(values)), low, high

    def fraction(self, mask: np.ndarray) -> ValueWithEnds:
        """Return the fraction of clips in a mask, bool ``(n,)``, with the ends of its interval."""
        low = high = None
        if len(mask) >= bootstrap.FEWEST:
            low, high = self.ends(lambda: metrics.proportion_interval(mask))
        return float(np.mean(mask)), low, high

    def statistic(
        self, statistic: Callable[..., float], *samples: np.ndarray, minimum: float = 0.0
    ) -> ValueWithEnds:
        """Return a statistic of whole sets with the ends of its interval.

        Args:
            statistic: from the samples to a number.
            samples: arrays whose first axis is clips.
            minimum: the smallest value that the statistic can have.
        """
        replicates, seed = self.config.bootstrap, self.config.seed
        low, high = self.ends(
            lambda: metrics.bootstrap_interval(
                statistic, *samples, replicates=replicates, seed=seed
            )
        )
        return float(statistic(*samples)), None if low is None else max(minimum, low), high
