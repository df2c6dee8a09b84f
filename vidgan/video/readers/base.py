"""Interface of video readers: FFmpeg (PyAV), OpenCV and folders of images.

A reader holds one decoded frame. :meth:`VideoReader.grab` decodes the next frame,
:meth:`VideoReader.retrieve` converts it to RGB; frames that are only grabbed are not converted.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self, SupportsFloat

import av
import cv2
import numpy as np

from vidgan.errors import InputError
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.timestamps import Jump

# Frames a second. Other values are rare, and may be time bases that containers report as rates
# (1000 or 90000).
USUAL_RATES = (0.1, 240.0)
# Relative error of rates computed from timestamps in milliseconds. 24 and 23.976 differ by five
# times as much.
RATE_TOLERANCE = 0.0002
# Frames a second of sources without a rate, such as images.
DEFAULT_RATE = 25.0
# Containers also count frames that their edit lists hide: a video is complete if this fraction of
# the count can be decoded.
COMPLETE_FRACTION = 0.9
# Errors in a row after which reading stops.
MAX_ERRORS_IN_A_ROW = 1000
# What the libraries that decode may raise on damaged files.
DECODER_ERRORS = (
    av.error.FFmpegError,
    cv2.error,
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class VideoInfo:
    """Properties from a video's header.

    Attributes:
        width: in pixels, after rotation.
        height: in pixels, after rotation.
        fps: frames a second; None if the source has no rate, as images.
        frames: approximate number of frames; 0 if unknown.
        aspect: width over height as displayed.
    """

    width: int
    height: int
    fps: float | None
    frames: int
    aspect: float


class VideoReader(ABC):
    """An open video; use it in a ``with`` block.

    Attributes:
        path: the file or folder.
        fit: the size to deliver; None for the stored size.
        frames_read: number of frames decoded so far.
        decode_errors: number of decoding errors so far.
        problem: description of the last error; None without errors.
        has_timestamps: whether the times from grab() come from the source; else they are counted.
        start_time: start of the file, audio included, in seconds on the clock of grab().
        time_base: seconds of a tick; all times are multiples of it.
        jumps: places where the clock of the file starts anew; the times of grab() have no jump.
        frame_duration: duration of the grabbed frame in seconds; None if unknown.
    """

    has_timestamps = True
    start_time = 0.0
    jumps: Sequence[Jump] = ()
    time_base = Fraction(1, round(DEFAULT_RATE))

    def __init__(self, path: Path, fit: FrameFit | None = None) -> None:
        self.path = path
        self.fit = fit
        self.frames_read = 0
        self.decode_errors = 0
        self.problem: str | None = None
        self.frame_duration: float | None = None
        self._notes: list[str] = []
        self._first_size: tuple[int, int] | None = None
        self._size_changes = False

    @property
    @abstractmethod
    def info(self) -> VideoInfo:
        """Properties from the header."""

    def grab(self) -> float | None:
        """Decode the next frame.

        Returns:
            Its time in seconds, or None after the last frame that can be decoded.
        """
        try:
            time = self._grab()
        except DECODER_ERRORS as error:
            time = None
            self.decode_errors += 1
            self.problem = reason(error)
        if time is not None:
            self.frames_read += 1
        elif (
            self.frames_read < self._expected_frames() * COMPLETE_FRACTION
            and not self.decode_errors
        ):
            # Decoders report no error at the end of a truncated file.
            self.decode_errors += 1
            self.problem = f"ends after {self.frames_read} of {self._expected_frames()} frames"
        return time

    @property
    def notes(self) -> list[str]:
        """What the user must know about the conversion, such as ``it has HDR brightness …``.

        More may be known after the last frame.
        """
        notes = list(self._notes)
        if self.jumps:
            times = "times" if len(self.jumps) > 1 else "time"
            first = self.jumps[0].time - self.start_time
            notes.append(
                f"its clock starts anew {len(self.jumps)} {times}, first after {first:.2f} s; the "
                "frames follow one another without a gap"
            )
        return notes

    def _fit_for(self, size: tuple[int, int]) -> FrameFit | None:
        """Return how to fit a frame of a size ``(width, height)``, as displayed; None to keep it.

        Without a wanted size all frames get that of the first one.
        """
        if self.fit is not None:
            return self.fit
        if self._first_size is None:
            self._first_size = size
        if size == self._first_size:
            return None
        if not self._size_changes:
            self._size_changes = True
            before, after = (f"{width}x{height}" for width, height in (self._first_size, size))
            self._notes.append(
                f"the size of its frames changes from {before} to {after}; all are brought to "
                f"{before}, with black bars where the shape differs"
            )
        return FrameFit(*self._first_size, "pad")

    def _expected_frames(self) -> int:
        """Return the number of frames in the header; 0 if there is no reliable one."""
        return 0

    @abstractmethod
    def _grab(self) -> float | None:
        """Decode the next frame and return its time; see :meth:`grab`."""

    def seek(self, time: float) -> None:  # noqa: B027 (staying at the start is correct, too)
        """Skip frames before a time, as far as the file allows it.

        Call it before the first grab(). Frames before ``time`` may still come.

        Args:
            time: in seconds on the clock of grab().
        """

    def retrieve(self) -> np.ndarray:
        """Return the grabbed frame, uint8 RGB ``(height, width, 3)``, in the size of ``fit``.

        Raises:
            InputError: it cannot be converted.
        """
        try:
            return self._retrieve()
        except DECODER_ERRORS as error:
            raise decoding_error(self.path, error) from error

    @abstractmethod
    def _retrieve(self) -> np.ndarray:
        """Return the grabbed frame; see :meth:`retrieve`."""

    @abstractmethod
    def close(self) -> None:
        """Release the file."""

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield the time in seconds and the pixels of every frame that can be decoded."""
        while (time := self.grab()) is not None:
            yield time, self.retrieve()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def decoding_error(path: Path, error: Exception) -> InputError:
    """Return the error for a video on which a decoder failed, however it did."""
    return InputError(
        f"{path}: cannot be decoded ({reason(error)}); copy or download it again, or convert it "
        "with ffmpeg"
    )


def reason(error: Exception) -> str:
    """Return what a library says about an error, as a part of a line."""
    text = getattr(error, "strerror", None) or str(error)
    log = getattr(error, "log", None)
    if log and log[2]:
        text = log[2]
    return f"{' '.join(text.split()):.200}".lower() or type(error).__name__


def usual_rate(rate: SupportsFloat | None) -> float | None:
    """Return a frame rate, rounded as by :func:`exact_rate`; None if it is unusual."""
    if rate is None or not USUAL_RATES[0] <= float(rate) <= USUAL_RATES[1]:
        return None
    return exact_rate(rate)


def exact_rate(rate: SupportsFloat) -> float:
    """Return the frame rate that is meant by one computed from rounded timestamps.

    It is a whole number, or one over 1.001, if such a number is near.
    """
    value = float(rate)
    for exact in (float(round(value)), round(value * 1.001) / 1.001):
        if abs(value - exact) < value * RATE_TOLERANCE:
            return exact
    return value
