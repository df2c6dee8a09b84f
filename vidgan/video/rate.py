"""Constant frame rate: which source frames to take, and how often, by their timestamps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vidgan.video.readers.base import ASSUMED_RATE, VideoReader

# Over a longer hole in the timestamps no frame is repeated: what follows is another shot.
LONGEST_HOLD_SECONDS = 2.0
# A frame belongs to a place from this much before it on. Not half, nor another simple fraction:
# where one rate is a multiple of the other, frames would lie exactly between two places, and the
# rounding of timestamps to milliseconds would choose now this, now that.
EARLY = 0.27


@dataclass
class Sample:
    """A source frame on the grid of the wanted rate.

    Attributes:
        index: its place on the grid.
        pixels: RGB uint8 ``(height, width, 3)``.
        copies: how many places it fills, more than one where the source is slower.
        gap: whether something is missing before it (damage, a hole in the timestamps).
    """

    index: int
    pixels: np.ndarray
    copies: int = 1
    gap: bool = False


def resampled_length(frames: int, rate: float, fps: float) -> int:
    """Return how many frames :func:`resample` makes of an unbroken video.

    Args:
        frames: of the video, at least 1.
        rate: of the video, frames a second.
        fps: frames a second wanted.
    """
    return math.floor((frames - 1) * fps / rate + EARLY) + 1


def resample(reader: VideoReader, fps: float) -> Iterator[Sample]:
    """Yield the frames of a reader at a constant rate.

    Every source frame takes a place on a grid of ``1 / fps`` seconds. Where several fall on one
    place the first wins (and the others are never converted to pixels); a place that none
    falls on repeats the frame before.

    Args:
        reader: an open video, at its start.
        fps: frames a second wanted.
    """
    # Images have no times: every one is one frame.
    stretch = fps if reader.timed else ASSUMED_RATE
    longest = max(1, math.ceil(LONGEST_HOLD_SECONDS * fps))
    held: Sample | None = None
    start = last = 0.0
    gap = False
    damaged = 0
    while (time := reader.grab()) is not None:
        gap |= reader.damaged > damaged
        damaged = reader.damaged
        if held is None:
            start = time
        index = math.floor((time - start) * stretch + EARLY)
        if held is not None:
            step = index - held.index
            if time < last or step > longest:
                # The clock jumped: let it go on from here.
                step = 1
                start = time - (held.index + 1) / stretch
                gap = True
            last = time
            if step < 1:
                continue
            held.copies = step
            yield held
            index = held.index + step
        last = time
        held = Sample(index, reader.retrieve(), gap=gap)
        gap = False
    if held is not None:
        yield held
