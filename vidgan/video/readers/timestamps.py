"""The times of decoded frames: in order, and without the jumps of a clock that starts anew."""

from copy import copy
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

import av
import av.format
from av.container import InputContainer
from av.video.frame import VideoFrame

from vidgan.video.containers import MAX_FPS, MIN_FPS

# As in FFmpeg: a clock that goes back by more than this has started anew; smaller steps back are
# errors of a few times.
BACK_SECONDS = Fraction(1, 10)
# A clock that goes ahead by more than this has started anew, in formats that allow that.
_AHEAD_SECONDS = Fraction(10)
# ... and in other formats, which do hold long pauses.
_ERROR_SECONDS = Fraction(30 * 3600)
# ... but never a step of fewer frames: one of a time lapse may last as long.
_AHEAD_FRAMES = 10
# Faults of presentation times that are guessed, from the start.
_GUESSED = 1
# Packets whose times tell the frame rate of a file that declares none.
_MEASURED_PACKETS = 100


def measure_rate(container: InputContainer, stream: int) -> float | None:
    """Return the frames a second of a stream by the times of its first packets.

    Args:
        container: a file that has just been opened.
        stream: the index of the stream.

    Returns:
        The rate; None if it cannot be measured, or cannot be written.
    """
    times = []
    try:
        for packet in islice(container.demux(container.streams[stream]), _MEASURED_PACKETS):
            if packet.pts is not None:
                times.append(packet.pts * packet.time_base)
    except av.error.FFmpegError:
        # The reader will report it.
        pass
    span = max(times) - min(times) if times else 0
    rate = float((len(times) - 1) / span) if span > 0 else 0.0
    return rate if MIN_FPS <= rate <= MAX_FPS else None


def may_jump(container: InputContainer) -> bool:
    """Return whether a container's format allows for a clock that starts anew."""
    # PyAV's stubs give its value another type.
    flag: Any = av.format.Flags.ts_discont.value
    return bool(container.format.flags & flag)


def longest_step(discontinuous: bool) -> Fraction:
    """Return the seconds beyond which a step ahead means that the clock has started anew.

    Args:
        discontinuous: see :func:`may_jump`.
    """
    return _AHEAD_SECONDS if discontinuous else _ERROR_SECONDS


class Jump(NamedTuple):
    """A place where the clock of a file starts anew.

    Attributes:
        time: in seconds on the reader's clock, where the first frame after it is shown.
        shift: seconds to add to the file's times from there on.
    """

    time: float
    shift: float


class Continuity:
    """Makes the times of a stream continuous, as FFmpeg does with parts that were joined.

    A step back, or a long step ahead, is replaced by the nominal duration of a frame.

    Attributes:
        shift: ticks to add to the file's times.
        jumps: the places where the clock starts anew.
    """

    def __init__(self, step: int, tick: float, discontinuous: bool) -> None:
        """Set the limits.

        Args:
            step: nominal duration of a frame in ticks.
            tick: seconds of a tick.
            discontinuous: whether the container's format allows for a clock that starts anew.
        """
        self._step, self._tick = step, tick
        self._back = max(step, round(BACK_SECONDS / tick))
        self._ahead = max(_AHEAD_FRAMES * step, round(longest_step(discontinuous) / tick))
        self._last: int | None = None
        self.shift = 0
        self.jumps: list[Jump] = []

    def restarted(self) -> "Continuity":
        """Return a copy for the times from the current one on."""
        other = copy(self)
        other._last, other.jumps = None, list(self.jumps)
        return other

    def __call__(self, time: int, duration: int = 0) -> int:
        """Return a time of the file, in ticks, on the continuous clock.

        Args:
            time: of the next frame or packet.
            duration: of the one before, if it is known.
        """
        time += self.shift
        if self._last is not None:
            expected = self._last + (duration or self._step)
            if time < self._last - self._back or time > expected + self._ahead:
                self.shift += expected - time
                time = expected
                self.jumps.append(Jump(time * self._tick, self.shift * self._tick))
        self._last = time
        return time


class FrameClock:
    """Gives every frame a time; times increase strictly.

    Of the two timestamps of a frame it chooses, as FFmpeg's "best effort" does: some encoders write
    the presentation times (PTS) of another order of frames. The decoder still yields the frames in
    the right order, and the decoding times (DTS) increase. So whichever of the two has gone back
    less often so far is taken. Frames without either are counted at the nominal rate.
    """

    def __init__(self, step: int, continuity: Continuity, stores_pts: bool = True) -> None:
        """Start a clock.

        Args:
            step: nominal duration of a frame in ticks.
            continuity: of the stream's times.
            stores_pts: whether the container stores presentation times, which are guessed from the
                decoding times otherwise.
        """
        self._step, self._continuity = step, continuity
        self._last: dict[str, int] = {}
        self._faults = {"pts": 0 if stores_pts else _GUESSED, "dts": 0}
        self._source, self._offset, self._best = "pts" if stores_pts else "dts", 0, 0
        self._time: int | None = None
        self._duration = 0

    def timestamp(self, frame: VideoFrame) -> int:
        """Return the time of the next frame in ticks."""
        time = self._best_effort(frame)
        if time is not None:
            time = self._continuity(time, self._duration)
        elif self._time is None:
            time = 0
        else:
            time = self._time + self._step
        if self._time is not None:
            time = max(time, self._time + 1)
        self._time, self._duration = time, frame.duration
        return time

    def _best_effort(self, frame: VideoFrame) -> int | None:
        found = {"pts": frame.pts, "dts": frame.dts}
        steps = {}
        for name, value in found.items():
            if value is not None:
                steps[name] = value - self._last.get(name, value)
                self._faults[name] += name in self._last and steps[name] <= 0
                self._last[name] = value
        if not self._last or (frame.pts is None and self._source == "pts"):
            return None
        # Of those that the stream has; its last frames often lack a decoding time.
        best = min(self._last, key=self._faults.__getitem__)
        if best not in steps:
            return None
        if best != self._source:
            # The two differ by the decoder's delay: go on from the last time.
            self._offset = self._best + steps[best] - self._last[best]
            self._source = best
        self._best = self._last[best] + self._offset
        return self._best
