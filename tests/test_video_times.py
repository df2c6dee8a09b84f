"""When frames are shown: clocks that start anew, streams without times, spans of a file."""

from pathlib import Path

import av
import numpy as np
import pytest
from restore_helpers import ok
from video_files import make_video, scene, write_video

from vidgan.errors import OptionError
from vidgan.jobs.preprocess import preprocess
from vidgan.tiling.source import VideoSource
from vidgan.video.rate import resample
from vidgan.video.readers.open import open_video

# Formats whose clock may start anew, and the others that streams are kept in without a container.
JOINABLE = {".ts": "libx264", ".mpg": "mpeg2video", ".vob": "mpeg2video"}
RAW = {".h264": "libx264", ".hevc": "libx265", ".m2v": "mpeg2video"}
FRAMES = 60


def encode(path: Path, codec: str, seed: int = 0) -> Path:
    # Program streams do not store the times of all frames; FFmpeg guesses those of B-frames.
    bf = "2" if codec == "libx264" else "0"
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {"g": "12", "bf": bf}
    return write_video(path, scene(FRAMES, seed=seed), codec=codec, options=quiet)


def delay(path: Path, seconds: float, target: Path) -> Path:
    """Copy a file so that its clock begins later."""
    options = {"output_ts_offset": str(seconds)}
    with av.open(str(path)) as source, av.open(str(target), "w", options=options) as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    return target


def read_span(path: Path, begin: float, end: float | None) -> tuple[list[float], np.ndarray]:
    with VideoSource(path, begin, end) as source:
        frames = list(source.read())
        times = [begin + float(frame.time * source.time_base) for frame in frames]
    return times, np.stack([frame.pixels for frame in frames])


def joined(folder: Path, suffix: str, start: float) -> Path:
    """Put two files together as ``cat`` does; the clock of the second one begins at ``start``."""
    codec = JOINABLE[suffix]
    first = encode(folder / f"first{suffix}", codec)
    second = encode(folder / f"second{suffix}", codec, seed=1)
    if start:
        second = delay(second, start, folder / f"late{suffix}")
    both = folder / f"both{suffix}"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    return both


@pytest.mark.parametrize("suffix", JOINABLE)
@pytest.mark.parametrize("start", [0.0, 20_000.0])
def test_a_clock_that_starts_anew_goes_on(tmp_path: Path, suffix: str, start: float) -> None:
    path = joined(tmp_path, suffix, start)
    times, frames = read_span(path, 0, None)
    np.testing.assert_allclose(times, np.arange(2 * FRAMES) / 25, atol=2e-3)
    with open_video(path) as reader:
        samples = list(resample(reader, 25))
        # Program streams may have stored the last time of the first part too late.
        assert [jump.time - reader.start_time for jump in reader.jumps] == [
            pytest.approx(2.4, abs=0.041)
        ]
        assert sum("its clock starts anew 1 time" in note for note in reader.notes) == 1
    assert sum(sample.copies for sample in samples) == 2 * FRAMES
    # Spans are those of the whole file, on either side of the place and across it.
    for begin, end in ((0.5, 0.9), (1.5, 3.1), (3.3, 4.1)):
        inside = [i for i, time in enumerate(times) if begin - 1e-6 <= time < end - 1e-6]
        found, pictures = read_span(path, begin, end)
        np.testing.assert_allclose(found, np.array(times)[inside], atol=1e-6)
        np.testing.assert_array_equal(pictures, frames[inside])


def test_a_clock_that_starts_anew_is_said(tmp_path: Path) -> None:
    path = joined(tmp_path, ".ts", 0.0)
    output = tmp_path / "out.mp4"
    printed = ok("enhance", path, "-o", output, "--method", "bicubic", "--scale", 1).output
    assert printed.count("its clock starts anew 1 time, first after 2.40 s") == 1
    with open_video(output) as reader:
        times = [time for time, _ in reader]
    np.testing.assert_allclose(times, np.arange(2 * FRAMES) / 25, atol=2e-3)
    printed = ok("preprocess", path, "-o", tmp_path / "data").output
    assert "both.ts: its clock starts anew" in printed


def test_a_pause_stays_where_the_clock_cannot_start_anew(tmp_path: Path) -> None:
    shown = [0, 0.04, 0.08, 45.0, 45.04]
    times, _ = read_span(write_video(tmp_path / "v.mkv", scene(5), times=shown), 0, None)
    np.testing.assert_allclose(times, shown, atol=1e-3)


