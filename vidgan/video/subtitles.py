"""Copying subtitles from one video to another, converted where the container needs it."""

from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream

from vidgan.video.containers import Container

_ENCODED_TIME_BASE = Fraction(1, 1000)


class Subtitles:
    """A subtitle stream, clipped to a span; subtitles visible at its start are shown from there.

    Attributes:
        stream: the stream in the output.
    """

    def __init__(
        self,
        stream: SubtitleStream,
        output: OutputContainer,
        container: Container,
        begin: Fraction,
        end: Fraction | None,
    ) -> None:
        """Add a stream to the output.

        Args:
            stream: a stream of the source.
            output: the file being written, before its first packet.
            container: the type of ``output``.
            begin: start of the span, in seconds of the source.
            end: its end; None for the end of the source.

        Raises:
            ValueError: the container does not take these subtitles.
        """
        self._begin, self._end = begin, end
        # PyAV's stubs leave out how subtitles are encoded.
        self._decoder: Any = None
        self.stream: Any
        try:
            self.stream = output.add_stream_from_template(stream)
        except ValueError:
            decoder: Any = stream.codec_context
            if container.subtitle_encoder is None or not decoder.codec.text_sub:
                raise
            decoder.open(strict=False)
            self._decoder = decoder
            self.stream = output.add_stream(container.subtitle_encoder)
            self.stream.codec_context.subtitle_header = decoder.subtitle_header
            self.stream.codec_context.time_base = _ENCODED_TIME_BASE
            self.stream.time_base = _ENCODED_TIME_BASE

    def convert(self, packet: Any) -> tuple[Fraction, "Packet[Any]"] | None:
        """Convert a packet of the source.

        Returns:
            Its time in seconds of the output and the output's packet; None if it lies outside the
            span or is damaged.
        """
        time_base = packet.time_base
        first = max(packet.pts * time_base, self._begin)
        last = (packet.pts + packet.duration) * time_base
        if self._end is not None:
            last = min(last, self._end)
        if last <= first:
            return None
        if self._decoder is not None:
            try:
                decoded = self._decoder.decode2(packet)
                packet = self.stream.codec_context.encode_subtitle(decoded) if decoded else None
            except (av.error.FFmpegError, ValueError):
                return None
            if packet is None or not packet.size:
                return None
            time_base = packet.time_base = _ENCODED_TIME_BASE
        packet.pts = packet.dts = round((first - self._begin) / time_base)
        packet.duration = round((last - first) / time_base)
        packet.stream = self.stream
        return first - self._begin, packet
