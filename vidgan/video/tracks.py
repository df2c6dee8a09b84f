"""Copying audio and subtitles from one video to another, with their metadata.

Packets are copied as they are where the container takes their codec, otherwise encoded again.
"""

from collections.abc import Collection, Iterator
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
from vidgan.video.packet_times import PacketTimes, demux, has_pauses
from vidgan.video.sound import CopiedSound, EncodedSound, can_copy, codec_name
from vidgan.video.subtitles import Subtitles


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
    """Audio and subtitles of a source file for an output file; to be closed."""

    def __init__(
        self,
        path: Path,
        output: OutputContainer,
        container: Container,
        begin: float = 0.0,
        end: float | None = None,
        not_copied: Collection[int] = (),
    ) -> None:
        """Add an output stream for every stream of the source; copy title, date and chapters.

        Args:
            path: the source.
            output: the file being written, before its first packet.
            container: the type of ``output``.
            begin: start of the span to copy, in seconds of the source.
            end: its end; None for the end of the source.
            not_copied: numbers of streams of sound whose packets turned out not to be storable.
        """
        self._path = path
        self._input = av.open(str(path.absolute()))
        start_time = Fraction(self._input.start_time or 0, 1_000_000)
        self._begin = start_time + Fraction(begin)
        self._end = None if end is None else start_time + Fraction(end)
        # At the beginning of a file, packets before time 0 are an encoder's priming samples.
        self._from_beginning = begin <= 0
        self._container = container
        self._sound: dict[int, CopiedSound] = {}
        self._subtitles: dict[int, Subtitles] = {}
        self._not_copied = not_copied
        streams = self._input.streams
        notes = [self._add_sound(stream, output) for stream in streams.audio]
        notes += [self._add_subtitles(stream, output) for stream in streams.subtitles]
        if streams.attachments and not self._add_attachments(output):
            notes.append(f"its attachments cannot be stored in {container.suffix}; left out")
        if not copy_metadata(self._input, output, container, self._begin, self._end):
            notes.append(f"its chapters cannot be stored in {container.suffix}; left out")
        self._notes = [note for note in notes if note]

    @property
    def notes(self) -> list[str]:
        """What could not be copied as it is, one line each; complete after the last packet."""
        notes = list(self._notes)
        for sound in self._sound.values():
            if sound.failed:
                notes.append(
                    f"its sound is damaged: {sound.failed} of {sound.packets} packets left out"
                )
        # Several streams of a kind give one note.
        return [f"{self._path}: {note}" for note in dict.fromkeys(notes)]

    @property
    def refused(self) -> set[int]:
        """Numbers of the streams that were copied, but of which no packet could be stored."""
        return {
            index
            for index, sound in self._sound.items()
            if 0 < sound.packets == sound.failed and not isinstance(sound, EncodedSound)
        }

    def _add_sound(self, stream: AudioStream, output: OutputContainer) -> str | None:
        """Add a stream; return a note if it is not copied as it is."""
        container, name = self._container, codec_name(stream)
        if name is None:
            return "its sound has an unknown codec; left out"
        reason = f"its sound ({name}) cannot be stored in {container.suffix}"
        copied = container.audio_codecs is None or name in container.audio_codecs
        copied = copied and stream.index not in self._not_copied and can_copy(stream, output)
        if (
            copied
            and not container.variable_rate
            and has_pauses(self._path, stream.index, self._begin, self._end)
        ):
            copied = False
            reason = (
                f"its sound ({name}) begins late or has pauses, which {container.suffix} "
                "cannot store"
            )
        if copied:
            self._keep(stream, CopiedSound(output.add_stream_from_template(stream)))
            return None
        if container.audio_encoder is None:
            return f"{reason}; left out"
        try:
            encoded = EncodedSound(stream, output, container.audio_encoder)
        except (av.error.FFmpegError, ValueError) as error:
            return f"{reason}, nor be encoded as {container.audio_encoder} ({error}); left out"
        self._keep(stream, encoded)
        layout = stream.codec_context.layout
        if encoded.channels == layout.nb_channels:
            return f"{reason}; encoded as {encoded.codec}"
        return f"{reason}; encoded as {encoded.codec}, mixed from {layout.name} to stereo"

    def _keep(self, stream: AudioStream, sound: CopiedSound) -> None:
        copy_stream_metadata(stream, sound.stream)
        self._sound[stream.index] = sound

    def _add_subtitles(self, stream: SubtitleStream, output: OutputContainer) -> str | None:
        """Add a stream; return a note if it is left out."""
        try:
            subtitles = Subtitles(stream, output, self._container, self._begin, self._end)
        except (av.error.FFmpegError, ValueError, AttributeError):
            return f"its subtitles cannot be stored in {self._container.suffix}; left out"
        copy_stream_metadata(stream, subtitles.stream)
        self._subtitles[stream.index] = subtitles
        return None

    def _add_attachments(self, output: OutputContainer) -> bool:
        """Copy attached files; return False if the container does not take them."""
        if not self._container.attachments:
            return False
        for number, stream in enumerate(self._input.streams.attachments):
            output.add_attachment(
                stream.name or f"attachment{number}",
                stream.mimetype or "application/octet-stream",
                stream.data,
            )
        return True

    def packets(self) -> Iterator[tuple[float, "Packet[Any]"]]:
        """Yield the output's packets, each with its time in seconds of the output.

        Damaged packets are left out.
        """
        preroll = self._container.preroll
        times = PacketTimes(self._path, self._input)
        active = {*self._sound, *self._subtitles}
        for packet in demux(self._input, active):
            index = packet.stream_index
            if index not in active or (index in self._subtitles and packet.pts is None):
                continue
            seconds = times(packet)
            if self._end is not None and seconds >= self._end:
                active.discard(index)
                if not active:
                    break
            elif index in self._subtitles:
                packet.pts = round(seconds / packet.time_base)
                if converted := self._subtitles[index].convert(packet):
                    yield float(converted[0]), converted[1]
            elif seconds >= self._begin or (self._from_beginning and preroll):
                sound = self._sound[index]
                sound.packets += 1
                for made in sound.convert(packet, seconds - self._begin):
                    if preroll or (made.pts or 0) >= 0:
                        yield float(seconds - self._begin), made
        for sound in self._sound.values():
            for made in sound.flush():
                yield float("inf"), made

    def failed(self, packet: "Packet[Any]") -> None:
        """Count a packet that could not be stored."""
        for sound in self._sound.values():
            sound.failed += packet.stream is sound.stream

    def close(self) -> None:
        """Close the source."""
        self._input.close()
