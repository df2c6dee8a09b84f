"""A source with more frames than the video: the evidence for frames between its frames."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from vidgan.errors import InputError
from vidgan.tiling.source import VideoSource
from vidgan.tiling.windows import Frame
from vidgan.video.interpolation import FramePair, held
from vidgan.video.shots import mark_cuts

# Largest denominator of a frame rate, such as 60000/1001.
MAX_DENOMINATOR = 1001
# A new frame this near to one of the video, as a fraction of the time between two, is a copy of it.
# So is one within a tick of it: the times of some containers are rounded to milliseconds.
_NEAR = Fraction(1, 50)
# Unless ticks are coarser than this.
_COARSE = Fraction(1, 10)


@dataclass(frozen=True)
class _Interval:
    """The time from one frame to the next, in ticks of the video.

    Attributes:
        start: when the frame before is shown.
        stop: when the frame after is.
        pair: both.
        is_cut: whether a new shot begins with the frame after.
    """

    start: int
    stop: int
    pair: FramePair
    is_cut: bool


class InterpolatedSource:
    """The frames of a video and frames between them, each as evidence for a filter.

    The attributes are those of :class:`VideoSource`, for the new frames. See
    :mod:`vidgan.video.interpolation` for the evidence. Between two shots, the nearer frame is
    repeated, and so is the last one until it ends.

    Args:
        source: the video.
        times: number of new frames for each one of the video.
        rate: frames a second instead, at times that are multiples of its period.
        use_flow: whether the evidence has optical flow.

    Raises:
        InputError: ``rate`` is not above that of the video.
    """

    def __init__(
        self,
        source: VideoSource,
        times: int,
        rate: float | None = None,
        use_flow: bool = True,
    ) -> None:
        if rate is not None and rate <= source.fps:
            raise InputError(
                f"{source.path}: has {source.fps:g} frames a second already; use a --rate above "
                "that, or --times"
            )
        self._source, self._times, self._use_flow = source, times, use_flow
        self._period = (
            None if rate is None else 1 / Fraction(rate).limit_denominator(MAX_DENOMINATOR)
        )
        self.path, self.size, self.begin = source.path, source.size, source.begin
        self.pixel_aspect, self.is_span = source.pixel_aspect, source.is_span
        self.fps = source.fps * times if rate is None else rate
        self.time_base = self._period or source.time_base / times
        self.expected_frames = math.ceil(source.expected_frames * self.fps / source.fps)
        self.end_time = 0

    @property
    def problem(self) -> str | None:
        """See :class:`VideoSource`."""
        return self._source.problem

    @property
    def notes(self) -> list[str]:
        """See :class:`VideoSource`."""
        return self._source.notes

    def read(self, skip: int = 0) -> Iterator[Frame]:
        """Yield the frames.

        Args:
            skip: number of frames to leave out at the start; nothing is computed for them.

        Raises:
            InputError: see :meth:`VideoSource.read`.
            OptionError: see :meth:`VideoSource.read`.
        """
        count = 0
        for interval in self._intervals():
            for time in self._new_times(interval, first=not count):
                count += 1
                if count > skip:
                    yield Frame(time, self._evidence(interval, time))
        self.end_time = max(time + 1, round(interval.stop * self._scale))

    def _intervals(self) -> Iterator[_Interval]:
        """Yield the time from each frame of the video to the next one, or to its end."""
        frames = mark_cuts(self._source.read(), lambda frame: frame.pixels, self._source.fps)
        last, _ = next(frames)
        for frame, cut in frames:
            pair = FramePair(last.pixels, frame.pixels, self._use_flow)
            yield _Interval(last.time, frame.time, pair, is_cut=cut)
            last = frame
        # Known once all frames have been read.
        end = self._source.end_time
        yield _Interval(last.time, end, FramePair(last.pixels, last.pixels), is_cut=True)

    @property
    def _scale(self) -> Fraction:
        """New ticks of a tick of the video."""
        return self._source.time_base / self.time_base

    def _new_times(self, interval: _Interval, first: bool) -> Iterable[int]:
        """Return the new ticks of an interval.

        Args:
            interval: the interval.
            first: whether it is the first one of the video.
        """
        start, stop = interval.start, interval.stop
        if self._period is None:
            # Times the factor, ticks are whole: those between are evenly spaced.
            return range(start * self._times, stop * self._times, stop - start)
        begin = start * self._scale
        return range(
            math.floor(begin) if first else math.ceil(begin), math.ceil(stop * self._scale)
        )

    def _evidence(self, interval: _Interval, time: int) -> np.ndarray:
        """Return the evidence for the frame at a new tick."""
        length = interval.stop - interval.start
        fraction = (time / self._scale - interval.start) / length
        tick = Fraction(1, length)
        near = max(_NEAR, tick) if tick <= _COARSE else _NEAR
        if self._period is None:
            near = Fraction(0)
        if interval.is_cut or not near < fraction < 1 - near:
            late = fraction >= Fraction(1, 2)
            return held(interval.pair.after if late else interval.pair.before)
        return interval.pair.evidence(float(fraction))
