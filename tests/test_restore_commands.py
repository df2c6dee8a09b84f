"""Restoring from the command line: what of the source is kept, and which part of it is taken."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from restore_helpers import RATE, add_sound, ok, read, refused, sounds
from video_files import make_images, make_video, rotate_mp4, scene, write_video

SIZE = (48, 32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("restore")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_video(folder / "clip.mp4", 12, SIZE)


@pytest.fixture(scope="module")
def loud(folder: Path) -> Path:
    return add_sound(make_video(folder / "quiet.mp4", 50, SIZE), folder / "loud.mp4", streams=2)


# What is kept


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.avi", "o.gif", "o.mkv"])
def test_frames_and_rate(clip: Path, tmp_path: Path, name: str) -> None:
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
def test_variable_rate(tmp_path: Path, name: str) -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 12)).round(3)
    video = write_video(tmp_path / "v.mkv", scene(12, SIZE), times=times)
    ok("enhance", video, "-o", tmp_path / name, "--method", "bicubic", "--scale", 1)
    made = read(tmp_path / name)
    source = read(video)
    np.testing.assert_allclose(np.diff(made.times), np.diff(source.times), atol=0.0011)
    assert made.duration == pytest.approx(read(video).duration, abs=0.2)


HELD = [0, 0.04, 0.08, 0.12, 2.12, 2.16, 2.2, 3.2]


def test_a_frame_that_is_held_for_long(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", scene(8, SIZE), times=HELD, options={"bf": "0"})
    whole, part = tmp_path / "whole.mp4", tmp_path / "part.mp4"
    options = ("--method", "bicubic", "--scale", 1)
    ok("enhance", video, "-o", whole, *options)
    # The last frame as long as it was, not as long as the one before.
    assert read(whole).duration == pytest.approx(read(video).duration, abs=0.002)
    assert read(video).duration < 3.5
    ok("enhance", video, "-o", part, *options, "--end", 1)
    made = read(part)
    assert len(made.frames) == 4
    assert made.duration == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("name", ["o.avi", "o.gif"])
def test_containers_of_constant_rate_say_so_and_keep_the_length(tmp_path: Path, name: str) -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 12)).round(3)
    video = write_video(tmp_path / "v.mkv", scene(12, SIZE), times=times - times[0])
    result = ok("enhance", video, "-o", tmp_path / name, "--method", "bicubic", "--scale", 1)
    assert "rate varies" in result.output
    assert read(tmp_path / name).duration == pytest.approx(read(video).duration, abs=0.25)


def test_sound_is_copied_packet_by_packet(loud: Path, tmp_path: Path) -> None:
    ok("enhance", loud, "-o", tmp_path / "o.mp4", "--method", "bicubic")
    assert sounds(tmp_path / "o.mp4") == sounds(loud)
    assert len(sounds(loud)) == 2
    assert read(tmp_path / "o.mp4").duration == pytest.approx(read(loud).duration, abs=0.05)


def test_sound_of_a_span(loud: Path, tmp_path: Path) -> None:
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


def test_sound_that_the_container_does_not_take(loud: Path, tmp_path: Path) -> None:
    result = ok("enhance", loud, "-o", tmp_path / "o.webm", "--method", "bicubic", "--end", 1)
    assert result.output.count("encoded as opus") == 1
    with av.open(str(tmp_path / "o.webm")) as container:
        assert [s.codec_context.name for s in container.streams.audio] == ["opus", "opus"]
        seconds = sum(f.samples / f.sample_rate for f in container.decode(audio=0))
    assert seconds == pytest.approx(1, abs=0.06)


def test_gif_has_no_sound_and_says_so(loud: Path, tmp_path: Path) -> None:
    options = ("--method", "bicubic", "--max-frames", 5)
    result = ok("enhance", loud, "-o", tmp_path / "o.gif", *options)
    assert "its sound cannot be stored in .gif; left out" in result.output
    assert len(read(tmp_path / "o.gif").frames) == 5


@pytest.mark.parametrize("name", ["o.avi", "o.gif"])
def test_a_start_between_two_frames_leaves_no_hole_in_a_constant_rate(
    clip: Path, tmp_path: Path, name: str
) -> None:
    options = ("--method", "bicubic", "--scale", 1, "--start", 0.1)
    ok("enhance", clip, "-o", tmp_path / name, *options)
    made = read(tmp_path / name)
    assert len(made.frames) == 9
    np.testing.assert_allclose(np.diff(made.times), 0.04, atol=0.001)


def test_rotation(tmp_path: Path) -> None:
    video = rotate_mp4(make_video(tmp_path / "v.mp4", 5, SIZE))
    ok("enhance", video, "-o", tmp_path / "o.mp4", "--method", "bicubic", "--scale", 1)
    with av.open(str(tmp_path / "o.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.rotation, frame.width, frame.height) == (0, 32, 48)
        upright = np.rot90(scene(5, SIZE)[0], -1)
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - upright).mean() < 8


@pytest.mark.parametrize("full", [False, True])
def test_colours(tmp_path: Path, full: bool) -> None:
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


def test_bits_and_hdr_that_are_lost_are_said(tmp_path: Path) -> None:
    video = tmp_path / "v.mkv"
    # Of HDR by the PQ curve.
    options = {"x264-params": "transfer=smpte2084"}
    write_video(video, scene(3, SIZE), pix_fmt="yuv420p10le", options=options)
    output = ok("enhance", video, "-o", tmp_path / "o.mp4", "--method", "bicubic").output
    assert "10 bits a colour" in output
    assert "HDR" in output


def test_odd_sizes_and_no_sound(tmp_path: Path) -> None:
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


def test_compare(clip: Path, tmp_path: Path) -> None:
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


def test_folder_of_images(tmp_path: Path) -> None:
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
def test_spans(clip: Path, tmp_path: Path, options: list[str], first: int, count: int) -> None:
    out = tmp_path / "o.mkv"
    ok("enhance", clip, "-o", out, "--method", "bicubic", "--scale", 1, "--codec", "ffv1", *options)
    np.testing.assert_array_equal(read(out).frames, read(clip).frames[first : first + count])


def test_a_start_far_in_is_sought(tmp_path: Path) -> None:
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
def test_wrong_spans(clip: Path, tmp_path: Path, options: list[str], word: str) -> None:
    assert word in refused(
        "enhance", clip, "-o", tmp_path / "o.mp4", "--method", "bicubic", *options, status=2
    )
    assert not list(tmp_path.iterdir())
