"""One pass over a set of clips that collects the statistics metrics are computed from."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources import Clip, ClipSet
from vidgan.metrics.consistency import Warping, warping_error
from vidgan.metrics.features import Embed, Features
from vidgan.metrics.memorisation import pixel_vectors
from vidgan.metrics.moments import Moments
from vidgan.metrics.motion import Motion, measure_motion

# Clips uint8 ``(n, frames, height, width, 3)`` and their labels, int32 ``(n,)``.
Batch = tuple[np.ndarray, np.ndarray]
# From clips uint8 ``(n, frames, height, width, 3)`` and labels int32 ``(n,)`` to logits ``(n,)``.
Discriminator = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Limits that keep memory independent of the number of clips. Where a set has more, clips at even
# distances in the set are taken.
# Clips that the report shows.
MAX_EXAMPLES = 8
# Feature vectors that are kept, for metrics that need more than moments.
MAX_VECTORS = 8192
# Clips that are kept at a low resolution; each takes 200 KB.
MAX_PIXELS = 512
# Clips whose warping error is computed, which takes two optical flows a frame.
MAX_WARPED = 256


@dataclass
class FeatureStatistics:
    """The features of a set of clips.

    Attributes:
        moments: mean and covariance of all vectors.
        vectors: float32 ``(up to MAX_VECTORS, dim)``, a sample; of a clip all frames or none.
    """

    moments: Moments
    vectors: np.ndarray


@dataclass
class ClipStatistics:
    """Statistics of a set of clips.

    Attributes:
        count: clips.
        features: by the name of the embedding.
        motion: of every clip, None where no group needs it.
        warping: of up to MAX_WARPED clips, None where no group needs it.
        pixels: up to MAX_PIXELS clips at a low resolution, float32 ``(k, n)``, None where no group
            needs them.
        logits: of the discriminator for every clip, float64 ``(count,)``, None without one.
        labels: int32 ``(count,)``; -1 where clips have none.
        examples: clips to show, uint8 ``(up to MAX_EXAMPLES, frames, height, width, 3)``.
        notes: what a reader of the report must know.
    """

    count: int
    features: dict[str, FeatureStatistics]
    motion: Motion | None
    warping: Warping | None
    pixels: np.ndarray | None
    logits: np.ndarray | None
    labels: np.ndarray
    examples: np.ndarray
    notes: list[str] = field(default_factory=list)

    @property
    def sampled_labels(self) -> np.ndarray:
        """Labels of the clips whose feature vectors are kept, int32 ``(k,)``."""
        return self.labels[:: sampling_step(self.count, MAX_VECTORS)]


class StatisticsCollector:
    """Collects the statistics of sets of clips.

    Args:
        features: embeddings, and the functions that compute them.
        motion: whether to compute motion and warping errors.
        pixels: whether to keep clips at a low resolution.
        discriminator: a discriminator, None for no logits.
        batch_size: clips processed at once.
        advance: called with the size of each batch that is done.
    """

    def __init__(
        self,
        features: Iterable[tuple[Features, Embed]],
        *,
        motion: bool,
        pixels: bool,
        discriminator: Discriminator | None,
        batch_size: int,
        advance: Callable[[int], object],
    ) -> None:
        self.features = list(features)
        self.motion, self.pixels, self.discriminator = motion, pixels, discriminator
        self.batch_size, self.advance = batch_size, advance

    def collect(self, clips: ClipSet) -> ClipStatistics:
        """Iterate over a set once and return its statistics.

        Raises:
            VidganError: the set cannot be read.
            InputError: none of its clips can be decoded.
        """
        frames, count = clips.shape.frames, clips.count
        vector_steps = {
            "clip": sampling_step(count, MAX_VECTORS),
            "frame": sampling_step(count, MAX_VECTORS // frames),
        }
        pixel_step, warped_step = (sampling_step(count, most) for most in (MAX_PIXELS, MAX_WARPED))
        shown = set(np.linspace(0, count - 1, min(MAX_EXAMPLES, count)).round().astype(int))
        moments = {each.name: Moments(each.dim) for each, _ in self.features}
        vectors: dict[str, list[np.ndarray]] = {each.name: [] for each, _ in self.features}
        motions, warping, pixels, logits, labels, examples = [], [], [], [], [], []
        done = 0
        for batch, batch_labels in batched(clips, self.batch_size):
            positions = np.arange(done, done + len(batch))
            for each, embed in self.features:
                embedded = embed(batch)
                moments[each.name].add(embedded)
                sampled = positions % vector_steps[each.unit] == 0
                per_clip = len(embedded) // len(batch)
                vectors[each.name].append(embedded[np.repeat(sampled, per_clip)])
            if self.pixels and (sampled := positions % pixel_step == 0).any():
                pixels.append(pixel_vectors(batch[sampled]))
            if self.motion:
                motions.append(measure_motion(batch))
                if (sampled := positions % warped_step == 0).any():
                    warping.append(warping_error(batch[sampled]))
            if self.discriminator is not None:
                logits.append(self.discriminator(batch, batch_labels))
            labels.append(batch_labels)
            examples += [
                clip for position, clip in zip(positions, batch, strict=True) if position in shown
            ]
            done += len(batch)
            self.advance(len(batch))
        if not done:
            raise InputError(
                f"{clips.path}: none of its {count} clips can be decoded; copy or create the file "
                "again"
            )
        return ClipStatistics(
            count=done,
            features={
                name: FeatureStatistics(each, np.concatenate(vectors[name]))
                for name, each in moments.items()
            },
            motion=Motion.join(motions) if motions else None,
            warping=Warping.join(warping) if warping else None,
            pixels=np.concatenate(pixels) if pixels else None,
            logits=np.concatenate(logits) if logits else None,
            labels=np.concatenate(labels),
            examples=np.stack(examples),
            notes=list(clips.notes),
        )

    def with_logits(self, statistics: ClipStatistics, clips: ClipSet) -> ClipStatistics:
        """Return statistics of a set from the cache, with the logits of this discriminator.

        Raises:
            VidganError: the set cannot be read.
        """
        if self.discriminator is None:
            self.advance(statistics.count)
            return statistics
        logits = []
        for batch, labels in batched(clips, self.batch_size):
            logits.append(self.discriminator(batch, labels))
            self.advance(len(batch))
        return replace(statistics, logits=np.concatenate(logits))


def sampling_step(count: int, most: int) -> int:
    """Return the smallest n for which every n-th of ``count`` clips are at most ``most``."""
    return max(1, -(-count // most))


def batched(clips: Iterable[Clip], size: int) -> Iterator[Batch]:
    """Stack clips and their labels into batches of ``size``; the last may be smaller."""
    iterator = iter(clips)
    while group := list(itertools.islice(iterator, size)):
        batch, labels = zip(*group, strict=True)
        yield np.stack(batch), np.array(labels, np.int32)
