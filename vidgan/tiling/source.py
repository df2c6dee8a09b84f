"""The source video of a restoration: its frames within a span, and their times."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol, Self

from vidgan.errors import InputError, OptionError
from vidgan.tiling.windows import Frame
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.open import open_video

# Ticks by which a frame may lie before the start of a span: decimal fractions are not exact.
_TICK_ERROR = Fraction(1, 1000)


class FrameSource(Protocol):
    """What a filter is applied to: a span of a video, or frames made from it.

    The attributes are those of :class:`VideoSource`.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    time_base: Fraction
    pixel_aspect: Fraction
    expected_frames: int
    begin: float
    end_time: int

    @property
    def is_span(self) -> bool:
        """See :class:`VideoSource`."""

    @property
    def problem(self) -> str | None:
        """See :class:`VideoSource`."""

    @property
    def notes(self) -> list[str]:
        """See :class:`VideoSource`."""

    def read(self, skip: int = 0) -> Iterator[Frame]:
        """Yield the frames; see :meth:`VideoSource.read`."""


class VideoSource:
    """A span of an open video; use it in a ``with`` block.

    Attributes:
        path: the file or folder.
        size: ``(width, height)`` in pixels, after rotation.
        fps: nominal frames a second.
        time_base: seconds of a tick; times are multiples of it.
        pixel_aspect: width of a pixel over its height, as displayed.
        frames: number of frames of the file by its header; 0 if unknown.
        has_timestamps: whether the file has timestamps.
        expected_frames: approximate number of frames of the span; 0 if unknown.
        begin: start of the span, in seconds of the file.
        end: its end; None for the end of the file.
        must_count: whether ``frame_number`` must be exact, for which all frames before the span
            are decoded.
        end_time: end of the last frame in ticks from ``begin``, once it has been read.
    """

    def __init__(
        self,
        path: Path,
        begin: float = 0.0,
        end: float | None = None,
        max_frames: int | None = None,
    ) -> None:
        """Open the video.

        Args:
            path: a file or a folder of numbered images.
            begin: start of the span in seconds.
            end: its end in seconds; None for the end of the file.
            max_frames: the most frames to read; None for all.

        Raises:
            InputError: there is no video that can be decoded.
        """
        self.path, self.begin, self.end, self._max_frames = path, begin, end, max_frames
        self._reader = open_video(path)
        info = self._reader.info
        self.size = info.width, info.height
        self.fps = info.fps or DEFAULT_RATE
        self.has_timestamps = self._reader.has_timestamps
        self.frames = info.frames
        aspect = Fraction(info.aspect * info.height / info.width).limit_denominator(255)
        self.pixel_aspect = aspect if info.fps else Fraction(1)
        self.time_base = self._reader.time_base
        self.end_time = 0
        self.expected_frames = self._expect(info.frames)
        self.must_count = False

    @property
    def is_span(self) -> bool:
        """Whether the span may end before the file."""
        return self.end is not None or self._max_frames is not None

    @property
    def frame_number(self) -> int:
        """Number in the file of the last frame read, from 0."""
        return self._reader.frames_read - 1

    @property
    def problem(self) -> str | None:
        """Description of the last decoding error; None without errors."""
        return self._reader.problem

    @property
    def notes(self) -> list[str]:
        """See :class:`vidgan.video.readers.base.VideoReader`."""
        return self._reader.notes

    def _expect(self, frames: int) -> int:
        if not frames:
            return 0 if self._max_frames is None else self._max_frames
        last = frames if self.end is None else min(frames, round(self.end * self.fps))
        left = max(0, last - round(self.begin * self.fps))
        return left if self._max_frames is None else min(left, self._max_frames)

    def read(self, skip: int = 0) -> Iterator[Frame]:
        """Yield the frames of the span.

        Args:
            skip: number of frames to leave out at its start; they are not converted to RGB.

        Raises:
            InputError: the file has no frame that can be decoded.
            OptionError: the span begins after the last frame.
        """
        if self.begin and self.has_timestamps and not self.must_count:
            self._reader.seek(self._reader.start_time + self.begin)
        # In ticks. Times are relative to the nearest tick, however coarse ticks are.
        begin, end = self._tick(self.begin), None if self.end is None else self._tick(self.end)
        origin = round(begin)
        first = math.ceil(begin - _TICK_ERROR) - origin if self.begin else None
        last_end = None if end is None else math.ceil(end - _TICK_ERROR) - origin
        # Duration of a frame in ticks at the nominal rate.
        nominal = max(1, round(1 / (Fraction(self.fps) * self.time_base)))
        last, gap, count = -1, nominal, 0
        while (seconds := self._reader.grab()) is not None:
            time = round(Fraction(seconds) / self.time_base) - origin
            if first is not None and time < first:
                continue
            if count:
                gap = time - last
            if (last_end is not None and time >= last_end) or count == self._max_frames:
                self.end_time = time
                break
            last = time
            count += 1
            if count > skip:
                yield Frame(time, self._reader.retrieve())
        else:
            seconds = self._reader.frame_duration if self.problem is None else None
            ticks = gap if seconds is None else max(1, round(seconds / self.time_base))
            self.end_time = last + ticks
        if end is not None:
            # A long frame, as at a variable rate, does not last beyond the end of the span.
            self.end_time = min(self.end_time, max(round(end) - origin, last + nominal))
        if count:
            return
        if not self._reader.frames_read:
            raise InputError(f"{self.path}: not one frame can be decoded; copy the file again")
        raise OptionError(f"{self.path}: no frame between --start and --end; the video is shorter")

    def _tick(self, seconds: float) -> Fraction:
        """Return a time of the file in ticks of the reader's clock."""
        return (Fraction(self._reader.start_time) + Fraction(seconds)) / self.time_base

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._reader.close()
