"""Containers without a time for every frame: each is shown within half a period of its time."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from restore_helpers import ok, read
from video_files import write_video

from vidgan.video.join import MAX_RATE, Timeline

BICUBIC = ("--method", "bicubic", "--scale", 1)
# Times of frames in seconds, and the end.
TIMES = {
    "fast, then slow": [*(i / 60 for i in range(120)), *(2 + i / 5 for i in range(10)), 4],
    "slow, then fast": [*(i / 5 for i in range(10)), *(2 + i / 48 for i in range(96)), 4],
    "a long pause": [0, 0.04, 0.08, 30.0, 30.04, 30.08],
    "jitter": [*(i / 25 + (i * 7 % 5) / 500 for i in range(50)), 2.02],
    "dropped frames": [*(i / 30 for i in range(60) if i % 7), 2],
    "a burst": [0, 1, 1.01, 1.02, 1.03, 2, 3],
}


def timeline(times: list[float], rate: float | None = None) -> Timeline:
    tick = Fraction(1, 60_000)
    ticks = [round(time / tick) for time in times]
    average = (len(times) - 1) / (times[-1] - times[0])
    return Timeline(tick, ticks[:-1], ticks[-1], Fraction(rate or average).limit_denominator(1001))


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize(("max_rate", "drop"), [(MAX_RATE, False), (Fraction(50), True)])
def test_frames_keep_their_times(kind: str, max_rate: Fraction, drop: bool) -> None:
    line = timeline(TIMES[kind])
    made = line.at_constant_rate(max_rate, drop)
    assert 1 / made.time_base <= max_rate
    period = float(made.time_base)
    wanted = np.array([*line.times, line.end]) * float(line.time_base)
    found = np.array([*made.times, made.end]) * period
    # The first one is shown from the start of the file on.
    late = (found - wanted)[1:]
    # To half a period, and all of them by the same part of a period.
    assert np.ptp(late) <= period + 1e-4
    assert np.abs(late).max() <= period + 1e-4
    steps = np.diff([*made.times, made.end])
    assert (steps >= 0).all() if drop else (steps > 0).all()


def test_a_constant_rate_stays_as_it_is() -> None:
    made = timeline([i / 25 for i in range(51)]).at_constant_rate(MAX_RATE)
    assert (made.time_base, list(made.times), made.end) == (Fraction(1, 25), list(range(50)), 50)


def test_pauses_are_no_longer_than_the_muxer_takes() -> None:
    made = timeline([0, 0.001, 3000, 3000.001], 25).at_constant_rate(MAX_RATE)
    assert max(after - place for place, after in pairwise(made.times)) <= 75_000


def flashes(times: list[float], at: float, path: Path) -> Path:
    """Write a grey video that is white in the frame at one time."""
    frames = [np.full((32, 48, 3), 255 if time == at else 40, np.uint8) for time in times[:-1]]
    return write_video(path, frames, times=times[:-1], options={"bf": "0"})


@pytest.mark.parametrize("suffix", [".avi", ".gif"])
@pytest.mark.parametrize(
    ("kind", "at"), [("fast, then slow", 1.0), ("slow, then fast", 3.0), ("a long pause", 30.0)]
)
def test_what_is_shown_at_a_time(tmp_path: Path, suffix: str, kind: str, at: float) -> None:
    video = flashes(TIMES[kind], at, tmp_path / "v.mkv")
    made = tmp_path / f"made{suffix}"
    output = ok("enhance", video, "-o", made, *BICUBIC).output
    assert "its frame rate varies" in output
    with av.open(str(made)) as container:
        shown = [
            frame.time
            for frame in container.decode(video=0)
            if frame.to_ndarray(format="gray").mean() > 200
        ]
    assert shown[0] == pytest.approx(at, abs=0.03)
    assert read(made).duration == pytest.approx(read(video).duration, abs=0.1)


def test_a_still_of_hours_is_a_short_gif(tmp_path: Path) -> None:
    times = [0.0, 0.04, 36_000.0, 36_000.04]
    video = flashes(times, 36_000.0, tmp_path / "v.mkv")
    ok("enhance", video, "-o", tmp_path / "o.gif", *BICUBIC)
    made = read(tmp_path / "o.gif")
    assert made.times[-1] == pytest.approx(36_000, abs=1)
    assert len(made.frames) < 100
