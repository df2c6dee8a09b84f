"""Streams of sound for an output file: packets that are copied, or decoded and encoded again."""

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet

_BITS_PER_CHANNEL = 96_000
# Of encoders that take any rate or frame size.
_ANY_RATE, _ANY_FRAME_SIZE = 48000, 1024


def codec_name(stream: AudioStream) -> str | None:
    """Return FFmpeg's name of a stream's codec, not of one of its decoders; None if unknown."""
    context: Any = stream.codec_context
    return None if context is None else str(context.codec.canonical_name)


def can_copy(stream: AudioStream, output: OutputContainer) -> bool:
    """Return whether the output's format takes a stream as it is, by trying it in memory."""
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


class CopiedSound:
    """A stream whose packets are copied.

    Attributes:
        stream: the stream in the output.
        packets: number of packets of the source.
        failed: number of those that could not be stored.
    """

    def __init__(self, stream: AudioStream) -> None:
        self.stream = stream
        self.packets = self.failed = 0
        self._last: int | None = None

    def convert(self, packet: Any, time: Fraction) -> list["Packet[Any]"]:
        """Return the output's packets for a packet of the source.

        Args:
            packet: the packet.
            time: its time in seconds of the output.
        """
        # In the output's ticks, in which times must increase: a container may have coarser ones.
        time_base: Any = self.stream.time_base
        pts = round(time / time_base)
        if self._last is not None:
            pts = max(pts, self._last + 1)
        self._last = packet.pts = packet.dts = pts
        packet.duration = round(packet.duration * packet.time_base / time_base)
        packet.time_base = time_base
        packet.stream = self.stream
        return [packet]

    def flush(self) -> list["Packet[Any]"]:
        """Return the packets that are still buffered."""
        return []


class EncodedSound(CopiedSound):
    """A stream that is decoded and encoded again, with silence where the source has none.

    Attributes:
        codec: name of the new codec.
        channels: number of channels.
    """

    def __init__(self, stream: AudioStream, output: OutputContainer, encoder: str) -> None:
        """Add a stream to the output.

        Raises:
            ValueError: the source cannot be decoded, or the encoder is not installed.
        """
        source: Any = stream.codec_context
        codec = av.Codec(encoder, "w")
        self.codec = codec.canonical_name
        rate = _nearest_rate(source.sample_rate, codec.audio_rates)
        super().__init__(output.add_stream(encoder, rate=rate))  # type: ignore[arg-type]
        context: Any = self.stream.codec_context
        context.layout = _best_layout(encoder, source.layout, rate)
        self.channels = context.layout.nb_channels
        context.bit_rate = _BITS_PER_CHANNEL * self.channels
        # Open, it knows its frame size.
        context.open()
        self._context = context
        # Samples that were encoded, and the end of the last frame of the source in seconds.
        self._samples = 0
        self._end = Fraction(0)
        self._resampler = self._new_resampler()

    def _new_resampler(self) -> AudioResampler:
        # "async" fills holes with silence and cuts overlaps. Sound begins at time 0, with silence
        # if need be, since some containers have no times.
        return AudioResampler(
            format=self._context.format.name,
            layout=self._context.layout.name,
            rate=self._context.sample_rate,
            frame_size=self._context.frame_size or _ANY_FRAME_SIZE,
            options={"async": "1", "first_pts": f"{self._samples}"},
        )

    def convert(self, packet: Any, time: Fraction) -> list["Packet[Any]"]:
        """Decode a packet of the source and encode it; see :class:`CopiedSound`."""
        packet.pts = packet.dts = round(time / packet.time_base)
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            self.failed += 1
            return []
        packets: list[Packet[Any]] = []
        for frame in frames:
            if frame.pts is None or frame.time_base is None:
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(self._end / frame.time_base)
            self._end = frame.pts * frame.time_base + Fraction(frame.samples, frame.sample_rate)
            packets.extend(self._encode(frame))
        return packets

    def _encode(self, frame: Any) -> Iterator["Packet[Any]"]:
        try:
            resampled = self._resampler.resample(frame)
        except ValueError:
            # The source changed its rate or channels.
            yield from self._drain()
            self._resampler = self._new_resampler()
            resampled = self._resampler.resample(frame)
        for each in resampled:
            self._samples = (each.pts or 0) + each.samples
            yield from self.stream.encode(each)

    def _drain(self) -> Iterator["Packet[Any]"]:
        for each in self._resampler.resample(None):
            self._samples = (each.pts or 0) + each.samples
            yield from self.stream.encode(each)

    def flush(self) -> list["Packet[Any]"]:
        """Return the packets that the encoder still buffers."""
        return [*self._drain(), *self.stream.encode(None)]


def _nearest_rate(rate: int, rates: list[int] | None) -> int:
    """Return the rate itself if it can be had, else the next higher one, else the highest."""
    if not rates:
        return rate or _ANY_RATE
    return min((each for each in rates if each >= rate), default=max(rates))


def _best_layout(encoder: str, source: Any, rate: int) -> str:
    """Return the layout of the source, or one of as many channels, if the encoder takes it."""
    if source.nb_channels == 1:
        return "mono"
    for name in (source.name, av.AudioLayout(f"{source.nb_channels}c").name):
        context: Any = CodecContext.create(encoder, "w")
        context.sample_rate, context.format = rate, context.codec.audio_formats[0]
        try:
            context.layout = name
            context.open()
        except (av.error.FFmpegError, ValueError):
            continue
        return str(name)
    return "stereo"
