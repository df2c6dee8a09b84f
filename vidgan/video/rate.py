"""Resampling to a constant frame rate by timestamps, repeating and dropping frames."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vidgan.video.readers.base import DEFAULT_RATE, VideoReader

# A longer gap in the timestamps is not filled with copies: the next frame begins another shot.
MAX_HOLD_SECONDS = 2.0
# A frame belongs to an output index from this fraction of a period before it. Not 1/2 or another
# simple fraction: if one rate is a multiple of the other, frames would lie exactly between two
# indices, and the rounding of timestamps to milliseconds would decide.
EARLY = 0.27


@dataclass
class ResampledFrame:
    """A source frame with its index at the output rate.

    Attributes:
        index: number of the output frame.
        pixels: uint8 RGB ``(height, width, 3)``.
        copies: number of output frames that show it; more than 1 if the source is slower.
        gap: whether frames are missing before it (decoding errors, a gap in the timestamps).
    """

    index: int
    pixels: np.ndarray
    copies: int = 1
    gap: bool = False


def resampled_length(frames: int, rate: float, fps: float) -> int:
    """Return the number of frames that :func:`resample` yields for a video without gaps.

    Args:
        frames: number of source frames, at least 1.
        rate: source frames a second.
        fps: output frames a second.
    """
    return math.floor((frames - 1) * fps / rate + EARLY) + 1


def resample(reader: VideoReader, fps: float, begin: float = 0.0) -> Iterator[ResampledFrame]:
    """Yield the frames of a reader at a constant rate.

    Output indices are ``1 / fps`` seconds apart. Of several source frames with one index the first
    is used (the others are not converted to RGB); an index without a source frame repeats the
    frame before.

    Args:
        reader: an open video, at its start.
        fps: output frames a second.
        begin: in seconds from the start of the file; earlier frames are left out.
    """
    # Images have no timestamps: each is one output frame.
    stretch = fps if reader.has_timestamps else DEFAULT_RATE
    earliest = -math.inf
    if begin:
        first = begin * fps / stretch
        if reader.has_timestamps:
            reader.seek(reader.start_time + first)
            first += reader.start_time
        earliest = first - EARLY / stretch
    longest = max(1, math.ceil(MAX_HOLD_SECONDS * fps))
    current: ResampledFrame | None = None
    start = 0.0
    gap = False
    damaged = 0
    while (time := reader.grab()) is not None:
        gap |= reader.decode_errors > damaged
        damaged = reader.decode_errors
        if current is None:
            if time < earliest:
                continue
            start = time
        index = math.floor((time - start) * stretch + EARLY)
        if current is not None:
            step = index - current.index
            if step > longest:
                # A pause: continue from here.
                step = 1
                start = time - (current.index + 1) / stretch
                gap = True
            if step < 1:
                continue
            current.copies = step
            yield current
            index = current.index + step
        current = ResampledFrame(index, reader.retrieve(), gap=gap)
        gap = False
    if current is not None:
        yield current
