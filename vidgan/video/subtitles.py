"""Taking subtitles of one video over into another: as they are, or text as text of another kind."""

from fractions import Fraction
from typing import Any

import av

# What text becomes where a container does not take it as it is.
_ENCODERS = {".mp4": "mov_text", ".webm": "webvtt", ".mkv": "subrip"}
_TICK = Fraction(1, 1000)


class Subtitles:
    """A stream of subtitles, cut to a span: one that is shown as it begins is shown from there on.

    Attributes:
        stream: the output's.
    """

    def __init__(
        self, stream: Any, output: Any, suffix: str, begin: Fraction, end: Fraction | None
    ):
        """Add a stream to the output.

        Args:
            stream: of the file.
            output: an open PyAV container, before its first packet.
            suffix: its kind, such as ``.mp4``.
            begin: where the span begins, in seconds of the file.
            end: where it ends; None for the end of the file.

        Raises:
            ValueError: these do not go into that container.
        """
        self._begin, self._end = begin, end
        self._decoder: Any = None
        try:
            self.stream = output.add_stream_from_template(stream)
        except ValueError:
            decoder = stream.codec_context
            if suffix not in _ENCODERS or not decoder.codec.text_sub:
                raise
            decoder.open(strict=False)
            self._decoder = decoder
            self.stream = output.add_stream(_ENCODERS[suffix])
            self.stream.codec_context.subtitle_header = decoder.subtitle_header
            self.stream.codec_context.time_base = self.stream.time_base = _TICK

    def take(self, packet: Any) -> tuple[Fraction, Any] | None:
        """Return what a packet of the file becomes and its time in the output, None for nothing."""
        tick = packet.time_base
        shown = max(packet.pts * tick, self._begin)
        until = (packet.pts + packet.duration) * tick
        if self._end is not None:
            until = min(until, self._end)
        if until <= shown:
            return None
        if self._decoder is not None:
            try:
                found = self._decoder.decode2(packet)
                packet = self.stream.codec_context.encode_subtitle(found) if found else None
            except (av.error.FFmpegError, ValueError):
                return None
            if packet is None or not packet.size:
                return None
            tick = packet.time_base = _TICK
        packet.pts = packet.dts = round((shown - self._begin) / tick)
        packet.duration = round((until - shown) / tick)
        packet.stream = self.stream
        return shown - self._begin, packet
