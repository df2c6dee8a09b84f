"""The loop around the steps and what reports on it, with a stand-in for the networks."""

import io
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import keras
import numpy as np
import pytest
import tensorflow as tf

from vidgan.config import TrainConfig
from vidgan.errors import TrainingError
from vidgan.training import loop
from vidgan.training.callbacks.progress_bar import ProgressBar
from vidgan.training.log_file import read_log
from vidgan.training.loop import Progress
from vidgan.training.means import Means
from vidgan.training.sparkline import sparkline
from vidgan.training.state import Measurement
from vidgan.video.layout import tile

BATCH = tf.zeros((4, 1))
COLUMNS = ("step", "epoch", "d_loss", "r1", "clips_per_second")


class Steps(keras.Model):
    """Counts its steps and reports losses that are one, but for those it is told to spoil."""

    def __init__(
        self,
        spoil: Mapping[str, tuple[int, float]] | None = None,
        error: Exception | None = None,
    ) -> None:
        super().__init__()
        self.count, self.budget_used = tf.Variable(0), tf.Variable(0.0)
        self.spoil, self.error = dict(spoil or {}), error

    def step_at(self, budget_used: float) -> Callable[[object], dict[str, tf.Tensor]]:
        step: Callable[[object], dict[str, tf.Tensor]] = self.train_step
        return step

    def train_step(self, data: object) -> dict[str, tf.Tensor]:
        if self.error is not None:
            raise self.error
        self.count.assign_add(1)
        logs = {name: tf.constant(1.0) for name in ("d_loss", "g_loss", "d_acc_real", "d_acc_fake")}
        for name, (step, value) in self.spoil.items():
            logs[name] = tf.where(self.count == step, value, 1.0)
        return logs


class Calls(keras.callbacks.Callback):
    """Notes what is called; does ``action`` after a step."""

    def __init__(self, action: Callable[[int], object] = lambda step: None) -> None:
        super().__init__()
        self.calls: list[str | int] = []
        self.action = action

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.calls.append("begin")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.calls.append(batch)
        self.action(batch)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.calls.append("end")


def endless() -> Iterator[tf.Tensor]:
    while True:
        yield BATCH


def run(
    budget: dict[str, Any],
    callback: keras.callbacks.Callback | None = None,
    gan: keras.Model | None = None,
    data: Iterable[tf.Tensor] | None = None,
    progress: Progress | None = None,
) -> tuple[bool, Progress]:
    progress = progress or Progress(budget=TrainConfig(**budget))
    hooks = [callback] if callback else []
    finished = loop.train(gan or Steps(), data or endless(), progress, hooks, epoch_clips=10)
    return finished, progress


def test_steps() -> None:
    calls = Calls()
    finished, progress = run({"steps": 5}, calls)
    assert finished
    assert calls.calls == ["begin", 1, 2, 3, 4, 5, "end"]
    assert (progress.step, progress.clips, progress.epoch) == (5, 20, 2.0)


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"epochs": 1.0}, 3),
        ({"epochs": 1.2}, 3),
        ({"epochs": 1.0, "steps": 2}, 2),
        ({"epochs": 1.0, "steps": 9}, 3),
        ({"steps": 2, "minutes": 60.0}, 2),
    ],
)
def test_whichever_ends_first(budget: dict[str, float], steps: int) -> None:
    """Batches of 4, epochs of 10 clips."""
    assert run(budget)[1].step == steps


def test_minutes() -> None:
    """Time counts from step to step; a first step that takes long is followed by no other."""
    _, progress = run({"minutes": 0.02, "steps": 10**6}, Calls(lambda step: None))
    assert 1.2 <= progress.seconds < 5
    assert progress.step > 1


def test_share_follows_the_nearest_limit() -> None:
    budget = TrainConfig(steps=10, epochs=2.0, minutes=1.0)
    assert Progress(step=5, epoch=0.5, seconds=6, budget=budget).budget_used == 0.5
    assert Progress(step=1, epoch=1.5, seconds=6, budget=budget).budget_used == 0.75
    assert Progress(step=1, epoch=0.5, seconds=54, budget=budget).budget_used == 0.9


