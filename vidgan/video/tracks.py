"""Copying audio and subtitles from one video to another, with their metadata.

Packets are copied as they are where the container takes their codec, otherwise encoded again.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream

from vidgan.video.containers import Container
from vidgan.video.metadata import copy_metadata, copy_stream_metadata
from vidgan.video.subtitles import Subtitles

# Sample rates that an encoder takes, and those that any other does: of CDs and of video.
_ENCODER_RATES = {"libopus": (48000,)}
_COMMON_RATES = (44100, 48000)
_BITS_PER_CHANNEL = 96_000


def track_kinds(path: Path) -> list[str]:
    """Return which of sound, subtitles and chapters a video has; none for a folder of images."""
    if path.is_dir():
        return []
    with av.open(str(path.absolute())) as container:
        found = {
            "sound": container.streams.audio,
            "subtitles": container.streams.subtitles,
            "chapters": container.chapters(),
        }
    return [name for name, entries in found.items() if entries]


class Tracks:
    """Audio and subtitles of a source file for an output file; to be closed.

    Attributes:
        notes: what could not be copied as it is, one line each.
    """

    def __init__(
        self,
        path: Path,
        output: OutputContainer,
        container: Container,
        begin: float = 0.0,
        end: float | None = None,
    ) -> None:
        """Add an output stream for every stream of the source; copy title, date and chapters.

        Args:
            path: the source.
            output: the file being written, before its first packet.
            container: the type of ``output``.
            begin: start of the span to copy, in seconds of the source.
            end: its end; None for the end of the source.
        """
        self._input = av.open(str(path.absolute()))
        start_time = Fraction(self._input.start_time or 0, 1_000_000)
        self._begin = start_time + Fraction(begin)
        self._end = None if end is None else start_time + Fraction(end)
        # At the beginning of a file, packets before time 0 are an encoder's priming samples.
        self._from_beginning = begin <= 0
        self._keeps_preroll = container.preroll
        self._audio: dict[int, _CopiedAudio] = {}
        self._subtitles: dict[int, Subtitles] = {}
        streams = self._input.streams
        notes = [self._add_audio(stream, output, container) for stream in streams.audio]
        notes += [self._add_subtitles(stream, output, container) for stream in streams.subtitles]
        if not copy_metadata(self._input, output, container, self._begin, self._end):
            notes.append(f"its chapters cannot be stored in {container.suffix}; left out")
        # Several streams of a kind give one note.
        self.notes = [f"{path}: {note}" for note in dict.fromkeys(notes) if note]

    def _add_audio(
        self, stream: AudioStream, output: OutputContainer, container: Container
    ) -> str | None:
        """Add a stream; return a note if it is not copied as it is."""
        name = stream.codec_context.name
        copied = container.audio_codecs is None or name in container.audio_codecs
        if not copied and container.audio_encoder is None:
            return f"its sound ({name}) cannot be stored in {container.suffix}; left out"
        try:
            track = (
                _CopiedAudio(output.add_stream_from_template(stream))
                if copied
                else _EncodedAudio(stream, output, str(container.audio_encoder))
            )
        except (av.error.FFmpegError, ValueError, AttributeError):
            return "its sound has an unknown codec; left out"
        copy_stream_metadata(stream, track.stream)
        self._audio[stream.index] = track
        if not isinstance(track, _EncodedAudio):
            return None
        return (
            f"its sound ({name}) cannot be stored in {container.suffix}; encoded as {track.codec}"
        )

    def _add_subtitles(
        self, stream: SubtitleStream, output: OutputContainer, container: Container
    ) -> str | None:
        """Add a stream; return a note if it is left out."""
        try:
            subtitles = Subtitles(stream, output, container, self._begin, self._end)
        except (av.error.FFmpegError, ValueError, AttributeError):
            return f"its subtitles cannot be stored in {container.suffix}; left out"
        copy_stream_metadata(stream, subtitles.stream)
        self._subtitles[stream.index] = subtitles
        return None

    def packets(self) -> Iterator[tuple[float, "Packet[Any]"]]:
        """Yield the output's packets, each with its time in seconds of the output.

        Damaged packets are left out.
        """
        active = {*self._audio, *self._subtitles}
        streams = [self._input.streams[index] for index in active]
        packets: Iterator[Any] = self._input.demux(streams) if streams else iter(())
        while active:
            try:
                packet = next(packets)
            except (StopIteration, EOFError, av.error.FFmpegError):
                break
            index = packet.stream_index
            if index not in active or packet.pts is None or not packet.size:
                continue
            seconds = packet.pts * packet.time_base
            if self._end is not None and seconds >= self._end:
                active.discard(index)
            elif index in self._subtitles:
                if converted := self._subtitles[index].convert(packet):
                    yield float(converted[0]), converted[1]
            elif seconds >= self._begin or (self._from_beginning and self._keeps_preroll):
                for shifted in self._audio[index].convert(packet, self._begin):
                    if self._keeps_preroll or (shifted.pts or 0) >= 0:
                        yield float(seconds - self._begin), shifted
        for track in self._audio.values():
            for rest in track.flush():
                yield float("inf"), rest

    def close(self) -> None:
        """Close the source."""
        self._input.close()


class _CopiedAudio:
    """A stream whose packets are copied."""

    def __init__(self, stream: AudioStream) -> None:
        self.stream = stream

    def convert(self, packet: Any, begin: Fraction) -> list["Packet[Any]"]:
        """Return the output's packets for a packet of the source, times relative to ``begin``."""
        shift = round(begin / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = self.stream
        return [packet]

    def flush(self) -> list["Packet[Any]"]:
        """Return the packets that are still buffered."""
        return []


class _EncodedAudio(_CopiedAudio):
    """A stream that is decoded and encoded again.

    Attributes:
        codec: name of the new codec.
    """

    def __init__(self, stream: AudioStream, output: OutputContainer, encoder: str) -> None:
        self.codec = encoder.removeprefix("lib").removesuffix("lame")
        rate = stream.codec_context.sample_rate
        rates = _ENCODER_RATES.get(encoder, _COMMON_RATES)
        encoded: Any = output.add_stream(encoder, rate=rate if rate in rates else rates[-1])
        super().__init__(encoded)
        context = encoded.codec_context
        context.layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        context.bit_rate = _BITS_PER_CHANNEL * context.layout.nb_channels

    def convert(self, packet: Any, begin: Fraction) -> list["Packet[Any]"]:
        """Decode a packet of the source and encode it; see :class:`_CopiedAudio`."""
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            return []
        packets: list[Packet[Any]] = []
        for frame in frames:
            frame.pts -= round(begin / frame.time_base)
            packets.extend(self.stream.encode(frame))
        return packets

    def flush(self) -> list["Packet[Any]"]:
        """Return the packets that the encoder still buffers."""
        return list(self.stream.encode(None))
