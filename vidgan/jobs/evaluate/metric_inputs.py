"""What ``vidgan evaluate`` has gathered, and confidence intervals of figures made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidgan import metrics
from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.evaluate.clip_statistics import ClipStatistics, Embedded
from vidgan.metrics import Interval, Memorisation, bootstrap
from vidgan.metrics.features import Features

if TYPE_CHECKING:
    from vidgan.training.run import Run

# The ends of a confidence interval; None where there is none.
Ends = tuple[float | None, float | None]
# A value and the ends of its interval.
Measured = tuple[float, float | None, float | None]


@dataclass
class MetricInputs:
    """What is measured.

    Attributes:
        config: the options.
        clip_features: in which clips are compared.
        frame_features: in which frames are compared.
        reference: real clips that generated ones are compared with.
        floor: other real clips, as many as are compared.
        generated: generated clips.
        held: which real clips training has not seen, ``real`` for the reference, or ``floor``.
        run: what made them, None where that is not known.
        memorised: by ``features`` and ``pixels``, how near generated clips are to training clips.
        labels: names of the labels.
    """

    config: EvaluateConfig
    clip_features: Features
    frame_features: Features
    reference: ClipStatistics
    floor: ClipStatistics
    generated: ClipStatistics
    held: str
    run: "Run | None" = None
    memorised: dict[str, Memorisation] | None = None
    labels: tuple[str, ...] = ()

    def of(self, features: Features) -> tuple[Embedded, Embedded, Embedded]:
        """Return the features of the reference, the floor and the generated clips."""
        sets = (self.reference, self.floor, self.generated)
        found = [each.embedded[features.name] for each in sets]
        return found[0], found[1], found[2]

    def ends(self, take: Callable[[], Interval]) -> Ends:
        """Return the ends of an interval; none where none is wanted or clips are too few."""
        if not self.config.bootstrap:
            return None, None
        try:
            found = take()
        except InputError:
            return None, None
        return found.low, found.high

    def narrowed(self, value: float, take: Callable[[], Interval], kept: int, count: int) -> Ends:
        """Return an interval about a value; that of a part of the clips is narrowed to all."""
        narrower = np.sqrt(kept / count)

        def about() -> Interval:
            found = take()
            low, high = (value + (end - found.value) * narrower for end in (found.low, found.high))
            return Interval(value, max(0.0, low) if value >= 0 else low, high, found.level)

        return self.ends(about)

    def mean(self, values: np.ndarray) -> Measured:
        """Return a mean of one value a clip with the ends of its interval."""
        replicates, seed = self.config.bootstrap, self.config.seed
        low, high = self.ends(
            lambda: metrics.bootstrap_mean(values, replicates=replicates, seed=seed)
        )
        return float(np.mean(values)), low, high

    def share(self, held: np.ndarray) -> Measured:
        """Return the share of clips, bool ``(n,)``, with the ends of its interval."""
        low = high = None
        if len(held) >= bootstrap.FEWEST:
            low, high = self.ends(lambda: metrics.share_interval(held))
        return float(np.mean(held)), low, high

    def of_sets(
        self, statistic: Callable[..., float], *samples: np.ndarray, least: float = 0.0
    ) -> Measured:
        """Return a figure of whole sets with the ends of its interval.

        Args:
            statistic: from the samples to the figure.
            samples: arrays whose first axis is clips.
            least: what the figure cannot fall below.
        """
        replicates, seed = self.config.bootstrap, self.config.seed
        low, high = self.ends(
            lambda: metrics.bootstrap_interval(
                statistic, *samples, replicates=replicates, seed=seed
            )
        )
        return float(statistic(*samples)), None if low is None else max(least, low), high
