"""enhance, inpaint and translate from the command line: what is kept, refused, resumed."""

import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from videos import make_images, make_video, rotate_mp4, scene, write_video

from vidgan.cli import main
from vidgan.video.reader import open_video

SIZE = (48, 32)
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


def sounds(path: Path) -> list[list[tuple[float, bytes]]]:
    """Return the packets of every audio stream with their times."""
    found = []
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    for index in range(count):
        with av.open(str(path)) as container:
            packets = container.demux(container.streams.audio[index])
            found.append([(float(p.pts * p.time_base), bytes(p)) for p in packets if p.size])
    return found


def add_sound(path: Path, target: Path, codec: str = "aac", streams: int = 1) -> Path:
    """Put tones beside the picture of a video."""
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        picture = source.streams.video[0]
        seconds = source.duration / 1e6
        copy = output.add_stream_from_template(picture)
        rate = 48000 if codec == "libopus" else RATE
        tracks = [output.add_stream(codec, rate=rate) for _ in range(streams)]
        for packet in source.demux(picture):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
        for i, track in enumerate(tracks):
            wave = np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * 440 * (i + 1) / rate)
            tone = np.repeat((wave * 8000).astype(np.int16), 2)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            output.mux(track.encode(frame))
            output.mux(track.encode())
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("restore")


@pytest.fixture(scope="module")
def clip(folder):
    return make_video(folder / "clip.mp4", 12, SIZE)


@pytest.fixture(scope="module")
def loud(folder):
    return add_sound(make_video(folder / "quiet.mp4", 50, SIZE), folder / "loud.mp4", streams=2)


# What is kept


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.avi", "o.gif", "o.mkv"])
def test_frames_and_rate(clip, tmp_path, name):
    ok("enhance", clip, "-o", tmp_path / name, "--method", "bicubic")
    source, made = read(clip), read(tmp_path / name)
    assert made.frames.shape == (12, 64, 96, 3)
    expected = np.stack(
        [cv2.resize(f, (96, 64), interpolation=cv2.INTER_CUBIC) for f in source.frames]
    )
    assert np.abs(made.frames.astype(int) - expected).mean() < 6
    np.testing.assert_allclose(made.times, source.times, atol=0.006)
    assert made.rate == pytest.approx(25, rel=0.02)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.webm"])
def test_variable_rate(tmp_path, name):
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 12)).round(3)
    video = write_video(tmp_path / "v.mkv", scene(12, SIZE), times=times)
    ok("enhance", video, "-o", tmp_path / name, "--method", "bicubic", "--scale", 1)
    made = read(tmp_path / name)
    source = read(video)
    np.testing.assert_allclose(np.diff(made.times), np.diff(source.times), atol=0.0011)
    assert made.duration == pytest.approx(read(video).duration, abs=0.2)


@pytest.mark.parametrize("name", ["o.avi", "o.gif"])
def test_containers_of_constant_rate_say_so_and_keep_the_length(tmp_path, name):
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 12)).round(3)
    video = write_video(tmp_path / "v.mkv", scene(12, SIZE), times=times - times[0])
    result = ok("enhance", video, "-o", tmp_path / name, "--method", "bicubic", "--scale", 1)
    assert "rate varies" in result.output
    assert read(tmp_path / name).duration == pytest.approx(read(video).duration, abs=0.25)


def test_sound_is_copied_packet_by_packet(loud, tmp_path):
    ok("enhance", loud, "-o", tmp_path / "o.mp4", "--method", "bicubic")
    assert sounds(tmp_path / "o.mp4") == sounds(loud)
    assert len(sounds(loud)) == 2
    assert read(tmp_path / "o.mp4").duration == pytest.approx(read(loud).duration, abs=0.05)


def test_sound_of_a_span(loud, tmp_path):
    ok(
        "enhance",
        loud,
        "-o",
        tmp_path / "o.mp4",
        "--method",
        "bicubic",
        "--start",
        "0.5",
        "--end",
        "0:01.5",
    )
    made, source = read(tmp_path / "o.mp4"), read(loud)
    assert len(made.frames) == 25
    expected = cv2.resize(source.frames[13], (96, 64), interpolation=cv2.INTER_CUBIC)
    assert np.abs(made.frames[0].astype(int) - expected).mean() < 6
    for track, whole in zip(sounds(tmp_path / "o.mp4"), sounds(loud), strict=True):
        packets = {data: at for at, data in whole}
        assert len(track) == pytest.approx(RATE / 1024, abs=1)
        # Against the picture, no sound has moved.
        assert all(abs(packets[data] - 0.5 - at) < 0.001 for at, data in track if data in packets)


