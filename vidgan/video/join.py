"""Joining encoded parts to one video, with a time for every frame, audio and subtitles."""

import contextlib
import heapq
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.packet import Packet

from vidgan.video.containers import CODECS
from vidgan.video.tracks import Tracks
from vidgan.video.writers.open import container_of

# Frames a second of a container without times, where a frame is held by empty packets.
MAX_RATE = Fraction(1000)
# FFmpeg's muxer of .avi takes no longer pauses.
_MAX_PERIODS = 60_000


@dataclass(frozen=True)
class Timeline:
    """When frames are shown.

    Attributes:
        time_base: seconds of a tick, the unit of ``times`` and ``end``.
        times: start of every frame, in ticks, strictly increasing.
        end: end of the last frame, in ticks.
        rate: nominal frames a second, at which the parts were written.
    """

    time_base: Fraction
    times: Sequence[int]
    end: int
    rate: Fraction

    @property
    def is_constant_rate(self) -> bool:
        """Whether the times are those of the nominal rate, up to rounding."""
        step = 1 / (self.rate * self.time_base)
        first = self.times[0]
        return all(abs(time - first - i * step) <= 1 for i, time in enumerate(self.times))

    def at_constant_rate(self, max_rate: Fraction, drop: bool = False) -> "Timeline":
        """Return the timeline in units of a constant period.

        Of the multiples of the nominal rate the lowest is taken at which no two frames fall into
        one period, so that each is shown within half a period of its time.

        Args:
            max_rate: the highest rate.
            drop: at that rate, let a frame that shares its period with the next one have no
                duration, instead of delaying those after it.
        """
        times = np.array([*self.times, self.end], np.int64)
        first = times[0]
        longest = int(np.diff(times).max())
        for multiple in itertools.count(1):
            rate = self.rate * multiple
            above = rate * (multiple + 1) / multiple
            last = above > max_rate or longest * self.time_base * above > _MAX_PERIODS
            if last and drop:
                rate = max(rate, max_rate)
            scale = float(self.time_base * rate)
            # Relative to the first frame: starts half way between two places would be rounded now
            # up, now down.
            places = np.rint((times - first) * scale).astype(np.int64) + round(float(first) * scale)
            # There is nothing to show before it.
            places[0] = min(places[0], 0)
            if last or (np.diff(places) > 0).all():
                break
        if not drop:
            # Each one at least one place after the one before.
            steps = np.arange(len(places))
            places = np.maximum.accumulate(places - steps) + steps
        *starts, end = places.tolist()
        return Timeline(1 / rate, starts, max(end, starts[-1] + 1), self.rate)


@dataclass(frozen=True)
class TrackSource:
    """Where a video's audio, subtitles and metadata come from.

    Attributes:
        path: the file.
        begin: start of the span to copy, in seconds of the file.
        end: its end; None for the end of the file.
    """

    path: Path
    begin: float = 0.0
    end: float | None = None


def join(
    parts: Sequence[Path],
    timeline: Timeline,
    output: Path,
    *,
    pixel_aspect: Fraction = Fraction(1),
    tracks: TrackSource | None = None,
) -> list[str]:
    """Join videos to one, without encoding them again.

    Sound or subtitles that cannot be stored are left out: they never cost the picture.

    Args:
        parts: videos of one codec and size, with frame numbers at ``timeline.rate`` as times.
        timeline: when their frames are shown, one part after the other.
        output: the file; its suffix is the container.
        pixel_aspect: width of a pixel over its height; left out where neither the container nor
            the encoded video stores it.
        tracks: the audio, subtitles and metadata to copy.

    Returns:
        What could not be copied as it is, one line each.

    Raises:
        OSError: the disk is full, or the file cannot be written.
        av.FFmpegError: FFmpeg cannot store these parts in that container.
    """
    if not container_of(output).variable_rate:
        # Packets cannot be left out: later ones depend on them.
        timeline = timeline.at_constant_rate(MAX_RATE)
    not_copied: set[int] = set()
    while tracks is not None:
        try:
            notes, refused = _write(parts, timeline, output, pixel_aspect, tracks, not_copied)
        except OSError:
            raise
        except Exception as error:  # Whatever it is, the picture has taken hours.
            _write(parts, timeline, output, pixel_aspect)
            reason = getattr(error, "strerror", None) or error
            return [
                f"{tracks.path}: its sound and subtitles cannot be joined to the picture "
                f"({reason}); left out"
            ]
        if not refused:
            return notes
        not_copied |= refused
    return _write(parts, timeline, output, pixel_aspect)[0]


