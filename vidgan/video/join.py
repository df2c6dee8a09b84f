"""Joining encoded parts to one video: times of its own for every frame, and what is beside it."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidgan.video.tracks import Tracks
from vidgan.video.writers.pyav import plain_errors

# Containers that count frames instead of keeping times.
CONSTANT_RATE = frozenset({".avi", ".gif"})
# Those that keep the shape of pixels beside the picture.
KEEPS_PIXEL_ASPECT = frozenset({".mp4"})


@dataclass(frozen=True)
class Timeline:
    """When frames are shown.

    Attributes:
        tick: times are multiples of so many seconds.
        times: of every frame, in ticks, strictly increasing.
        closing: where the last one ends.
        rate: frames a second, nominal, which the parts were written with.
    """

    tick: Fraction
    times: Sequence[int]
    closing: int
    rate: Fraction

    @property
    def steady(self) -> bool:
        """Whether the times are those of the nominal rate, but for rounding."""
        step = 1 / (self.rate * self.tick)
        first = self.times[0]
        return all(abs(time - first - i * step) <= 1 for i, time in enumerate(self.times))

    def on_grid(self) -> "Timeline":
        """Return the timeline at its nominal rate: no two frames at one place, holes stay."""
        first = self.times[0]
        begin = round(first * self.tick * self.rate)
        places: list[int] = []
        for time in self.times:
            # From the first one on: what begins between two places would be rounded up and down.
            place = begin + round((time - first) * self.tick * self.rate)
            places.append(max(place, places[-1] + 1) if places else place)
        closing = begin + round((self.closing - first) * self.tick * self.rate)
        closing = max(closing, places[-1] + 1)
        return Timeline(1 / self.rate, places, closing, self.rate)


def join(
    parts: Sequence[Path],
    timeline: Timeline,
    output: Path,
    *,
    pixel_aspect: Fraction = Fraction(1),
    beside: tuple[Path, float, float | None] | None = None,
) -> list[str]:
    """Write one video of several, without encoding anew.

    Args:
        parts: videos of one codec and size, each numbering its frames at ``timeline.rate``.
        timeline: when their frames are shown, one after the other.
        output: where to; the suffix is the container.
        pixel_aspect: width of a pixel over its height, where the container keeps it.
        beside: a file whose sound, subtitles and labels are taken, from when to when in seconds.

    Returns:
        What could not be kept, a line each.

    Raises:
        OSError: the disk is full or refuses.
        ExportError: FFmpeg cannot put these parts into that container.
    """
    suffix = output.suffix.lower()
    if suffix in CONSTANT_RATE:
        timeline = timeline.on_grid()
    options = {"movflags": "+faststart"} if suffix == ".mp4" else {}
    notes: list[str] = []
    with contextlib.ExitStack() as stack, plain_errors(output):
        container: Any = stack.enter_context(av.open(str(output.absolute()), "w", options=options))
        with av.open(str(parts[0].absolute())) as first:
            stream = container.add_stream_from_template(first.streams.video[0])
        stream.time_base = timeline.tick
        if suffix in KEEPS_PIXEL_ASPECT:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        waiting: Iterator[tuple[float, Any]] = iter(())
        if beside is not None:
            tracks = Tracks(beside[0], container, suffix, *beside[1:])
            stack.callback(tracks.close)
            notes, waiting = tracks.notes, tracks.packets()
        ahead = next(waiting, None)
        for packet in _retimed(parts, timeline):
            packet.stream = stream
            # Players want sound and picture beside each other.
            while ahead is not None and ahead[0] <= packet.dts * timeline.tick:
                container.mux(ahead[1])
                ahead = next(waiting, None)
            container.mux(packet)
        while ahead is not None:
            container.mux(ahead[1])
            ahead = next(waiting, None)
    return notes


def _retimed(parts: Sequence[Path], timeline: Timeline) -> Iterator[Any]:
    """Yield the packets of all parts in the order of decoding, with their times."""
    ends = [*timeline.times, timeline.closing]
    count = len(timeline.times)
    step = max(1, round(1 / (timeline.rate * timeline.tick)))
    delay = before = position = 0
    for part in parts:
        with av.open(str(part.absolute())) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:
                    continue
                shown: Any = packet.pts
                scale = Fraction(packet.time_base) * timeline.rate
                number = before + round(shown * scale)
                if not position and packet.dts is not None:
                    # Frames by which decoding is ahead of showing, alike in all parts.
                    delay = round((shown - packet.dts) * scale)
                packet.time_base = timeline.tick
                packet.pts = ends[number]
                decoded = position - delay
                packet.dts = ends[decoded] if decoded >= 0 else ends[0] + decoded * step
                packet.duration = ends[number + 1] - ends[number]
                position += 1
                if position == count:
                    # An .mp4 lasts as long as both its times of decoding and of showing say.
                    decoding = ends[-1] - delay * step - packet.dts
                    packet.duration = max(packet.duration, decoding)
                yield packet
        before = position