@pytest.mark.parametrize("suffix", RAW)
def test_streams_without_times_are_counted(tmp_path: Path, suffix: str) -> None:
    path = encode(tmp_path / f"v{suffix}", RAW[suffix])
    times, frames = read_span(path, 0, None)
    np.testing.assert_allclose(times, np.arange(FRAMES) / 25, atol=1e-6)
    found, pictures = read_span(path, 1.0, 1.4)
    np.testing.assert_allclose(found, np.arange(25, 35) / 25, atol=1e-6)
    np.testing.assert_array_equal(pictures, frames[25:35])
    output = tmp_path / "out.mp4"
    ok("enhance", path, "-o", output, "--method", "bicubic", "--scale", 1)
    with open_video(output) as reader:
        assert sum(1 for _ in reader) == FRAMES


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        *JOINABLE.items(),
        (".mkv", "libx264"),
        (".mp4", "libx264"),
        (".avi", "mpeg4"),
        (".flv", "flv"),
    ],
)
def test_spans_are_exact(tmp_path: Path, suffix: str, codec: str) -> None:
    options = {"g": "25", "bf": "2"} if codec != "flv" else {"g": "25"}
    path = make_video(tmp_path / f"v{suffix}", FRAMES, codec=codec, options=options)
    times, frames = read_span(path, 0, None)
    for begin, end in ((0.3, 0.7), (1.0, 1.5), (1.5, 2.4), (2.2, 9.0)):
        inside = [i for i, time in enumerate(times) if begin - 1e-6 <= time < end - 1e-6]
        found, pictures = read_span(path, begin, end)
        with open_video(path) as reader:
            half_a_tick = float(reader.time_base) / 2 + 1e-6
        np.testing.assert_allclose(found, np.array(times)[inside], atol=half_a_tick)
        np.testing.assert_array_equal(pictures, frames[inside])
    with pytest.raises(OptionError, match="the video is shorter"):
        read_span(path, 9.0, 10.0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
@pytest.mark.parametrize(("fps", "frames"), [(480, 48), (1000, 30), (1 / 20, 12)])
def test_unusual_rates_are_the_files_own(
    tmp_path: Path, suffix: str, fps: float, frames: int
) -> None:
    path = make_video(tmp_path / f"v{suffix}", frames, (64, 64), fps)
    with open_video(path) as reader:
        # Matroska's clock ticks in milliseconds.
        assert reader.info.fps == pytest.approx(fps, rel=0.03)
        times = [time for time, _ in reader]
    np.testing.assert_allclose(np.diff(times), 1 / fps, atol=1e-3 + 1e-6)
    manifest = preprocess(path, tmp_path / "data", shots="none", clean=False)
    assert manifest.sources[0]["shots"]
    assert sum(split.frames for split in manifest.splits.values()) >= frames - 8
    output = tmp_path / "out.avi"
    ok("enhance", path, "-o", output, "--method", "bicubic", "--scale", 1)
    with open_video(output) as reader:
        assert sum(1 for _ in reader) == pytest.approx(frames, abs=1)
        assert reader.info.fps == pytest.approx(fps, rel=0.03)


def test_a_time_base_that_looks_like_a_rate_is_none(tmp_path: Path) -> None:
    # Windows Media declares no rate; FFmpeg takes its clock of milliseconds for one.
    path = write_video(tmp_path / "v.mkv", scene(30), times=[i * 0.1 for i in range(30)], fps=1000)
    with open_video(path) as reader:
        assert reader.info.fps == pytest.approx(10, rel=0.01)


def test_one_slow_video_does_not_decide(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    for number, fps in enumerate([29.4, 29.7, 15.11, 29.97, 30, 30.1, 30.2]):
        times = [i / fps for i in range(20)]
        make_video(folder / f"{number}.mkv", 20, (64, 64), fps, number, times=times)
    assert preprocess(folder, tmp_path / "data").fps == pytest.approx(29.97, abs=0.05)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_avi_with_b_frames_has_a_constant_rate(tmp_path: Path, codec: str) -> None:
    # It stores the order of decoding only, from which FFmpeg guesses times in another order.
    path = make_video(tmp_path / "v.avi", FRAMES, codec=codec, options={"bf": "2", "g": "25"})
    with open_video(path) as reader:
        times = [time for time, _ in reader]
        assert not reader.notes
        assert not reader.decode_errors
    np.testing.assert_allclose(np.diff(times), 1 / 25, atol=1e-6)
    assert len(times) == FRAMES
    assert times[0] <= 3 / 25
