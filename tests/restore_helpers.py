"""Calling the commands that restore video, and reading what they write."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from click.testing import CliRunner, Result

from vidgan.cli import main
from vidgan.tiling.windows import Frame
from vidgan.video.readers.open import open_video

RATE = 44100


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def ok(*arguments: object) -> Result:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments: object, status: int = 1) -> str:
    result = call(*arguments)
    assert result.exit_code == status, result.output
    assert result.output.count("\n") == 1, result.output
    return result.output


class Video(NamedTuple):
    frames: np.ndarray
    times: np.ndarray
    duration: float
    rate: float
    codec: str


def read(path: Path) -> Video:
    with av.open(str(path)) as container:
        assert container.duration is not None
        stream = container.streams.video[0]
        with open_video(path) as reader:
            times, frames = zip(*reader, strict=True)
        return Video(
            np.stack(frames),
            np.array(times),
            container.duration / 1e6,
            float(stream.average_rate or 0),
            stream.codec_context.name,
        )


def in_seconds(ticks: int | None, time_base: Fraction | None) -> float:
    assert ticks is not None
    assert time_base is not None
    return float(ticks * time_base)


def result_of(frame: Frame) -> np.ndarray:
    """Return what the filter made of a frame."""
    assert frame.result is not None
    return frame.result


def sounds(path: Path) -> list[list[tuple[float, bytes]]]:
    """Return the packets of every audio stream with their times."""
    found = []
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    for index in range(count):
        with av.open(str(path)) as container:
            packets = container.demux(container.streams.audio[index])
            found.append([(in_seconds(p.pts, p.time_base), bytes(p)) for p in packets if p.size])
    return found


def add_sound(path: Path, target: Path, codec: str = "aac", streams: int = 1) -> Path:
    """Put tones beside the picture of a video."""
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        picture = source.streams.video[0]
        assert source.duration is not None
        seconds = source.duration / 1e6
        copy = output.add_stream_from_template(picture)
        rate = 48000 if codec == "libopus" else RATE
        tracks = [output.add_stream(codec, rate=rate) for _ in range(streams)]
        for packet in source.demux(picture):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
        for i, track in enumerate(tracks):
            assert isinstance(track, av.AudioStream)
            wave = np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * 440 * (i + 1) / rate)
            tone = np.repeat((wave * 8000).astype(np.int16), 2)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            output.mux(track.encode(frame))
            output.mux(track.encode())
    return target