def test_used_budget_takes_no_step() -> None:
    progress = Progress(step=5, budget=TrainConfig(steps=5))
    finished, progress = run({}, progress=progress)
    assert finished
    assert progress.step == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_finishes_the_step(number: signal.Signals) -> None:
    def interrupt(step: int) -> None:
        if step == 3:
            os.kill(os.getpid(), number)

    calls = Calls(interrupt)
    before = signal.getsignal(number)
    finished, progress = run({"steps": 100}, calls)
    assert not finished
    assert calls.calls == ["begin", 1, 2, 3, "end"]
    assert progress.step == 3
    assert signal.getsignal(number) is before


def test_second_interrupt_is_at_once() -> None:
    def twice(step: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    calls = Calls(twice)
    with pytest.raises(KeyboardInterrupt):
        run({"steps": 100}, calls)
    assert calls.calls == ["begin", 1]


def test_runs_outside_the_main_thread() -> None:
    """Where Python delivers no signals, training works all the same."""
    results = []
    thread = threading.Thread(target=lambda: results.append(run({"steps": 2})))
    thread.start()
    thread.join()
    assert results[0][0]


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["d_loss", "g_loss"])
def test_divergence_stops_with_advice(name: str, value: float) -> None:
    calls = Calls()
    with pytest.raises(TrainingError) as caught:
        run({"steps": 9}, calls, Steps({name: (4, value)}))
    assert f"{name} is {value} at step 4" in str(caught.value)
    assert "--g-lr and --d-lr" in str(caught.value)
    # Nothing may be saved of it.
    assert calls.calls == ["begin", 1, 2, 3]


def test_unmeasured_penalty_is_no_divergence() -> None:
    assert run({"steps": 3}, gan=Steps({"r1": (2, math.nan)}))[0]


def test_out_of_memory_says_so() -> None:
    error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmany lines")
    with pytest.raises(TrainingError) as caught:
        run({"steps": 1}, gan=Steps(error=error))
    assert "use a --batch-size below 4" in str(caught.value)


def test_first_step_does_not_count_as_speed() -> None:
    seen = []
    progress = Progress(budget=TrainConfig(steps=3))

    def data() -> Iterator[tf.Tensor]:
        time.sleep(0.2)  # A slow start that a mean would drag along.
        yield from endless()

    run({}, Calls(lambda step: seen.append(progress.step_seconds)), Steps(), data(), progress)
    assert math.isnan(seen[0])
    assert all(0 < seconds < 0.2 for seconds in seen[1:])
    # The budget counts it nevertheless.
    assert progress.seconds > 0.2


def test_waiting_is_measured() -> None:
    def slow() -> Iterator[tf.Tensor]:
        while True:
            time.sleep(0.05)
            yield BATCH

    progress = Progress(budget=TrainConfig(steps=3))
    run({}, data=slow(), progress=progress)
    assert 0.05 <= progress.wait_seconds <= progress.step_seconds


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def bar_after(
    steps: int,
    file: TextIO,
    budget: int = 10,
    first_seconds: float = 100.0,
    *,
    monkeypatch: pytest.MonkeyPatch,
    measured: Sequence[float] = (),
) -> ProgressBar:
    """Return a bar that saw a first step of 100 s and then steps of one second."""
    progress = Progress(budget=TrainConfig(steps=budget))
    bar = ProgressBar(progress, file, measured=measured)
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    bar.on_train_begin()
    logs = {"d_loss": 1.25, "g_loss": 0.5, "d_acc_real": 0.75, "d_acc_fake": 1.0, "r1": math.nan}
    for step in range(1, steps + 1):
        clock[0] += first_seconds if step == 1 else 1.0
        progress.step, progress.clips = step, 4 * step
        progress.step_seconds = math.nan if step == 1 else 1.0
        bar.on_train_batch_end(step, logs)
    return bar


