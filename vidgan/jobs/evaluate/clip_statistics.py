"""One pass over a set of clips that gathers all that figures are made of."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

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
# Clips of a set that the pictures show.
SHOWN = 8
# Vectors of a set that are kept, spread over all clips, for what needs more than moments: memory
# does not grow with the clips beyond that.
KEPT = 8192
# Clips of a set of which small pictures are kept, spread likewise: each takes 200 KB.
PIXELS = 512
# Clips of a set whose warping error is measured, spread likewise: it takes two flows a frame.
WARPED = 256


@dataclass
class Embedded:
    """A set's features.

    Attributes:
        moments: of all vectors.
        vectors: float32 ``(up to KEPT, dim)``, those kept, of frames all of a clip or none.
    """

    moments: Moments
    vectors: np.ndarray


@dataclass
class ClipStatistics:
    """What one pass over a set has gathered.

    Attributes:
        count: clips.
        embedded: by the features' name.
        motion: of every clip, None where it was not asked for.
        warping: of up to WARPED clips, likewise.
        pixels: of up to PIXELS clips, float32 ``(k, n)``, None where they were not asked for.
        logits: of the discriminator on every clip, float64, None without one.
        labels: int32, of every clip; -1 where they have none.
        shown: uint8 ``(up to SHOWN, frames, height, width, 3)``, spread over all clips.
        notes: what a reader of the figures must know.
    """

    count: int
    embedded: dict[str, Embedded]
    motion: Motion | None
    warping: Warping | None
    pixels: np.ndarray | None
    logits: np.ndarray | None
    labels: np.ndarray
    shown: np.ndarray
    notes: list[str] = field(default_factory=list)

    @property
    def kept_labels(self) -> np.ndarray:
        """Labels of the kept clips, int32 ``(k,)``."""
        return self.labels[:: every(self.count, KEPT)]


class StatisticsCollector:
    """Goes through sets of clips.

    Args:
        features: what to embed with, and the functions that do it.
        motion: whether to measure how clips move.
        pixels: whether to keep small pictures of the clips.
        judge: a discriminator, from clips and labels to logits; see ``load_discriminator``.
        batch_size: clips handled at once.
        advance: called with the size of each batch that is done.
    """

    def __init__(
        self,
        features: Iterable[tuple[Features, Embed]],
        *,
        motion: bool,
        pixels: bool,
        judge: Callable[[np.ndarray, np.ndarray], np.ndarray] | None,
        batch_size: int,
        advance: Callable[[int], Any],
    ) -> None:
        self.features = list(features)
        self.motion, self.pixels, self.judge = motion, pixels, judge
        self.batch_size, self.advance = batch_size, advance

    def look(self, clips: ClipSet) -> ClipStatistics:
        """Go through a set once.

        Raises:
            VidganError: the set cannot be read.
            InputError: none of its clips can be decoded.
        """
        framed = KEPT // clips.shape.frames
        steps = {"clip": every(clips.count, KEPT), "frame": every(clips.count, framed)}
        pictured, warped = (every(clips.count, most) for most in (PIXELS, WARPED))
        wanted = set(np.linspace(0, clips.count - 1, min(SHOWN, clips.count)).round().astype(int))
        moments = {each.name: Moments(each.dim) for each, _ in self.features}
        kept: dict[str, list[np.ndarray]] = {each.name: [] for each, _ in self.features}
        motions, warping, pixels, logits, labels, shown = [], [], [], [], [], []
        done = 0
        for batch, numbers in batched(clips, self.batch_size):
            places = np.arange(done, done + len(batch))
            for each, embed in self.features:
                found = embed(batch)
                moments[each.name].add(found)
                held = places % steps[each.unit] == 0
                kept[each.name].append(found[np.repeat(held, len(found) // len(batch))])
            if self.pixels and (taken := places % pictured == 0).any():
                pixels.append(pixel_vectors(batch[taken]))
            if self.motion:
                motions.append(measure_motion(batch))
                if (taken := places % warped == 0).any():
                    warping.append(warping_error(batch[taken]))
            if self.judge is not None:
                logits.append(self.judge(batch, numbers))
            labels.append(numbers)
            shown += [clip for place, clip in zip(places, batch, strict=True) if place in wanted]
            done += len(batch)
            self.advance(len(batch))
        if not done:
            raise InputError(
                f"{clips.path}: none of its {clips.count} clips can be decoded; copy or make it "
                "again"
            )
        return ClipStatistics(
            count=done,
            embedded={
                name: Embedded(each, np.concatenate(kept[name])) for name, each in moments.items()
            },
            motion=Motion.join(motions) if motions else None,
            warping=Warping(
                np.concatenate([each.error for each in warping]),
                np.concatenate([each.visible for each in warping]),
            )
            if warping
            else None,
            pixels=np.concatenate(pixels) if pixels else None,
            logits=np.concatenate(logits) if logits else None,
            labels=np.concatenate(labels),
            shown=np.stack(shown),
            notes=list(clips.notes),
        )

    def judged(self, gathered: ClipStatistics, clips: ClipSet) -> ClipStatistics:
        """Return what was gathered of a set before, with what the discriminator says of it now.

        Raises:
            VidganError: the set cannot be read.
        """
        if self.judge is None:
            self.advance(gathered.count)
            return gathered
        logits = []
        for batch, numbers in batched(clips, self.batch_size):
            logits.append(self.judge(batch, numbers))
            self.advance(len(batch))
        return replace(gathered, logits=np.concatenate(logits))


def every(count: int, most: int) -> int:
    """Return n such that every n-th of ``count`` clips are at most ``most``."""
    return max(1, -(-count // most))


def batched(clips: Iterable[Clip], size: int) -> Iterator[Batch]:
    """Stack clips and their labels into batches of ``size``; the last may be smaller."""
    waiting = iter(clips)
    while group := list(itertools.islice(waiting, size)):
        pictures, labels = zip(*group, strict=True)
        yield np.stack(pictures), np.array(labels, np.int32)
