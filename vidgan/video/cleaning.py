"""Cleaning: finding the frames that no model should learn, while they stream past.

All tests look at the small frames of the dataset, on the scale 0…255, and are made so that a dark
or a quiet scene stays: sensor noise and compression leave real frames neither pure black nor equal.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vidgan.video.rate import Sample

# Black is no picture at all: no value above what encoders make of black, and nothing to be seen in
# it. A night scene has lights or at least shapes, which lift the spread.
BLACK_PEAK = 20
BLACK_SPREAD = 2.5

# The same frame again, encoded twice, may round a few values by one. Noise of 0.2 grey levels, what
# is left of a camera's after shrinking, already changes every tenth value: ten times as much.
SAME_PEAK, SAME_MEAN = 1, 0.02
# Where things move, an encoder goes on refining a picture that has stopped. So little, beside the
# change that is usual in a video, is a stop; a person who holds a pose changes more.
STOPPED_PEAK, STOPPED_MEAN, STOPPED_SHARE = 12, 0.12, 1 / 40
# The usual change is averaged over about so many frames.
MEMORY = 25

# From half a second on, repetition is a picture that froze, and what follows is another shot.
FROZEN_SECONDS = 0.5

# A flash or glitch differs from both neighbours by much, while they resemble each other far more,
# and the picture did not change as much before: strobes and things that swing fast are content.
FLASH_MEAN = 20.0
FLASH_RATIO = 4.0
FLASH_CALM = 2.0
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
    # OpenCV's norms take a tenth of the time that NumPy needs for the same.
    mean = cv2.norm(one, other, cv2.NORM_L1) / one.size
    return mean, int(cv2.norm(one, other, cv2.NORM_INF))


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
        self._flashes = enabled and fps >= FLASH_LOWEST_RATE
        self._freeze = max(2, round(FROZEN_SECONDS * fps))
        self._usual = 0.0

    def __call__(self, samples: Iterator[Sample]) -> Iterator[CleanFrame]:
        """Yield the frames to keep; looks one frame ahead."""
        frames = self._drop_still(samples)
        return self._drop_flashes(frames) if self._flashes else frames

    def _drop_still(self, samples: Iterator[Sample]) -> Iterator[CleanFrame]:
        """Drop black frames and repetitions, and measure the motion between the others."""
        previous: np.ndarray | None = None
        repeated = 0
        gap = False
        for sample in samples:
            gap |= sample.gap
            if self._enabled and is_black(sample.pixels):
                self.dropped["black"] += sample.copies
                gap = True
                continue
            motion, peak = (0.0, 0)
            if previous is not None:
                motion, peak = difference(previous, sample.pixels)
                if self._enabled and self._is_same(motion, peak):
                    repeated += sample.copies
                    continue
            gap |= self._count_repeats(repeated)
            breaks = gap or previous is None
            if not breaks:
                self._usual += (motion - self._usual) / MEMORY
            previous, repeated, gap = sample.pixels, 0, False
            yield CleanFrame(sample, breaks, 0.0 if breaks else motion)
        self._count_repeats(repeated)

    def _is_same(self, motion: float, peak: int) -> bool:
        if peak <= SAME_PEAK and motion <= SAME_MEAN:
            return True
        return peak <= STOPPED_PEAK and motion <= min(STOPPED_MEAN, self._usual * STOPPED_SHARE)

    def _count_repeats(self, repeated: int) -> bool:
        """Count a run of repetitions and say whether it was long enough to be a frozen picture."""
        frozen = repeated >= self._freeze
        if repeated:
            self.dropped["frozen" if frozen else "duplicate"] += repeated
        return frozen

    def _drop_flashes(self, frames: Iterator[CleanFrame]) -> Iterator[CleanFrame]:
        """Drop single frames unlike their neighbours, which are alike."""
        before = middle = None
        # How much the picture changed to become ``before``, flashes included: a second flash
        # straight after the first is a strobe, and stays.
        change = next_change = 0.0
        for after in frames:
            if before is not None and middle is not None:
                across = _across_flash(before, middle, after, change)
                if across is not None:
                    self.dropped["flash"] += middle.sample.copies
                    next_change = after.motion
                    middle = CleanFrame(after.sample, after.breaks, across)
                    continue
            if middle is not None:
                yield middle
                before, change = middle, next_change
            middle, next_change = after, after.motion
        if middle is not None:
            yield middle


def _across_flash(
    before: CleanFrame, middle: CleanFrame, after: CleanFrame, usual: float
) -> float | None:
    """Return the difference of ``before`` and ``after`` if ``middle`` is a flash, else None."""
    flash = min(middle.motion, after.motion)
    # After a break the motion is 0, and so a flash is never found across one.
    if flash < FLASH_MEAN or flash < FLASH_CALM * usual:
        return None
    across, _ = difference(before.sample.pixels, after.sample.pixels)
    return across if across * FLASH_RATIO <= flash else None