def _write(
    parts: Sequence[Path],
    timeline: Timeline,
    output: Path,
    pixel_aspect: Fraction,
    tracks: TrackSource | None = None,
    not_copied: Collection[int] = (),
) -> tuple[list[str], set[int]]:
    """Write the file; see :func:`join` and :class:`Tracks`.

    Returns:
        The notes, and the numbers of the streams of sound that should be encoded instead.
    """
    container = container_of(output)
    options = dict(container.muxer_options)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(av.open(str(output.absolute()), "w", options=options))
        with av.open(str(parts[0].absolute())) as first:
            template = first.streams.video[0]
            stream = file.add_stream_from_template(template)
            aspect_filter = None
            if container.pixel_aspect:
                stream.codec_context.sample_aspect_ratio = pixel_aspect
            elif pixel_aspect != 1:
                aspect_filter = _aspect_filter(template, pixel_aspect, stream)
        stream.time_base = timeline.time_base
        copied = None
        if tracks is not None:
            copied = Tracks(tracks.path, file, container, tracks.begin, tracks.end, not_copied)
            stack.callback(copied.close)
        file.start_encoding()
        others = copied.packets() if copied is not None else ()
        pictures = _retimed(parts, timeline, stream, aspect_filter)
        # Interleaved by time, as players need them.
        for _, packet in heapq.merge(others, pictures, key=itemgetter(0)):
            try:
                file.mux(packet)
            except av.FFmpegError as error:
                if copied is None or packet.stream is stream or isinstance(error, OSError):
                    raise
                copied.failed(packet)
    return (copied.notes, copied.refused) if copied is not None else ([], set())


def _aspect_filter(template: Any, aspect: Fraction, stream: Any) -> BitStreamFilterContext | None:
    """Return a filter that stores the shape of pixels in encoded video; None if there is none."""
    codec = CODECS.get(template.codec_context.name)
    if codec is None or codec.aspect_filter is None:
        return None
    description = f"{codec.aspect_filter}=sample_aspect_ratio={aspect.numerator}/"
    return BitStreamFilterContext(f"{description}{aspect.denominator}", template, stream)


def _retimed(
    parts: Sequence[Path],
    timeline: Timeline,
    stream: Any,
    aspect_filter: BitStreamFilterContext | None,
) -> Iterator[tuple[float, "Packet[Any]"]]:
    """Yield the packets of all parts in decoding order, for a stream of the output.

    They have the times of the timeline; each comes with its decoding time in seconds.
    """
    edges = [*timeline.times, timeline.end]
    count = len(timeline.times)
    step = max(1, round(1 / (timeline.rate * timeline.time_base)))
    delay = before = position = 0
    for part in parts:
        with av.open(str(part.absolute())) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:
                    continue
                if aspect_filter is not None:
                    time_base = packet.time_base
                    [packet] = aspect_filter.filter(packet)
                    packet.time_base = time_base
                shown: Any = packet.pts
                scale = Fraction(packet.time_base) * timeline.rate
                number = before + round(shown * scale)
                if not position and packet.dts is not None:
                    # Frames by which decoding precedes presentation, the same in all parts.
                    delay = round((shown - packet.dts) * scale)
                packet.time_base = timeline.time_base
                packet.pts = edges[number]
                decoded = position - delay
                packet.dts = edges[decoded] if decoded >= 0 else edges[0] + decoded * step
                packet.duration = edges[number + 1] - edges[number]
                position += 1
                if position == count:
                    # The duration of an .mp4 is the longer one of decoding and presentation.
                    decoding = edges[-1] - delay * step - packet.dts
                    packet.duration = max(packet.duration, decoding)
                packet.stream = stream
                yield float(packet.dts * timeline.time_base), packet
        before = position
