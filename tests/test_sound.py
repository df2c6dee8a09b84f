"""Sound of restored video: of every codec, damaged, late, or with times that jump."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from restore_helpers import ok, read, sounds
from video_files import make_video

from vidgan.video.containers import CONTAINERS
from vidgan.video.join import Timeline, TrackSource, join

BICUBIC = ("--method", "bicubic", "--scale", 1)
SECONDS, ONSET = 1.2, 0.5
# Encoders of PyAV and their rate, with the container that the source is.
CODECS = {
    "aac": (".mp4", 44100),
    "ac3": (".mkv", 48000),
    "adpcm_ima_wav": (".avi", 22050),
    "adpcm_ms": (".avi", 22050),
    "alac": (".mov", 44100),
    "eac3": (".mkv", 48000),
    "flac": (".mkv", 96000),
    "libmp3lame": (".avi", 44100),
    "libopencore_amrnb": (".3gp", 8000),
    "libopus": (".mkv", 48000),
    "mp2": (".ts", 48000),
    "pcm_mulaw": (".mov", 8000),
    "pcm_s16be": (".mov", 48000),
    "pcm_s16le": (".avi", 44100),
    "pcm_s24le": (".mkv", 48000),
    "pcm_u8": (".avi", 11025),
    "tta": (".mkv", 44100),
    "wavpack": (".mkv", 44100),
    "wmav2": (".wmv", 44100),
}
# What FFmpeg's table of Matroska does not have.
NOT_IN_MKV = ("adpcm_ima_wav", "adpcm_ms", "amr_nb", "pcm_mulaw", "wmav2")
BIT_RATES = {"libopencore_amrnb": 12_200}


def tone(seconds: float, rate: int, channels: int = 1, onset: float = 0.0) -> np.ndarray:
    """Return a tone after silence, int16 ``(1, samples * channels)``."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 440 * time) * 12000 * (time >= onset)
    return np.repeat(wave.astype(np.int16), channels)[None]


def with_sound(
    path: Path, codec: str, rate: int = 48000, layout: str = "mono", start: float = 0.0
) -> Path:
    """Write 30 frames of video and a tone that begins at ``ONSET`` seconds.

    Args:
        path: the file.
        codec: an encoder of sound.
        rate: samples a second.
        layout: FFmpeg's name of the channel layout.
        start: when the stream of sound begins, in seconds.
    """
    suffix = ".avi" if path.suffix == ".avi" else ".mkv"
    picture = make_video(path.with_name(f"picture{suffix}"), 30, (48, 32))
    with av.open(str(picture)) as source, av.open(str(path), "w") as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        sound = output.add_stream(codec, rate=rate)
        assert isinstance(sound, av.AudioStream)
        sound.codec_context.layout = layout
        sound.codec_context.bit_rate = BIT_RATES.get(codec, 128_000)
        channels = sound.codec_context.layout.nb_channels
        samples = tone(SECONDS, rate, channels, ONSET)[:, round(start * rate) * channels :]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start * rate)
        # The muxer interleaves.
        output.mux([*sound.encode(frame), *sound.encode(None)])
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    return path


def onset(path: Path) -> tuple[float, float, int]:
    """Return when the tone begins, when the sound ends, and its number of channels."""
    with av.open(str(path)) as container:
        first = float(container.start_time or 0) / 1e6
        resampler = av.AudioResampler("flt", "mono", 8000, 800, options={"async": "1"})
        parts, start, channels = [], None, 0
        for frame in container.decode(audio=0):
            channels = frame.layout.nb_channels
            start = frame.time if start is None else start
            parts += resampler.resample(frame)
        parts += resampler.resample(None)
    samples = np.concatenate([part.to_ndarray()[0] for part in parts])
    start = (start or 0) - max(0, first)
    begin = float(np.argmax(np.abs(samples) > 0.1)) / 8000
    return start + begin, start + len(samples) / 8000, channels


def packets_of(path: Path) -> list[bytes]:
    return [data for _, data in sounds(path)[0]]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi", ".mkv"])
