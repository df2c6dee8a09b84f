"""Times of packets of sound and subtitles: complete, and on one clock with the picture."""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.container import InputContainer

from vidgan.video.readers.base import MAX_ERRORS_IN_A_ROW
from vidgan.video.readers.streams import choose_stream
from vidgan.video.readers.timestamps import BACK_SECONDS, longest_step, may_jump

# Shorter pauses are not heard, and FFmpeg's "aresample" does not fill them with silence.
_PAUSE = Fraction(1, 10)


def demux(container: Any, indices: Collection[int]) -> Iterator[Any]:
    """Yield the packets of some streams, past errors."""
    failures = 0
    while indices and failures < MAX_ERRORS_IN_A_ROW:
        try:
            for packet in container.demux([container.streams[index] for index in indices]):
                failures = 0
                if packet.size:
                    yield packet
        except EOFError:
            return
        except av.error.FFmpegError:
            failures += 1
        else:
            return


class _Segment(NamedTuple):
    """A stretch of a file without a jump of its clock.

    Attributes:
        place: where it begins, in bytes.
        shift: seconds to add to the file's times.
    """

    place: int
    shift: Fraction


class _StreamTimes:
    """The times of one stream, in seconds, without jumps.

    Attributes:
        end: end of the last packet.
        shift: seconds added to the file's times.
    """

    def __init__(self, ahead: Fraction) -> None:
        self._ahead = ahead
        self._raw: Fraction | None = None
        self.end, self.shift = Fraction(0), Fraction(0)
        self._duration = Fraction(0)

    def __call__(self, packet: Any, candidates: list[Fraction]) -> Fraction:
        """Return the time of the next packet.

        Args:
            packet: the packet.
            candidates: the shifts that the clock may have from here on, if it jumps here.
        """
        ticks = packet.dts if packet.pts is None else packet.pts
        raw = self.end - self.shift if ticks is None else ticks * packet.time_base
        if self._raw is None:
            self.shift = candidates[0] if candidates else self.shift
        elif raw < self._raw - BACK_SECONDS or raw > self.end - self.shift + self._ahead:
            # The end of what came before, where the picture gives no answer.
            continuous = self.end - raw
            fitting = [each for each in candidates if each >= continuous - BACK_SECONDS]
            self.shift = min(fitting, default=continuous)
        self._raw = raw
        self.end = raw + self.shift + packet.duration * packet.time_base
        return Fraction(raw + self.shift)


class PacketTimes:
    """Gives every packet of a file a time.

    A packet without a time follows the one before. Where the clock of the file starts anew, as in
    transport streams that were joined, sound is shifted as the picture beside it is.
    """

    def __init__(self, path: Path, container: InputContainer) -> None:
        """Start at the beginning of a file.

        Args:
            path: the file, whose picture is read where the format allows the clock to jump.
            container: the same file, opened.
        """
        discontinuous = may_jump(container)
        self._ahead = longest_step(discontinuous)
        self._segments: list[_Segment] = []
        self._streams: dict[int, _StreamTimes] = {}
        if discontinuous and container.streams.video:
            self._read_picture(path)

    def _read_picture(self, path: Path) -> None:
        """Find where the clock of the picture jumps, and by how much."""
        times = _StreamTimes(self._ahead)
        self._segments.append(_Segment(0, times.shift))
        with av.open(str(path.absolute())) as container:
            stream = choose_stream(container)
            for packet in demux(container, () if stream is None else (stream.index,)):
                # Decoding times increase.
                packet.pts = packet.pts if packet.dts is None else packet.dts
                times(packet, [])
                if times.shift != self._segments[-1].shift:
                    self._segments.append(_Segment(packet.pos or 0, times.shift))

    def __call__(self, packet: Any) -> Fraction:
        """Return the time of a packet in seconds."""
        place = bisect_right(self._segments, packet.pos or 0, key=lambda each: each.place)
        # Packets of sound may stand a little before those of the picture.
        near = [each.shift for each in self._segments[max(0, place - 1) : place + 1]]
        if packet.stream.type == "subtitle":
            # They come in any order, with any pauses.
            return Fraction(packet.pts * packet.time_base) + (near[0] if near else 0)
        index = packet.stream_index
        if index not in self._streams:
            self._streams[index] = _StreamTimes(self._ahead)
        return self._streams[index](packet, near)


def has_pauses(path: Path, index: int, begin: Fraction, end: Fraction | None) -> bool:
    """Return whether a stream of sound begins late or has pauses.

    Args:
        path: the file.
        index: number of the stream.
        begin: start of the span to look at, in seconds of the file.
        end: its end; None for the end of the file.
    """
    expected = begin
    with av.open(str(path.absolute())) as container:
        times = PacketTimes(path, container)
        for packet in demux(container, (index,)):
            time = times(packet)
            if end is not None and time >= end:
                break
            if time > expected + _PAUSE:
                return True
            if packet.duration:
                expected = max(expected, time + packet.duration * packet.time_base)
            else:
                expected = time + _PAUSE
    return False