def test_sound_that_the_container_does_not_take(loud, tmp_path):
    result = ok("enhance", loud, "-o", tmp_path / "o.webm", "--method", "bicubic", "--end", 1)
    assert result.output.count("encoded as opus") == 1
    with av.open(str(tmp_path / "o.webm")) as container:
        assert [s.codec_context.name for s in container.streams.audio] == ["opus", "opus"]
        seconds = sum(f.samples / f.sample_rate for f in container.decode(audio=0))
    assert seconds == pytest.approx(1, abs=0.06)


def test_gif_has_no_sound_and_says_so(loud, tmp_path):
    assert (
        "no sound"
        in ok(
            "enhance", loud, "-o", tmp_path / "o.gif", "--method", "bicubic", "--max-frames", 5
        ).output
    )
    assert len(read(tmp_path / "o.gif").frames) == 5


def test_rotation(tmp_path):
    video = rotate_mp4(make_video(tmp_path / "v.mp4", 5, SIZE))
    ok("enhance", video, "-o", tmp_path / "o.mp4", "--method", "bicubic", "--scale", 1)
    with av.open(str(tmp_path / "o.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.rotation, frame.width, frame.height) == (0, 32, 48)
        upright = np.rot90(scene(5, SIZE)[0], -1)
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - upright).mean() < 8


@pytest.mark.parametrize("full", [False, True])
def test_colours(tmp_path, full):
    """Whatever range the source has, the colours that are seen stay."""
    video = tmp_path / "v.mp4"
    pix_fmt = "yuvj420p" if full else "yuv420p"
    picture = np.full((32, 48, 3), (200, 40, 60), np.uint8)
    picture[:, 24:] = (10, 230, 20)
    write_video(video, [picture] * 4, pix_fmt=pix_fmt)
    with av.open(str(video)) as container:
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24")
    ok("enhance", video, "-o", tmp_path / "o.mp4", "--method", "bicubic", "--scale", 1)
    with av.open(str(tmp_path / "o.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_range, context.colorspace) == (1, 1)
    assert np.abs(read(tmp_path / "o.mp4").frames[0].astype(int) - seen)[:, 8:16].max() < 6


def test_odd_sizes_and_no_sound(tmp_path):
    video = make_video(tmp_path / "v.mkv", 5, (45, 35), pix_fmt="yuv444p")
    ok("enhance", video, "-o", tmp_path / "o.mp4", "--method", "bicubic", "--scale", 1)
    assert read(tmp_path / "o.mp4").frames.shape == (5, 36, 46, 3)
    ok(
        "enhance",
        video,
        "-o",
        tmp_path / "o.mkv",
        "--method",
        "bicubic",
        "--scale",
        1,
        "--codec",
        "ffv1",
    )
    np.testing.assert_array_equal(read(tmp_path / "o.mkv").frames, read(video).frames)


def test_compare(clip, tmp_path):
    ok(
        "enhance",
        clip,
        "-o",
        tmp_path / "o.mkv",
        "--method",
        "nlmeans",
        "--compare",
        "--codec",
        "ffv1",
    )
    both = read(tmp_path / "o.mkv").frames
    assert both.shape == (12, 32, 96, 3)
    np.testing.assert_array_equal(both[:, :, :48], read(clip).frames)
    assert (both[:, :, 48:] != both[:, :, :48]).any()


def test_folder_of_images(tmp_path):
    images = make_images(tmp_path / "in", 6, SIZE)
    ok(
        "enhance",
        images,
        "-o",
        tmp_path / "o.mkv",
        "--method",
        "bicubic",
        "--scale",
        1,
        "--codec",
        "ffv1",
    )
    np.testing.assert_array_equal(read(tmp_path / "o.mkv").frames, scene(6, SIZE))


# Spans


@pytest.mark.parametrize(
    ("options", "first", "count"),
    [
        (["--start", "0.2"], 5, 7),
        (["--end", "0:00.2"], 0, 5),
        (["--start", "0.1", "--end", "0.3"], 3, 5),
        (["--start", "0:0:0.2", "--max-frames", "3"], 5, 3),
        (["--max-frames", "100"], 0, 12),
    ],
)
def test_spans(clip, tmp_path, options, first, count):
    out = tmp_path / "o.mkv"
    ok("enhance", clip, "-o", out, "--method", "bicubic", "--scale", 1, "--codec", "ffv1", *options)
    np.testing.assert_array_equal(read(out).frames, read(clip).frames[first : first + count])


def test_a_start_far_in_is_sought(tmp_path):
    frames = scene(120, SIZE)
    video = write_video(tmp_path / "v.mp4", frames, options={"g": "10"})
    out = tmp_path / "o.mkv"
    ok(
        "enhance",
        video,
        "-o",
        out,
        "--method",
        "bicubic",
        "--scale",
        1,
        "--codec",
        "ffv1",
        "--start",
        3.4,
        "--end",
        4,
    )
    np.testing.assert_array_equal(read(out).frames, read(video).frames[85:100])


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--start", "soon"], "--start"),
        (["--end", "1:75"], "--end"),
        (["--start", "2", "--end", "1"], "--end"),
        (["--start", "60"], "--start"),
        (["--max-frames", "0"], "--max-frames"),
    ],
)
def test_wrong_spans(clip, tmp_path, options, word):
    assert word in refused(
        "enhance", clip, "-o", tmp_path / "o.mp4", "--method", "bicubic", *options, status=2
    )
    assert not list(tmp_path.iterdir())


# Interruptions


@pytest.fixture(scope="module")
def long(folder):
    return add_sound(make_video(folder / "q.mp4", 150, SIZE), folder / "long.mp4")


def interrupt(monkeypatch, after: int, failure: BaseException, waiting_for: Path) -> None:
    """Let the filter fail at a call, once a file is there."""
    from vidgan.restoring import classical

    calls = iter(range(10**6))
    denoise = classical.denoise_clip

    def failing(*arguments):
        if next(calls) == after:
            deadline = time.monotonic() + 10
            while not waiting_for.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            raise failure
        return denoise(*arguments)

    monkeypatch.setattr(classical, "denoise_clip", failing)


@pytest.fixture
def quick_denoise(monkeypatch):
    """A filter with context and margin that does not take long."""
    from vidgan.restoring import classical

    def blur(clip, strength):
        mixed = np.stack([cv2.GaussianBlur(f, (5, 5), 1) for f in clip]).astype(np.float32)
        padded = np.pad(mixed, ((2, 2), (0, 0), (0, 0), (0, 0)), mode="edge")
        return np.rint(sum(padded[i : i + len(clip)] for i in range(5)) / 5).astype(np.uint8)

    monkeypatch.setattr(classical, "denoise_clip", blur)


@pytest.mark.parametrize("name", ["o.mkv", "o.mp4", "o.gif"])
def test_resume_equals_the_uninterrupted(long, tmp_path, monkeypatch, quick_denoise, name):
    options = ("--method", "nlmeans", "--memory", "0.05")
    ok("enhance", long, "-o", tmp_path / "whole" / name, *options)
    out = tmp_path / name
    with monkeypatch.context() as patch:
        part = tmp_path / f"{name}.parts" / "00001.json"
        interrupt(patch, 2, KeyboardInterrupt(), part)
        result = call("enhance", long, "-o", out, *options)
    assert result.exit_code == 130
    assert "--resume goes on" in result.output
    assert not out.exists()
    calls = []
    from vidgan.restoring import classical

    denoise = classical.denoise_clip
    monkeypatch.setattr(
        classical, "denoise_clip", lambda c, s: calls.append(len(c)) or denoise(c, s)
    )
    ok("enhance", long, "-o", out, *options, "--resume")
    assert 0 < sum(calls) < 150
    whole = tmp_path / "whole" / name
    np.testing.assert_array_equal(read(out).frames, read(whole).frames)
    np.testing.assert_array_equal(read(out).times, read(whole).times)
    assert sounds(out) == sounds(whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "whole"])
