"""``vidgan interpolate``: which frames come out, when they are shown, and what is kept."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from restore_helpers import add_sound, ok, read, refused, sounds
from video_files import make_video, scene, write_video

import vidgan
from vidgan.tiling.interpolated_source import InterpolatedSource
from vidgan.tiling.source import VideoSource
from vidgan.video.interpolation import BEFORE, FRACTION

SIZE = (48, 32)
BLEND = ("--method", "blend")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interpolate")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_video(folder / "clip.mkv", 12, SIZE, codec="ffv1", pix_fmt="bgr0")


def lossless(path: Path) -> tuple[object, ...]:
    return ("-o", path, "--codec", "ffv1")


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.avi", "o.mkv"])
@pytest.mark.parametrize("method", ["flow", "blend"])
def test_times_multiplies_the_frames(clip: Path, tmp_path: Path, name: str, method: str) -> None:
    ok("interpolate", clip, "-o", tmp_path / name, "--method", method)
    made = read(tmp_path / name)
    assert len(made.frames) == 24
    np.testing.assert_allclose(made.times, np.arange(24) / 50, atol=0.0011)
    assert made.rate == pytest.approx(50, rel=0.02)
    assert made.duration == pytest.approx(12 / 25, abs=0.021)


def test_frames_of_the_video_stay_and_others_lie_between(clip: Path, tmp_path: Path) -> None:
    ok("interpolate", clip, *lossless(tmp_path / "o.mkv"), "--times", 3, *BLEND)
    source, made = read(clip).frames.astype(float), read(tmp_path / "o.mkv").frames
    assert len(made) == 36
    assert (made[::3] == source).all()
    assert np.abs(made[1:-3:3] - (2 * source[:-1] + source[1:]) / 3).max() <= 1
    assert np.abs(made[2:-3:3] - (source[:-1] + 2 * source[1:]) / 3).max() <= 1
    assert (made[-3:] == source[-1]).all()


@pytest.mark.parametrize("rate", [60, 30, 59.94, 25.5])
def test_any_rate(clip: Path, tmp_path: Path, rate: float) -> None:
    ok("interpolate", clip, "-o", tmp_path / "o.mp4", "--rate", rate, *BLEND)
    made = read(tmp_path / "o.mp4")
    count = int(np.ceil(12 / 25 * rate - 1e-9))
    assert len(made.frames) == count
    np.testing.assert_allclose(made.times, np.arange(count) / rate, atol=0.001)
    assert made.rate == pytest.approx(rate, rel=0.001)


def test_frames_of_a_rate_are_those_of_their_times(clip: Path, tmp_path: Path) -> None:
    ok("interpolate", clip, *lossless(tmp_path / "o.mkv"), "--rate", 40, *BLEND)
    source, made = read(clip).frames.astype(float), read(tmp_path / "o.mkv").frames
    for number in range(len(made) - 2):
        place = number * 25 / 40
        first = int(place)
        after = source[min(first + 1, 11)]
        expected = source[first] + (place - first) * (after - source[first])
        # Where a frame lies between two is rounded to 8 bits.
        assert np.abs(made[number] - expected).max() <= 2, number


def test_sound_stays_and_in_sync(clip: Path, tmp_path: Path) -> None:
    loud = add_sound(make_video(tmp_path / "quiet.mp4", 50, SIZE), tmp_path / "loud.mp4", streams=2)
    ok("interpolate", loud, "-o", tmp_path / "o.mp4", "--rate", 60, *BLEND)
    before, after = sounds(loud), sounds(tmp_path / "o.mp4")
    assert [len(each) for each in before] == [len(each) for each in after]
    for one, other in zip(before, after, strict=True):
        assert [data for _, data in one] == [data for _, data in other]
        np.testing.assert_allclose([t for t, _ in one], [t for t, _ in other], atol=0.001)
    assert read(tmp_path / "o.mp4").duration == pytest.approx(read(loud).duration, abs=0.03)


def test_sound_of_a_span(tmp_path: Path) -> None:
    loud = add_sound(make_video(tmp_path / "quiet.mp4", 50, SIZE), tmp_path / "loud.mp4")
    ok("interpolate", loud, "-o", tmp_path / "o.mp4", "--start", 1, "--end", 1.6, *BLEND)
    assert len(read(tmp_path / "o.mp4").frames) == 30
    assert read(tmp_path / "o.mp4").duration == pytest.approx(0.6, abs=0.05)
    assert sounds(tmp_path / "o.mp4")[0][-1][0] == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv"])
def test_variable_rate(tmp_path: Path, name: str) -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 12)).round(3)
    video = write_video(tmp_path / "v.mkv", scene(12, SIZE), times=times)
    source = read(video)
    ok("interpolate", video, "-o", tmp_path / name, "--times", 2, *BLEND)
    made = read(tmp_path / name)
    np.testing.assert_allclose(np.diff(made.times[::2]), np.diff(source.times), atol=0.0011)
    middle = (source.times[:-1] + source.times[1:]) / 2 - source.times[0]
    np.testing.assert_allclose(made.times[1:-1:2] - made.times[0], middle, atol=0.0011)
    ok("interpolate", video, "-o", tmp_path / f"60-{name}", "--rate", 60, *BLEND)
    even = read(tmp_path / f"60-{name}")
    np.testing.assert_allclose(np.diff(even.times), 1 / 60, atol=0.0011)
    assert even.times[-1] + 1 / 60 == pytest.approx(source.times[-1], abs=0.25)


def test_times_in_milliseconds_do_not_blur(tmp_path: Path) -> None:
    """Of a video of 30 frames a second in .mkv, every other frame of 60 is one of its own."""
    times = np.round(np.arange(12) / 30, 3)
    frames = scene(12, SIZE)
    video = write_video(tmp_path / "v.mkv", frames, 30, "ffv1", "bgr0", times=times)
    ok("interpolate", video, *lossless(tmp_path / "o.mkv"), "--rate", 60, *BLEND)
    assert (read(tmp_path / "o.mkv").frames[:24:2] == frames).all()


def test_nothing_between_two_shots(tmp_path: Path) -> None:
    shots = np.concatenate([scene(8, SIZE, seed=1), scene(8, SIZE, seed=5)])
    video = write_video(tmp_path / "v.mkv", shots, codec="ffv1", pix_fmt="bgr0")
    ok("interpolate", video, *lossless(tmp_path / "o.mkv"), "--times", 4, "--method", "flow")
    made = read(tmp_path / "o.mkv").frames
    assert (made[28:30] == shots[7]).all()
    assert (made[30:33] == shots[8]).all()
    assert (made[25:28] != shots[7]).any()


def test_compare_shows_the_video_beside(clip: Path, tmp_path: Path) -> None:
    ok("interpolate", clip, *lossless(tmp_path / "o.mkv"), "--compare", *BLEND)
    source, made = read(clip).frames, read(tmp_path / "o.mkv").frames
    assert made.shape == (24, SIZE[1], 2 * SIZE[0], 3)
    assert (made[:, :, : SIZE[0]] == np.repeat(source, 2, axis=0)).all()


def test_it_can_be_interrupted(clip: Path, tmp_path: Path) -> None:
    """Frames that exist are not computed again, and the others are the same."""
    with VideoSource(clip) as video:
        whole = list(InterpolatedSource(video, 3).read())
    with VideoSource(clip) as video:
        rest = list(InterpolatedSource(video, 3).read(skip=10))
    assert [frame.time for frame in whole[10:]] == [frame.time for frame in rest]
    for one, other in zip(whole[10:], rest, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert [bool(frame.pixels[..., FRACTION].any()) for frame in whole[:4]] == [0, 1, 1, 0]
    assert (whole[4].pixels[..., BEFORE] == whole[3].pixels[..., BEFORE]).all()


def test_time_base_is_exact(clip: Path) -> None:
    with VideoSource(clip) as video:
        assert InterpolatedSource(video, 2, 60000 / 1001).time_base == Fraction(1001, 60000)
        assert InterpolatedSource(video, 4).time_base == video.time_base / 4


def test_frames_that_are_too_small_for_flow(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mkv", 4, (10, 8), codec="ffv1", pix_fmt="bgr0")
    result = vidgan.interpolate(video, tmp_path / "o.mkv", method="flow", times=2)
    assert len(read(result.paths[0]).frames) == 8


def test_one_frame(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mkv", 1, SIZE)
    ok("interpolate", video, "-o", tmp_path / "o.mkv", *BLEND)
    assert len(read(tmp_path / "o.mkv").frames) == 2


def test_wrong_options(clip: Path, tmp_path: Path) -> None:
    output = ("-o", tmp_path / "o.mp4", *BLEND)
    assert "does not go with --times" in refused(
        *("interpolate", clip, *output, "--rate", 60, "--times", 2), status=2
    )
    assert "has 25 frames a second already" in refused("interpolate", clip, *output, "--rate", 25)
    assert "2<=x<=16" in refused("interpolate", clip, *output, "--times", 1, status=2)
    gif = ("-o", tmp_path / "o.gif", *BLEND)
    assert "at most 50" in refused("interpolate", clip, *gif, "--rate", 60, status=2)
    assert not list(tmp_path.iterdir())
