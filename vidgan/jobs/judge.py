"""One pass over a set of clips that gathers all that the report says of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidgan.metrics.discriminator import DiscriminatorScore
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import Moments

# Clips of a set that the picture shows.
SHOWN = 8


@dataclass(frozen=True)
class Judgement:
    """What one pass over a set of clips has gathered.

    Attributes:
        moments: of the features of the clips that are compared.
        score: the discriminator's logits on all clips.
        shown: uint8 ``(up to SHOWN, frames, height, width, 3)``, spread over all clips.
    """

    moments: Moments
    score: DiscriminatorScore
    shown: np.ndarray


class Judge:
    """Looks at sets of clips with one discriminator and one embedding.

    Memory does not grow with the clips.
    """

    def __init__(
        self, judge: Callable[..., Any], features: str, advance: Callable[[int], Any]
    ) -> None:
        """Remember what to look with.

        Args:
            judge: from clips in [-1, 1] to logits ``(n,)``; see ``Run.load_judge``.
            features: a name in ``vidgan.metrics.FEATURES``.
            advance: called with the size of each batch that is done.
        """
        self._judge = judge
        self._embed = FEATURES[features]
        self._advance = advance

    def look(
        self, batches: Iterable[np.ndarray], count: int, *, compared: int | None = None
    ) -> Judgement:
        """Look at a set of clips once.

        Args:
            batches: uint8 ``(n, frames, height, width, 3)``.
            count: how many clips they hold together.
            compared: how many of the first enter the moments; by default all.
        """
        score = DiscriminatorScore(self._judge)
        moments: Moments | None = None
        # Neighbours come from one shot: the picture takes its clips from all over the set.
        wanted = set(np.linspace(0, count - 1, min(SHOWN, count)).round().astype(int).tolist())
        shown = []
        for batch in batches:
            shown += [clip for i, clip in enumerate(batch, score.count) if i in wanted]
            features = self._embed(batch[: max(0, (compared or count) - score.count)])
            moments = moments or Moments(features.shape[1])
            moments.add(features)
            score.add(batch)
            self._advance(len(batch))
        return Judgement(moments or Moments(0), score, np.stack(shown))


def batched(clips: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Stack clips into batches of ``size``; the last may be smaller."""
    waiting: list[np.ndarray] = []
    for clip in clips:
        waiting.append(clip)
        if len(waiting) == size:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)
