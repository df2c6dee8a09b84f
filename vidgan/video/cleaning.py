"""Cleaning: finding the frames that no model should learn, while they stream past.

All tests look at the small frames of the dataset, on the scale 0…255, and are made so that a dark
or a quiet scene stays: sensor noise and compression leave real frames neither pure black nor equal.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vidgan.video.rate import Sample

# Black is no picture at all: no value above what encoders make of black, and nothing to be seen in
# it. A night scene has lights or at least shapes, which lift the spread.
BLACK_PEAK = 20
BLACK_SPREAD = 2.5

# The same frame again, encoded twice, may round a few values by one. Noise of 0.2 grey levels, what
# is left of a camera's after shrinking, already changes every tenth value: ten times as much.
SAME_PEAK = 1
SAME_MEAN = 0.02

# From half a second on, repetition is a picture that froze, and what follows is another shot.
FROZEN_SECONDS = 0.5

# A flash or glitch differs from both neighbours by more than hand-held motion does (8 to 15 at 64
# pixels), while they resemble each other far more.
FLASH_MEAN = 20.0
FLASH_RATIO = 4.0
# At few frames a second, someone walking through the picture looks the same as a glitch.
FLASH_LOWEST_RATE = 8.0

REASONS = ("undecodable", "black", "frozen", "duplicate", "flash")


@dataclass
class CleanFrame:
    """A frame to keep.

    Attributes:
        sample: the frame.
        breaks: whether it cannot follow the frame kept before it: something is missing between.
        motion: mean difference to the frame kept before it, in grey levels; 0 after a break.
    """

    sample: Sample
    breaks: bool
    motion: float


def is_black(pixels: np.ndarray) -> bool:
    """Say whether uint8 pixels of any shape show nothing but black."""
    return bool(pixels.max() <= BLACK_PEAK and pixels.std() <= BLACK_SPREAD)


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    """Return the mean and the largest absolute difference of two uint8 arrays of one shape."""
    # Unsigned on purpose: |a - b| without a wider type, four times as fast.
    apart = np.maximum(one, other) - np.minimum(one, other)
    return float(apart.mean()), int(apart.max())


def is_same(mean: float, peak: int) -> bool:
    """Say whether a difference is one of encoding only."""
    return peak <= SAME_PEAK and mean <= SAME_MEAN


class Cleaner:
    """Drops black, frozen, duplicated and flashing frames from a stream of samples.

    Copies that the resampler made of a frame share its fate and are not duplicates.

    Attributes:
        dropped: reason → frames.
    """

    def __init__(self, fps: float, enabled: bool = True) -> None:
        """Prepare for a stream at ``fps``; when not ``enabled`` every frame passes."""
        self.dropped: Counter[str] = Counter()
        self._enabled = enabled
        self._flashes = fps >= FLASH_LOWEST_RATE
        self._freeze = max(2, round(FROZEN_SECONDS * fps))

    def __call__(self, samples: Iterator[Sample]) -> Iterator[CleanFrame]:
        """Yield the frames to keep; looks one frame ahead."""
        return self._measure(self._drop_flashes(self._drop_still(samples)))

    def _drop_still(self, samples: Iterator[Sample]) -> Iterator[Sample]:
        """Drop black frames and repetitions."""
        if not self._enabled:
            yield from samples
            return
        previous: np.ndarray | None = None
        repeated = 0
        gap = False
        for sample in samples:
            gap |= sample.gap
            if is_black(sample.pixels):
                self.dropped["black"] += sample.copies
                gap = True
                continue
            if previous is not None and is_same(*difference(previous, sample.pixels)):
                repeated += sample.copies
                continue
            gap |= self._count_repeats(repeated)
            repeated = 0
            previous = sample.pixels
            sample.gap = gap
            gap = False
            yield sample
        self._count_repeats(repeated)

    def _count_repeats(self, repeated: int) -> bool:
        """Count a run of repetitions and say whether it was long enough to be a frozen picture."""
        frozen = repeated >= self._freeze
        if repeated:
            self.dropped["frozen" if frozen else "duplicate"] += repeated
        return frozen

    def _drop_flashes(self, samples: Iterator[Sample]) -> Iterator[Sample]:
        """Drop single frames unlike their neighbours, which are alike."""
        if not (self._enabled and self._flashes):
            yield from samples
            return
        before: Sample | None = None
        middle: Sample | None = None
        for after in samples:
            if middle is None:
                middle = after
                continue
            if before is not None and _is_flash(before, middle, after):
                self.dropped["flash"] += middle.copies
            else:
                yield middle
                before = middle
            middle = after
        if middle is not None:
            yield middle

    def _measure(self, samples: Iterator[Sample]) -> Iterator[CleanFrame]:
        previous: np.ndarray | None = None
        for sample in samples:
            breaks = sample.gap or previous is None
            motion = 0.0
            if not breaks and previous is not None:
                motion = difference(previous, sample.pixels)[0]
            previous = sample.pixels
            yield CleanFrame(sample, breaks, motion)


def _is_flash(before: Sample, middle: Sample, after: Sample) -> bool:
    if middle.gap or after.gap:
        return False
    there, _ = difference(before.pixels, middle.pixels)
    if there < FLASH_MEAN:
        return False
    back, _ = difference(middle.pixels, after.pixels)
    across, _ = difference(before.pixels, after.pixels)
    return back >= FLASH_MEAN and across * FLASH_RATIO <= min(there, back)
