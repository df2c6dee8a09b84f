"""Signals that ask a command to stop: Ctrl-C, SIGTERM, SIGHUP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_files import make_dataset
from matrices import some
from tiny_run import make_run
from video_files import make_video

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TRAINING = "--steps=100000 --frames=8 --batch-size=2 --g-channels=4 --d-channels=4 --log-every=1"

# What is traced in the least time.
GAN_ALONE = ("--metrics=none", "--reconstruction=0", "--r1=0")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "run").path


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that takes many seconds to filter."""
    return make_video(tmp_path_factory.mktemp("long") / "v.mp4", 600, (160, 120))


def stop(
    arguments: list[object], number: int, ready: Callable[[], object], before: str = ""
) -> tuple[int, str, str]:
    """Start a command, send it a signal, and return its exit status and what it printed.

    Args:
        arguments: of ``vidgan``.
        number: the signal.
        ready: whether it has come far enough.
        before: code that the process runs first.
    """
    # Under nohup SIGHUP is ignored, which the process would inherit.
    reset = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    script = f"{reset}\n{before}\nfrom vidgan.__main__ import main\nmain(prog_name='vidgan')"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        until = time.monotonic() + 180
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def last_line(number: int) -> str:
    return {2: "Interrupted.", 15: "Interrupted (SIGTERM).", 1: "Interrupted (SIGHUP)."}[number]


@pytest.mark.parametrize("number", SIGNALS)
def test_enhance(long_video: Path, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "out"
    status, _, err = stop(
        ["enhance", long_video, "-o", folder / "o.mp4", "--method", "nlmeans"],
        number,
        lambda: list(folder.glob("o.mp4.parts/*.json")),
    )
    assert status == 128 + number
    assert err.strip().splitlines()[-1] == last_line(number)
    # Parts are kept, and said, once one is finished.
    assert ("--resume" in err) == (folder / "o.mp4.parts").exists()
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("files", [1, 2])
def test_preprocess(tmp_path: Path, number: int, files: int) -> None:
    for i in range(files):
        make_video(tmp_path / "in" / f"{i}.mp4", 400, (160, 120), seed=i)
    status, _, err = stop(
        ["preprocess", tmp_path / "in", "-o", tmp_path / "data", "--denoise", "3"],
        number,
        lambda: list(tmp_path.glob(".vidgan-*/*/*.frames")),
    )
    assert (status, err.strip()) == (128 + number, last_line(number))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("name", ["o.mp4", "o.gif", "o.npy"])
def test_generate(run: Path, tmp_path: Path, name: str) -> None:
    status, _, err = stop(
        ["generate", run, "--n", 1_000_000 if name != "o.npy" else 10_000, "-o", tmp_path / name],
        signal.SIGTERM,
        lambda: list(tmp_path.glob(".vidgan-*/o.*")),
    )
    assert status == 128 + signal.SIGTERM
    assert err.strip().splitlines()[-1] == last_line(signal.SIGTERM)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", some([signal.SIGTERM, signal.SIGHUP], [signal.SIGTERM]))
def test_train_saves(tmp_path: Path, number: int) -> None:
    make_dataset(tmp_path / "data")
    run, log = tmp_path / "run", tmp_path / "run" / "log.csv"
    status, out, err = stop(
        ["train", tmp_path / "data", "-o", run, *TRAINING.split(), *GAN_ALONE],
        number,
        lambda: log.exists() and len(log.read_text().splitlines()) > 2,
    )
    assert status == 128 + number
    assert "and saved. Continue with: vidgan train --resume" in out
    assert err.strip().splitlines()[-1] == last_line(number)
    assert len(list(run.glob("checkpoints/step-*"))) == 1
    assert not list(run.rglob(".*"))


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As under ``nohup``."""
    video = make_video(tmp_path / "v.mp4", 60, (64, 48))
    out = tmp_path / "o.mp4"
    status, _, _ = stop(
        ["enhance", video, "-o", out, "--method", "nlmeans"],
        signal.SIGHUP,
        lambda: out.with_name("o.mp4.parts").exists(),
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert status == 0
    assert out.exists()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("place", ["finalizer", "weak reference", "callback", "bare except"])
def test_a_signal_is_not_lost_where_exceptions_are(place: str, number: int) -> None:
    script = f"""
import ctypes, os, signal, sys, time, weakref
from vidgan.signals import raise_interrupt, received, stopping

def kill(*arguments):
    os.kill(os.getpid(), {number})
    for _ in range(3):  # the signal is handled between two operations
        pass

class Thing:
    pass

place = {place!r}
signal.signal({number}, signal.SIG_DFL)
try:
    with stopping(raise_interrupt):
        thing = Thing()
        if place == "finalizer":
            Thing.__del__ = kill
        elif place == "weak reference":
            reference = weakref.ref(thing, kill)
        del thing
        if place == "callback":
            ctypes.CFUNCTYPE(None)(kill)()
        elif place == "bare except":
            try:
                kill()
            except:
                pass
        assert received() == {number}
        try:
            time.sleep(60)
            sys.exit("lost")
        finally:
            time.sleep(0.5)  # what is cleaned up then is not interrupted
            print("clean")
except KeyboardInterrupt:
    sys.exit(128 + received())
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "clean\n", "")


def test_exit_status_is_kept_if_a_text_was_executing() -> None:
    """Of a dataclass, for instance; Python itself would end with the signal."""
    script = """
import sys
from vidgan.signals import raise_interrupt, stopping
try:
    with stopping(raise_interrupt):
        exec("import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)")
except KeyboardInterrupt:
    sys.exit(7)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert done.returncode == 7
