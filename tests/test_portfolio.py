"""The portfolio: its videos, its processes, and how its figures are compared with the eye."""

import json
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import judge_pairs
import numpy as np
import pinned_processes
import portfolio_videos
import pytest
from click.testing import CliRunner
from portfolio_videos import KINDS
from video_files import make_video

from vidgan.video.readers.open import open_video


def draw(name: str) -> np.ndarray:
    return np.stack(list(KINDS[name].draw(12, 64, 48)))


@pytest.mark.parametrize("name", KINDS)
def test_drawn_videos_move_and_are_the_same_each_time(name: str) -> None:
    video = draw(name)
    assert video.shape == (12, 48, 64, 3)
    assert video.dtype == np.uint8
    assert (video == draw(name)).all()
    assert all((a != b).any() for a, b in pairwise(video))
    assert 4 <= KINDS[name].seconds <= 12


def test_drawn_videos_are_dark_or_still_if_they_say_so() -> None:
    assert np.percentile(draw("dark"), 95) < 60
    still = draw("still").astype(int)
    changed = np.abs(still[-1] - still[0]).max(-1) > 30
    assert 0 < changed.mean() < 0.03


def test_videos_and_their_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio_videos, "KINDS", {"flag": portfolio_videos.Kind(draw_two, 1)})
    video = make_video(tmp_path / "street.mp4", frames=60, fps=25)
    make_video(tmp_path / "clips" / "a.mp4", frames=60)
    found = portfolio_videos.portfolio_videos(
        [video, tmp_path / "clips"], (1, 2, 3), True, tmp_path
    )
    assert list(found) == ["flag", "street", "street-1s", "street-2s", "clips"]
    for name, frames in {"flag": 2, "street-1s": 25, "street-2s": 50}.items():
        with open_video(found[name]) as reader:
            assert len(list(reader)) == frames
            assert reader.info.fps == 25


def draw_two(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    for value in (50, 200):
        yield np.full((height, width, 3), value, np.uint8)


def test_videos_of_one_name_are_refused(tmp_path: Path) -> None:
    videos = [make_video(tmp_path / name / "v.mp4", frames=5) for name in "ab"]
    with pytest.raises(click.UsageError, match="is called 'v', too"):
        portfolio_videos.portfolio_videos(videos, (), False, tmp_path)
    with pytest.raises(click.UsageError, match="no video"):
        portfolio_videos.portfolio_videos([], (), False, tmp_path)


def test_jobs_are_pinned_and_failures_named(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    status = "/proc/self/status"
    jobs = [(status, tmp_path / "no folder" / "a"), (status, tmp_path / "b")]
    assert pinned_processes.run_pinned(shutil.copy, jobs, [max(before)]) == jobs[:1]
    assert f"Cpus_allowed_list:\t{max(before)}\n" in jobs[1][1].read_text()
    assert os.sched_getaffinity(0) == before


def write_lines(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def row(run: str, video: str, **figures: float) -> dict[str, object]:
    return {"run": run, "video": video, "seed": 0, "steps": 9, **figures}


def test_pairs_are_of_one_video_and_new() -> None:
    rows = [row("a", "x"), row("b", "x"), row("c", "x"), row("d", "y")]
    pairs = judge_pairs.drawn_pairs(rows, {frozenset("ab")}, 9, seed=0)
    assert {frozenset((pair["left"], pair["right"])) for pair in pairs} == {
        frozenset("ac"),
        frozenset("bc"),
    }
    assert len({pair["pair"] for pair in pairs}) == 2
    many = [row(f"{n:02}", "x") for n in range(12)]
    sides = [p["left"] < p["right"] for p in judge_pairs.drawn_pairs(many, set(), 66, seed=0)]
    assert 20 < sum(sides) < 46


def test_figures_agree_with_verdicts(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "results.jsonl",
        row("good", "x", amfd=1, precision=0.2, motion=0.9, new=1),
        row("bad", "x", amfd=5, precision=0.6, motion=0.5, new=2),
        row("wild", "x", amfd=9, precision=0.1, motion=1.8, new=2),
    )
    write_lines(
        tmp_path / "pairs.jsonl",
        {"pair": "1", "video": "x", "left": "good", "right": "bad"},
        {"pair": "2", "video": "x", "left": "wild", "right": "good"},
        {"pair": "3", "video": "x", "left": "wild", "right": "bad"},
    )
    file = ["--judgements", str(tmp_path / "judgements.jsonl")]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(judge_pairs.main, [*arguments, *file])
        assert done.exit_code == 0, done.output
        return done.output

    # The first verdict is corrected.
    run("judge", str(tmp_path), "1=right", "3=equal")
    run("judge", str(tmp_path), "1=left", "2=right")
    lines = run("agree", str(tmp_path)).splitlines()
    assert [line[: line.index("0 |") + 1] for line in lines[2:-1]] == [
        "| amfd | lower | 2 | 1.00",
        "| motion | nearer 1 | 2 | 1.00",
        "| precision | higher | 2 | 0.50",
    ]
    assert lines[-1].endswith("not known of: new")


def test_unknown_verdicts_are_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "pairs.jsonl", {"pair": "1", "left": "a", "right": "b"})
    for text in ("2=left", "1=better", "1"):
        done = CliRunner().invoke(judge_pairs.main, ["judge", str(tmp_path), text])
        assert done.exit_code == 2
        assert repr(text) in done.output