@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_is_copied_or_encoded_again(tmp_path: Path, codec: str, suffix: str) -> None:
    source_suffix, rate = CODECS[codec]
    source = with_sound(tmp_path / f"v{source_suffix}", codec, rate)
    name = av.Codec(codec, "w").canonical_name
    made = tmp_path / f"made{suffix}"
    output = ok("enhance", source, "-o", made, *BICUBIC).output
    row = CONTAINERS[suffix]
    taken = name not in NOT_IN_MKV if row.audio_codecs is None else name in row.audio_codecs
    if taken:
        assert "sound" not in output
        assert set(packets_of(made)) <= set(packets_of(source))
        assert len(packets_of(made)) >= len(packets_of(source)) - 1
    else:
        new = av.Codec(str(row.audio_encoder), "w").canonical_name
        assert f"its sound ({name}) cannot be stored in {suffix}; encoded as {new}" in output
    begin, end, _ = onset(made)
    wanted_begin, wanted_end, _ = onset(source)
    assert begin == pytest.approx(wanted_begin, abs=0.05)
    assert end == pytest.approx(wanted_end, abs=0.12)
    assert len(read(made).frames) == 30


@pytest.mark.parametrize(
    ("suffix", "layout", "channels"),
    [
        (".mp4", "5.1", 6),
        (".webm", "5.1", 6),
        (".webm", "5.1(side)", 6),
        (".webm", "4.0", 2),
        (".avi", "5.1", 2),
        (".mkv", "7.1", 8),
    ],
)
def test_channels_are_kept_where_the_encoder_can(
    tmp_path: Path, suffix: str, layout: str, channels: int
) -> None:
    source = with_sound(tmp_path / "v.mkv", "flac", layout=layout)
    made = tmp_path / f"made{suffix}"
    output = ok("enhance", source, "-o", made, *BICUBIC).output
    begin, _, found = onset(made)
    assert found == channels
    assert (f"mixed from {layout} to stereo" in output) == (channels == 2)
    assert begin == pytest.approx(ONSET, abs=0.05)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *((codec, ".avi") for codec in ("aac", "libmp3lame", "pcm_s16le", "ac3")),
        *(("aac", suffix) for suffix in (".mp4", ".webm", ".mkv")),
        ("libmp3lame", ".mp4"),
    ],
)
def test_late_sound_stays_late(tmp_path: Path, codec: str, suffix: str) -> None:
    source = with_sound(tmp_path / "v.mkv", codec, 44100, start=0.4)
    made = tmp_path / f"made{suffix}"
    output = ok("enhance", source, "-o", made, *BICUBIC).output
    assert onset(made)[0] == pytest.approx(ONSET, abs=0.05)
    if suffix == ".avi" and codec != "aac":
        assert "begins late or has pauses, which .avi cannot store; encoded as mp3" in output


def damaged(path: Path, target: Path) -> Path:
    """Change bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    for place in range(len(data) * 2 // 5, len(data) * 3 // 5, 97):
        data[place] ^= 0x5A
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi", ".mkv"])
@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "ac3"])
def test_damaged_sound_does_not_cost_the_picture(tmp_path: Path, codec: str, suffix: str) -> None:
    source = damaged(with_sound(tmp_path / "v.ts", codec), tmp_path / "damaged.ts")
    made = tmp_path / f"made{suffix}"
    output = ok("enhance", source, "-o", made, *BICUBIC).output
    assert ".vidgan-" not in output
    assert len(read(made).frames) >= 15
    assert sounds(made)
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *(("aac", suffix) for suffix in (".mp4", ".webm", ".avi", ".mkv")),
        *(("ac3", suffix) for suffix in (".mp4", ".avi")),
    ],
)
def test_sound_of_joined_streams_is_joined(tmp_path: Path, codec: str, suffix: str) -> None:
    part = with_sound(tmp_path / "part.ts", codec).read_bytes()
    source = tmp_path / "joined.ts"
    source.write_bytes(part + part + part)
    made = tmp_path / f"made{suffix}"
    ok("enhance", source, "-o", made, *BICUBIC)
    times = [time for time, _ in sounds(made)[0]]
    assert times == sorted(times)
    _, end, _ = onset(made)
    assert end == pytest.approx(3 * SECONDS, abs=0.25)


def test_sound_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    part = make_video(tmp_path / "part.mp4", 12, (48, 32))
    sound = tmp_path / "sound.mp4"
    sound.write_bytes(b"\0" * 1000)
    timeline = Timeline(Fraction(1, 25), range(12), 12, Fraction(25))
    notes = join([part], timeline, tmp_path / "made.mp4", tracks=TrackSource(sound))
    assert len(notes) == 1
    assert notes[0].startswith(f"{sound}: its sound and subtitles cannot be joined")
    assert len(read(tmp_path / "made.mp4").frames) == 12
