"""One pass over a set of clips that gathers all that the report says of it."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidgan.metrics.discriminator import DiscriminatorScore
from vidgan.metrics.features import FEATURES
from vidgan.metrics.moments import Moments

# Clips uint8 ``(n, frames, height, width, 3)`` and their labels, int32 ``(n,)``.
Batch = tuple[np.ndarray, np.ndarray]
# Clips of a set that the picture shows.
SHOWN = 8


@dataclass(frozen=True)
class Judgement:
    """What one pass over a set of clips has gathered.

    Attributes:
        moments: of the features of the clips that are compared.
        score: the discriminator's logits on all clips.
        shown: uint8 ``(up to SHOWN, frames, height, width, 3)``, spread over all clips.
        labels: int32, of all clips; -1 where they have none.
    """

    moments: Moments
    score: DiscriminatorScore
    shown: np.ndarray
    labels: np.ndarray


class Judge:
    """Looks at sets of clips with one discriminator and one embedding.

    Memory does not grow with the clips.
    """

    def __init__(
        self,
        judge: Callable[..., Any],
        features: str,
        advance: Callable[[int], Any],
        conditional: bool = False,
    ) -> None:
        """Remember what to look with.

        Args:
            judge: from clips in [-1, 1], and labels or None, to logits ``(n,)``; see
                ``Run.load_judge``.
            features: a name in ``vidgan.metrics.FEATURES``.
            advance: called with the size of each batch that is done.
            conditional: whether the discriminator is told the labels.
        """
        self._judge = judge
        self._conditional = conditional
        self._embed = FEATURES[features]
        self._advance = advance

    def look(
        self, batches: Iterable[Batch], count: int, *, compared: int | None = None
    ) -> Judgement:
        """Look at a set of clips once.

        Args:
            batches: clips and their labels.
            count: how many clips they hold together.
            compared: how many of the first enter the moments; by default all.
        """
        score = DiscriminatorScore(self._judge)
        moments: Moments | None = None
        # Neighbours come from one shot: the picture takes its clips from all over the set.
        wanted = set(np.linspace(0, count - 1, min(SHOWN, count)).round().astype(int).tolist())
        shown, labels = [], []
        for batch, numbers in batches:
            shown += [clip for i, clip in enumerate(batch, score.count) if i in wanted]
            features = self._embed(batch[: max(0, (compared or count) - score.count)])
            moments = moments or Moments(features.shape[1])
            moments.add(features)
            score.add(batch, numbers if self._conditional else None)
            labels.append(numbers)
            self._advance(len(batch))
        return Judgement(moments or Moments(0), score, np.stack(shown), np.concatenate(labels))


def batched(clips: Iterable[tuple[np.ndarray, int]], size: int) -> Iterator[Batch]:
    """Stack clips and their labels into batches of ``size``; the last may be smaller."""
    waiting = iter(clips)
    while group := list(itertools.islice(waiting, size)):
        pictures, labels = zip(*group, strict=True)
        yield np.stack(pictures), np.array(labels, np.int32)
