"""The video that is to be restored: which of its frames, when each is shown, where it ends."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

from vidgan.errors import InputError, OptionError
from vidgan.tiling.windows import Frame
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.open import open_video


class VideoSource:
    """An open video, or the span of it that is wanted; use it in a ``with`` block.

    Attributes:
        path: the file or folder.
        size: ``(width, height)`` in pixels, upright.
        fps: frames a second, nominal.
        time_base: times are multiples of so many seconds.
        pixel_aspect: width of a pixel over its height, as displayed.
        conversion_losses: what its pixels lack of the file's, a few words each.
        frames: in the whole file, as its header says; 0 where unknown.
        has_timestamps: whether the file says when frames are shown.
        expected: about how many frames will come; 0 where unknown.
        begin: where the span begins, in seconds from the beginning of the file.
        end: where it ends; None for the end of the file.
        counted: whether ``number`` must be right, at the price of decoding what is left out.
        closing: ticks from ``begin`` to where the last frame ends, once it has been read.
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
            begin: leave out what comes before so many seconds.
            end: leave out what comes from so many seconds on.
            max_frames: read so many frames at most.

        Raises:
            InputError: no video that can be decoded.
        """
        self.path, self.begin, self.end, self._most = path, begin, end, max_frames
        self._reader = open_video(path)
        info = self._reader.info
        self.size = info.width, info.height
        self.fps = info.fps or DEFAULT_RATE
        self.has_timestamps = self._reader.has_timestamps
        self.frames = info.frames
        aspect = Fraction(info.aspect * info.height / info.width).limit_denominator(255)
        self.pixel_aspect = aspect if info.fps else Fraction(1)
        self.time_base = self._reader.time_base
        self.conversion_losses = self._reader.conversion_losses
        self.closing = 0
        self.expected = self._expect(info.frames)
        self.counted = False

    @property
    def cut(self) -> bool:
        """Whether the span may end before the file does."""
        return self.end is not None or self._most is not None

    @property
    def number(self) -> int:
        """The number of the frame read last, from 0."""
        return self._reader.frames_read - 1

    @property
    def problem(self) -> str | None:
        """What was wrong with what has been read, None while all is well."""
        return self._reader.problem

    def _expect(self, frames: int) -> int:
        if not frames:
            return 0 if self._most is None else self._most
        last = frames if self.end is None else min(frames, round(self.end * self.fps))
        left = max(0, last - round(self.begin * self.fps))
        return left if self._most is None else min(left, self._most)

    def read(self, skip: int = 0) -> Iterator[Frame]:
        """Yield the frames of the span.

        Args:
            skip: leave out so many of them, without making pixels of them.

        Raises:
            InputError: there is none.
            OptionError: the span lies behind the last one.
        """
        if self.begin and self.has_timestamps and not self.counted:
            self._reader.seek(self._reader.start_time + self.begin)
        start = Fraction(self._reader.start_time + self.begin)
        stop = None
        if self.end is not None:
            stop = round((Fraction(self.end) - Fraction(self.begin)) / self.time_base)
        # Without other word a frame is shown for so long.
        usual = max(1, round(1 / (Fraction(self.fps) * self.time_base)))
        last, gap, count = -1, usual, 0
        while (seconds := self._reader.grab()) is not None:
            time = round((Fraction(seconds) - start) / self.time_base)
            if self.begin and time < 0:
                continue
            if count:
                # No two frames at once, nor one before the other: players drop them.
                time = max(time, last + 1)
                gap = time - last
            if (stop is not None and time >= stop) or count == self._most:
                self.closing = time
                break
            last = time
            count += 1
            if count > skip:
                yield Frame(time, self._reader.retrieve())
        else:
            held = self._reader.frame_duration if self.problem is None else None
            self.closing = last + (gap if held is None else max(1, round(held / self.time_base)))
        if stop is not None:
            # A frame that is held for long, as at a variable rate, is not held beyond the end.
            self.closing = min(self.closing, max(stop, last + usual))
        if count:
            return
        if not self._reader.frames_read:
            raise InputError(f"{self.path}: not one frame of it can be decoded; copy it again")
        raise OptionError(f"{self.path}: no frame between --start and --end; it is shorter")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._reader.close()
