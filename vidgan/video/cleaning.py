"""Cleaning: dropping black, frozen, duplicated and flashing frames from a stream.

The tests run on frames of the dataset's size, with values 0…255. Dark and static scenes pass them:
after sensor noise and compression, real frames are neither pure black nor equal.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vidgan.video.rate import ResampledFrame

# Largest value and standard deviation of a black frame after encoding. Night scenes have lights or
# shapes, which raise the deviation.
BLACK_PEAK = 20
BLACK_SPREAD = 2.5

# Largest and mean difference of a frame encoded twice: a few values are rounded differently.
# Camera noise that is left after downscaling, 0.2 grey levels, has ten times this mean.
SAME_PEAK, SAME_MEAN = 1, 0.02
# Encoders keep refining a frame that is repeated. It counts as repeated up to these differences,
# and up to this fraction of the video's average motion; a person holding a pose moves more.
STOPPED_PEAK, STOPPED_MEAN, STOPPED_FRACTION = 12, 0.12, 1 / 40
# Frames over which the average motion is taken (as a moving average).
MOTION_AVERAGE_FRAMES = 25

# Repetitions of at least this length are a frozen video, and the next frame begins another shot.
FROZEN_SECONDS = 0.5

# A flash differs from both neighbours by at least this mean difference, by this factor more than
# they differ from each other, and by this factor more than the frames before it: strobes and fast
# motion are content.
FLASH_MEAN = 20.0
FLASH_RATIO = 4.0
FLASH_MOTION_RATIO = 2.0
# At lower frame rates a person walking through the scene cannot be told from a flash.
FLASH_MIN_RATE = 8.0


@dataclass
class CleanFrame:
    """A frame to keep.

    Attributes:
        sample: the frame.
        breaks: whether frames are missing between it and the frame kept before it.
        motion: mean difference from the frame kept before it, in grey levels; 0 after a break.
    """

    sample: ResampledFrame
    breaks: bool
    motion: float


def is_black(pixels: np.ndarray) -> bool:
    """Return whether uint8 pixels of any shape are black."""
    return bool(pixels.max() <= BLACK_PEAK and pixels.std() <= BLACK_SPREAD)


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    """Return the mean and the largest absolute difference of two uint8 arrays of one shape."""
    # Ten times as fast as the same in NumPy.
    mean = cv2.norm(one, other, cv2.NORM_L1) / one.size
    return mean, int(cv2.norm(one, other, cv2.NORM_INF))


class Cleaner:
    """Drops black, frozen, duplicated and flashing frames from a stream.

    Copies that resampling added are kept or dropped with their frame; they are not duplicates.

    Attributes:
        dropped: number of dropped frames by reason.
    """

    def __init__(self, fps: float, enabled: bool = True) -> None:
        """Prepare for a stream.

        Args:
            fps: its frames a second.
            enabled: whether to drop frames; else all of them are kept.
        """
        self.dropped: Counter[str] = Counter()
        self._enabled = enabled
        self._flashes = enabled and fps >= FLASH_MIN_RATE
        self._freeze = max(2, round(FROZEN_SECONDS * fps))
        self._mean_motion = 0.0

    def __call__(self, samples: Iterator[ResampledFrame]) -> Iterator[CleanFrame]:
        """Yield the frames to keep; reads one frame ahead."""
        frames = self._drop_still(samples)
        return self._drop_flashes(frames) if self._flashes else frames

    def _drop_still(self, samples: Iterator[ResampledFrame]) -> Iterator[CleanFrame]:
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
                self._mean_motion += (motion - self._mean_motion) / MOTION_AVERAGE_FRAMES
            previous, repeated, gap = sample.pixels, 0, False
            yield CleanFrame(sample, breaks, 0.0 if breaks else motion)
        self._count_repeats(repeated)

    def _is_same(self, motion: float, peak: int) -> bool:
        if peak <= SAME_PEAK and motion <= SAME_MEAN:
            return True
        return peak <= STOPPED_PEAK and motion <= min(
            STOPPED_MEAN, self._mean_motion * STOPPED_FRACTION
        )

    def _count_repeats(self, repeated: int) -> bool:
        """Count repetitions of a frame; return whether they are a frozen video."""
        frozen = repeated >= self._freeze
        if repeated:
            self.dropped["frozen" if frozen else "duplicate"] += repeated
        return frozen

    def _drop_flashes(self, frames: Iterator[CleanFrame]) -> Iterator[CleanFrame]:
        """Drop single frames that differ from both neighbours."""
        before = middle = None
        # Motion into ``before``, flashes included: two flashes in a row are a strobe and are kept.
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
    before: CleanFrame, middle: CleanFrame, after: CleanFrame, motion: float
) -> float | None:
    """Return the difference of ``before`` and ``after`` if ``middle`` is a flash, else None.

    Args:
        before: a frame.
        middle: the frame after it.
        after: the frame after that.
        motion: mean difference of ``before`` from the frame before it.
    """
    flash = min(middle.motion, after.motion)
    # After a break the motion is 0, so that no flash is found across it.
    if flash < FLASH_MEAN or flash < FLASH_MOTION_RATIO * motion:
        return None
    across, _ = difference(before.sample.pixels, after.sample.pixels)
    return across if across * FLASH_RATIO <= flash else None
