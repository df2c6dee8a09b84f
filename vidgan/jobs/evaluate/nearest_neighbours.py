"""Which training clips are nearest to generated clips, and whether those are copies."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.clip_sets import ClipSets
from vidgan.jobs.evaluate.clip_statistics import KEPT, ClipStatistics, batched, every
from vidgan.jobs.evaluate.sources import ClipSet
from vidgan.metrics.features import Embed
from vidgan.metrics.memorisation import Nearest, pixel_vectors
from vidgan.metrics.pairwise import rounding

# Pairs of generated and training clips that the report shows.
PAIRS = 6


@dataclass
class NearestNeighbours:
    """Kept clips of a set, and for each the nearest clip of a stream that goes by.

    Attributes:
        by_features: the nearest in features.
        by_pixels: the nearest in pixels.
    """

    by_features: Nearest
    by_pixels: Nearest

    @classmethod
    def of(cls, gathered: ClipStatistics, features: str) -> "NearestNeighbours":
        """Look out for the nearest of a set's kept clips."""
        assert gathered.pixels is not None, "asked for"
        vectors = gathered.embedded[features].vectors
        return cls(Nearest(vectors, rounding(vectors)), Nearest(gathered.pixels))


def memorised(
    sides: ClipSets,
    gathered: dict[str, ClipStatistics],
    features: str,
    embed: Embed,
    batch_size: int,
    advance: Callable[[int], Any],
) -> tuple[dict[str, metrics.Memorisation], dict[str, np.ndarray]]:
    """Look for the training clips that are nearest to generated and to held-out clips.

    Args:
        sides: the sets.
        gathered: what was gathered of them, by name.
        features: the name of the features that clips are compared in.
        embed: from clips to these.
        batch_size: clips handled at once.
        advance: called with the size of each batch that is done.

    Returns:
        The verdicts by ``features`` and ``pixels``, and the nearest pairs: ``copies``, generated
        clips, and ``originals``, training clips, uint8 ``(pairs, frames, height, width, 3)``.

    Raises:
        VidganError: the training clips cannot be read.
    """
    made = NearestNeighbours.of(gathered["generated"], features)
    held = NearestNeighbours.of(gathered[sides.held], features)
    embed = _known(sides, gathered, features) or embed
    for batch, _ in batched(sides.training, batch_size):
        vectors, small = embed(batch), pixel_vectors(batch)
        for lookout in (made, held):
            lookout.by_features.add(vectors)
            lookout.by_pixels.add(small)
        advance(len(batch))
    found = {
        "features": metrics.judge_memorisation(
            made.by_features.distances, held.by_features.distances
        ),
        "pixels": metrics.judge_memorisation(made.by_pixels.distances, held.by_pixels.distances),
    }
    return found, _nearest_pairs(
        sides.generated,
        sides.training,
        found["features"].order,
        made.by_features.indices,
        every(gathered["generated"].count, KEPT),
    )


def _known(sides: ClipSets, gathered: dict[str, ClipStatistics], features: str) -> Embed | None:
    """Return the embedding of the training clips in turn, if a set of the same clips has it."""
    key = sides.training.key
    for name, clips in sides.named.items():
        vectors = gathered[name].embedded[features].vectors
        if clips.key == key and len(vectors) == gathered[name].count:
            rest = iter(vectors)
            return lambda batch: np.array(list(islice(rest, len(batch))))
    return None


def _nearest_pairs(
    generated: ClipSet, training: ClipSet, order: np.ndarray, nearest: np.ndarray, step: int
) -> dict[str, np.ndarray]:
    """Return the generated clips nearest to training clips, and those training clips.

    Args:
        generated: the generated clips.
        training: the training clips.
        order: the kept generated clips from the nearest on.
        nearest: for each kept generated clip the training clip, by its place in the set.
        step: every which generated clip was kept.

    Returns:
        ``copies`` and ``originals``, uint8 ``(pairs, frames, height, width, 3)``.
    """
    chosen = [int(i) for i in order[:PAIRS]]
    found = {}
    for name, clips, places in (
        ("copies", generated, [i * step for i in chosen]),
        ("originals", training, [int(nearest[i]) for i in chosen]),
    ):
        wanted = set(places)
        last = max(wanted)
        held = {}
        for place, (clip, _) in enumerate(clips):
            if place in wanted:
                held[place] = clip
            if place >= last:
                break
        found[name] = np.stack([held[place] for place in places])
    return found
