"""The training clips nearest to generated clips, and whether those are copies."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.clip_sets import ClipSets
from vidgan.jobs.evaluate.clip_statistics import (
    MAX_VECTORS,
    ClipStatistics,
    batched,
    sampling_step,
)
from vidgan.jobs.evaluate.report.media import NearestPairs
from vidgan.metrics.features import Embed
from vidgan.metrics.memorisation import Nearest, pixel_vectors
from vidgan.metrics.pairwise import rounding

# Pairs of generated and training clips that the report shows.
MAX_PAIRS = 6


@dataclass
class NearestNeighbours:
    """The nearest training clip of each sampled clip of a set.

    Attributes:
        by_features: the nearest in features.
        by_pixels: the nearest in pixels.
    """

    by_features: Nearest
    by_pixels: Nearest

    @classmethod
    def of(cls, statistics: ClipStatistics, features: str) -> "NearestNeighbours":
        """Start a search for the neighbours of a set's sampled clips."""
        assert statistics.pixels is not None, "needed, so collected"
        vectors = statistics.features[features].vectors
        return cls(Nearest(vectors, rounding(vectors)), Nearest(statistics.pixels))


def find_nearest_training_clips(
    clip_sets: ClipSets,
    statistics: dict[str, ClipStatistics],
    features: str,
    embed: Embed,
    batch_size: int,
    advance: Callable[[int], object],
) -> tuple[dict[str, metrics.Memorisation], NearestPairs]:
    """Find the training clips nearest to generated and to held-out clips, and compare distances.

    Args:
        clip_sets: the sets.
        statistics: their statistics, by the name of the set.
        features: name of the embedding that clips are compared in.
        embed: computes it.
        batch_size: clips processed at once.
        advance: called with the size of each batch that is done.

    Returns:
        The verdicts by ``features`` and ``pixels``, and the nearest pairs.

    Raises:
        VidganError: the training clips cannot be read.
    """
    generated = NearestNeighbours.of(statistics["generated"], features)
    held_out = NearestNeighbours.of(statistics[clip_sets.held_out], features)
    embed = _stored_embedding(clip_sets, statistics, features) or embed
    for batch, _ in batched(clip_sets.training, batch_size):
        vectors, small = embed(batch), pixel_vectors(batch)
        for neighbours in (generated, held_out):
            neighbours.by_features.add(vectors)
            neighbours.by_pixels.add(small)
        advance(len(batch))
    memorisation = {
        "features": metrics.assess_memorisation(
            generated.by_features.distances, held_out.by_features.distances
        ),
        "pixels": metrics.assess_memorisation(
            generated.by_pixels.distances, held_out.by_pixels.distances
        ),
    }
    step = sampling_step(statistics["generated"].count, MAX_VECTORS)
    nearest = [int(each) for each in memorisation["features"].order[:MAX_PAIRS]]
    indices = generated.by_features.indices
    return memorisation, NearestPairs(
        clip_sets.generated.at([each * step for each in nearest]),
        clip_sets.training.at([int(indices[each]) for each in nearest]),
    )


def _stored_embedding(
    clip_sets: ClipSets, statistics: dict[str, ClipStatistics], features: str
) -> Embed | None:
    """Return a replay of the training clips' features if a set of the same clips has them all."""
    key = clip_sets.training.key
    for name, clips in clip_sets.by_name.items():
        vectors = statistics[name].features[features].vectors
        if clips.key == key and len(vectors) == statistics[name].count:
            remaining = iter(vectors)
            return lambda batch: np.array(list(islice(remaining, len(batch))))
    return None