def test_bar_shows_speed_without_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Terminal()
    bar = bar_after(4, file, monkeypatch=monkeypatch)
    assert "4.0 clips/s" in bar._text()
    assert bar._left() == "00:06 left"
    bar.on_train_end()
    bar.close()
    shown = file.getvalue()
    assert "40%" in shown
    assert "D 1.25 G 0.50 real 75% fake 100%" in shown
    assert shown.endswith("\n")


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    bar = bar_after(10, file, monkeypatch=monkeypatch)
    bar.on_train_end()
    bar.close()
    first, *_, last = file.getvalue().splitlines()
    assert "step 1 " in first
    assert "clips/s" not in first
    assert first.endswith("? left")
    assert last.startswith("100% step 10 ")
    assert last.endswith("4.0 clips/s")
    assert "\r" not in file.getvalue()


def test_means_leave_out_what_was_not_measured() -> None:
    means = Means()
    means.add({"r1": 2.0, "d_loss": 1.0})
    means.add({"r1": math.nan, "d_loss": 3.0})
    assert means.take() == {"r1": 2.0, "d_loss": 2.0}
    assert means.take() == {}


@pytest.mark.parametrize("cut", ["3,0.3,1", "3,0.3,1.2e-,1,1,1,1,1,1,1", "3", "\x00\x00"])
def test_log_that_was_cut_off(tmp_path: Path, cut: str) -> None:
    path = tmp_path / "log.csv"
    values = {name: "" if name == "r1" else "1" for name in COLUMNS} | {"step": "2"}
    path.write_text(f"{','.join(COLUMNS)}\n{','.join(values.values())}\n{cut}")
    rows = read_log(path)
    assert [row["step"] for row in rows] == [2.0]
    assert "r1" not in rows[0]


def test_tile() -> None:
    clips = np.arange(3, dtype=np.uint8)[:, None, None, None, None] + np.ones(
        (3, 2, 4, 5, 3), np.uint8
    )
    video = tile(clips, (2, 2))
    assert video.shape == (2, 8, 10, 3)
    corners = video[0, ::4, ::5, 0]
    assert corners.tolist() == [[1, 2], [3, 0]]


def test_a_sparkline_falls_with_its_values() -> None:
    assert sparkline([100, 30, 10, 3, 1], "utf-8") == "█▆▅▂▁"
    assert sparkline([100, 30, 10, 3, 1], "ascii") == "'--__"
    assert sparkline([100, 30, 10, 3, 1], None) == sparkline([100, 30, 10, 3, 1], "no such one")
    assert sparkline([-1, 0, 1], "utf-8") == "▁▅█"
    assert sparkline([5, 5, 5], "utf-8") == "▁▁▁"
    assert sparkline([3, math.nan, math.inf, 1], "utf-8") == "█▁"
    assert sparkline([3], "utf-8") == sparkline([], "utf-8") == ""


def test_a_sparkline_of_many_values_is_short() -> None:
    line = sparkline([1000 * 0.98**step for step in range(500)], "utf-8")
    assert len(line) == 12
    assert list(line) == sorted(line, reverse=True)
    assert (line[0], line[-1]) == ("█", "▁")


@pytest.mark.parametrize(("encoding", "course"), [("utf-8", "█▅▁"), ("latin-1", "'-_")])
def test_bar_shows_how_the_distance_falls(
    monkeypatch: pytest.MonkeyPatch, encoding: str, course: str
) -> None:
    file = Terminal()
    file.encoding = encoding
    bar = bar_after(2, file, monkeypatch=monkeypatch, measured=(40.0,))
    for step, value in ((3, 22.0), (4, 10.0)):
        bar.progress.measurement = Measurement(step, "frechet", "", value, mark=value)
        bar.on_train_batch_end(step, {})
        bar.on_train_batch_end(step, {})
    assert bar.bar is not None
    bar.bar.refresh()
    bar.close()
    # Before the rest: the end is cut off where a terminal is narrow.
    assert f"left frechet 10 {course} step" in file.getvalue()


def test_no_sparkline_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    bar = bar_after(2, file, monkeypatch=monkeypatch, measured=(40.0, 20.0))
    bar.progress.measurement = Measurement(3, "frechet", "", 10.0, mark=10.0)
    bar.on_train_batch_end(3, {})
    bar.on_train_end()
    assert file.getvalue().splitlines()[-1].endswith("clips/s frechet 10")
    assert file.getvalue().isascii()
