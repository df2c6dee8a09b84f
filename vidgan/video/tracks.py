"""Taking sound and subtitles of one video over into another, with all that it is labelled with.

Packets go over as they are, or encoded anew where the container does not take them.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidgan.video.labels import label, label_track
from vidgan.video.subtitles import Subtitles

# What players take in a container; FFmpeg puts more into some of them.
_CARRIED = {
    ".mp4": frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}),
    ".webm": frozenset({"opus", "vorbis"}),
    ".avi": frozenset({"mp3", "ac3", "pcm_s16le", "pcm_u8"}),
}
# What anything else becomes.
_ENCODERS = {".mp4": "aac", ".webm": "libopus", ".avi": "libmp3lame", ".mkv": "aac"}
# Others move the picture to make room for sound before the beginning.
_KEEP_RUN_UP = frozenset({".mp4", ".webm"})
# Opus knows a few rates only, the others take those of CDs and video.
_RATES = {"libopus": (48000,)}
_USUAL_RATES = (44100, 48000)
_BITS_PER_CHANNEL = 96_000


def beside_the_picture(path: Path) -> list[str]:
    """Return what a video has of sound, subtitles and chapters; a folder of images has nothing."""
    if path.is_dir():
        return []
    with av.open(str(path.absolute())) as container:
        found = {
            "sound": container.streams.audio,
            "subtitles": container.streams.subtitles,
            "chapters": container.chapters(),
        }
    return [name for name, there in found.items() if there]


class Tracks:
    """Sound and subtitles of a file on their way into another; to be closed.

    Attributes:
        notes: what could not be kept as it is, a line each.
    """

    def __init__(
        self, path: Path, output: Any, suffix: str, begin: float = 0.0, end: float | None = None
    ) -> None:
        """Add a stream to the output for every one of the file, and its title, date and chapters.

        Args:
            path: the file.
            output: an open PyAV container, before its first packet.
            suffix: its kind, such as ``.mp4``.
            begin: what comes before so many seconds is left out.
            end: what comes from so many seconds on is left out.
        """
        self._input = av.open(str(path.absolute()))
        origin = Fraction(self._input.start_time or 0, 1_000_000)
        self._begin = origin + Fraction(begin)
        # What comes before is an encoder's run-up, for which only some leave room.
        self._cut = begin > 0
        self._keeps_run_up = suffix in _KEEP_RUN_UP
        self._end = None if end is None else origin + Fraction(end)
        self._sound: dict[int, _Sound] = {}
        self._subtitles: dict[int, Subtitles] = {}
        streams = self._input.streams
        notes = [self._add_sound(stream, output, suffix) for stream in streams.audio]
        notes += [self._add_subtitles(stream, output, suffix) for stream in streams.subtitles]
        if not label(self._input, output, suffix, self._begin, self._end):
            notes.append(f"it has chapters, which do not go into {suffix}: left out")
        # Several streams of a kind need one word only.
        self.notes = [f"{path}: {note}" for note in dict.fromkeys(notes) if note]

    def _add_sound(self, stream: Any, output: Any, suffix: str) -> str | None:
        """Add a stream and return what is not kept of it."""
        try:
            track = _open_sound(stream, output, suffix)
        except (av.error.FFmpegError, ValueError, AttributeError):
            return "its sound is of a kind unknown here and left out"
        label_track(stream, track.stream)
        self._sound[stream.index] = track
        if track.became is None:
            return None
        name = stream.codec_context.name
        return f"its sound is {name}, which does not go into {suffix}; encoded as {track.became}"

    def _add_subtitles(self, stream: Any, output: Any, suffix: str) -> str | None:
        """Add a stream and return what is not kept of it."""
        try:
            subtitles = Subtitles(stream, output, suffix, self._begin, self._end)
        except (av.error.FFmpegError, ValueError, AttributeError):
            return f"its subtitles are of a kind that does not go into {suffix}: left out"
        label_track(stream, subtitles.stream)
        self._subtitles[stream.index] = subtitles
        return None

    def packets(self) -> Iterator[tuple[float, Any]]:
        """Yield packets for the output, each with its time in seconds from ``begin`` on.

        Damaged ones are left out.
        """
        playing = {*self._sound, *self._subtitles}
        streams = [self._input.streams[index] for index in playing]
        packets = self._input.demux(streams) if streams else iter(())
        while playing:
            try:
                packet = next(packets)
            except (StopIteration, EOFError, av.error.FFmpegError):
                break
            index = packet.stream_index
            if index not in playing or packet.pts is None or not packet.size:
                continue
            seconds = packet.pts * packet.time_base
            if self._end is not None and seconds >= self._end:
                playing.discard(index)
            elif index in self._subtitles:
                if taken := self._subtitles[index].take(packet):
                    yield float(taken[0]), taken[1]
            elif seconds >= self._begin or (not self._cut and self._keeps_run_up):
                for made in self._sound[index].take(packet, self._begin):
                    if made.pts >= 0 or self._keeps_run_up:
                        yield float(seconds - self._begin), made
        for track in self._sound.values():
            for made in track.finish():
                yield float("inf"), made

    def close(self) -> None:
        """Close the file."""
        self._input.close()


class _Sound:
    """A stream whose packets go over as they are."""

    became: str | None = None

    def __init__(self, stream: Any, output: Any) -> None:
        self.stream = output.add_stream_from_template(stream)

    def take(self, packet: Any, begin: Fraction) -> list[Any]:
        """Return what a packet of the file becomes."""
        shift = round(begin / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = self.stream
        return [packet]

    def finish(self) -> list[Any]:
        """Return what was still held."""
        return []


class _EncodedSound(_Sound):
    """A stream that is decoded and encoded anew."""

    def __init__(self, stream: Any, output: Any, encoder: str) -> None:
        self.became = encoder.removeprefix("lib").removesuffix("lame")
        rate = stream.codec_context.sample_rate
        rates = _RATES.get(encoder, _USUAL_RATES)
        self.stream = output.add_stream(encoder, rate=rate if rate in rates else rates[-1])
        context = self.stream.codec_context
        context.layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        context.bit_rate = _BITS_PER_CHANNEL * context.layout.nb_channels

    def take(self, packet: Any, begin: Fraction) -> list[Any]:
        """Return what a packet of the file becomes."""
        made = []
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            return []
        for frame in frames:
            frame.pts -= round(begin / frame.time_base)
            made.extend(self.stream.encode(frame))
        return made

    def finish(self) -> list[Any]:
        """Return what the encoder still held."""
        return self.stream.encode(None)


def _open_sound(stream: Any, output: Any, suffix: str) -> _Sound:
    carried = _CARRIED.get(suffix)
    if carried is None or stream.codec_context.name in carried:
        return _Sound(stream, output)
    return _EncodedSound(stream, output, _ENCODERS[suffix])
