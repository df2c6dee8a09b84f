"""Reading video: one interface over FFmpeg (PyAV), OpenCV and folders of images.

A reader streams: it holds one decoded frame. :meth:`VideoReader.grab` decodes the next frame,
:meth:`VideoReader.retrieve` makes RGB pixels of it; a frame that is only grabbed costs no
conversion.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self, SupportsFloat

import numpy as np

from vidgan.video.readers.fit import Fit

# Rates outside are a container's nonsense (1000 or 90000 frames a second), not a rate.
SANE_RATES = (0.1, 240.0)
# Relative error of a rate that was worked out from rounded timestamps. 24 and 23.976, which must
# stay apart, differ by five times as much.
BLUR = 0.0002
# For what has no rate, such as images: frames a second.
ASSUMED_RATE = 25.0
# Containers count frames that their edit lists hide; this share of the count is a whole video.
WHOLE = 0.9


@dataclass(frozen=True)
class VideoInfo:
    """What the header says, as a viewer would see the video.

    Attributes:
        width: in pixels, after rotation.
        height: in pixels, after rotation.
        fps: frames a second; None where the source has no rate (images) or an impossible one.
        frames: about how many; 0 where unknown.
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
        count: frames decoded so far.
        damaged: how many times a part could not be decoded so far.
        problem: what was wrong with it, None while all is well.
        timed: whether the times that grab() returns mean anything.
        origin: when the file begins, sound included, in the seconds that grab() counts in.
        tick: all times are multiples of so many seconds.
        lost: what the pixels of retrieve() lack of the file's, a few words each.
        held: for how many seconds the grabbed frame is shown; None where the file does not say.
    """

    timed = True
    origin = 0.0
    lost: tuple[str, ...] = ()
    tick = Fraction(1, round(ASSUMED_RATE))

    def __init__(self, path: Path, fit: Fit | None = None) -> None:
        self.path = path
        self.fit = fit
        self.count = 0
        self.damaged = 0
        self.problem: str | None = None
        self.held: float | None = None

    @property
    @abstractmethod
    def info(self) -> VideoInfo:
        """What the header says."""

    def grab(self) -> float | None:
        """Decode the next frame.

        Returns:
            Its time in seconds, or None after the last frame.
        """
        time = self._grab()
        if time is not None:
            self.count += 1
        elif self.count < self._promised() * WHOLE and not self.damaged:
            # Decoders take a file that was cut off for one that ends.
            self.damaged += 1
            self.problem = f"ends after {self.count} of {self._promised()} frames"
        return time

    def _promised(self) -> int:
        """Return how many frames the container says it has; 0 where it says nothing reliable."""
        return 0

    @abstractmethod
    def _grab(self) -> float | None:
        """Do the work of :meth:`grab`."""

    def seek(self, time: float) -> None:  # noqa: B027 (going on from the start serves as well)
        """Go to a place from which all frames from a time on can be reached by grab().

        To be called before the first grab(). It saves decoding what comes before, where the file
        allows it.

        Args:
            time: in the seconds that grab() counts in.
        """

    @abstractmethod
    def retrieve(self) -> np.ndarray:
        """Return the grabbed frame: RGB uint8 ``(height, width, 3)``, fitted where a fit is set."""

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


def sane_rate(rate: SupportsFloat | None) -> float | None:
    """Return a frame rate as a plain float, None where it cannot be one.

    Rates that timestamps in milliseconds have blurred become whole again, or whole over 1.001.
    """
    if rate is None or not SANE_RATES[0] <= float(rate) <= SANE_RATES[1]:
        return None
    value = float(rate)
    for exact in (float(round(value)), round(value * 1.001) / 1.001):
        if abs(value - exact) < value * BLUR:
            return exact
    return value
