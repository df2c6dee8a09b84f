"""``vidgan preprocess --runner direct``: processes that are killed or interrupted."""

import contextlib
import filecmp
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from video_files import make_video

import vidgan

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is None, reason="needs: pip install vidgan[beam]"
)


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def long_command(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command of many seconds with one Beam worker, in a group of its own."""
    for i in range(2):
        make_video(folder / "in" / f"{i}.mp4", frames=40, seed=i)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "vidgan", "preprocess", "in", "--denoise", "3"),
            *("--runner", "direct", "--workers", "1"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def descendants(parent: int) -> dict[int, str]:
    """Return the command lines of the processes that a process has started, and of theirs."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        # A process may end in the meantime.
        with contextlib.suppress(OSError):
            state, above = status.read_text().rpartition(")")[2].split()[:2]
            if int(above) == parent and state != "Z":
                child = int(status.parent.name)
                found[child] = status.with_name("cmdline").read_text().replace("\0", " ")
                found |= descendants(child)
    return found


def alive(process: int) -> bool:
    """Return whether a process is running."""
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def wait_for_end(processes: Iterable[int]) -> None:
    """Wait until none of the processes is running."""
    until(lambda: not any(alive(process) for process in processes))


def decoding(folder: Path) -> list[Path]:
    """Return the files in which the workers report their progress."""
    return list(folder.glob(".vidgan-*/*/beam/progress/*"))


def beam_workers(process: subprocess.Popen[str]) -> list[int]:
    """Return the workers of Beam that a command has started."""
    return [pid for pid, line in descendants(process.pid).items() if "sdk_worker_main" in line]


@pytest.mark.parametrize("kills", [1, 2])
def test_workers_are_killed(tmp_path: Path, kills: int) -> None:
    """One costs time only; if they are killed each time, the command ends with one line."""
    with long_command(tmp_path) as process:
        for _ in range(kills):
            until(lambda: beam_workers(process) and decoding(tmp_path))
            workers = beam_workers(process)
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            wait_for_end(workers)
        errors = process.communicate(timeout=120)[1].strip().splitlines()
    assert not list(tmp_path.glob(".vidgan-*"))
    if kills == 1:
        assert process.returncode == 0, errors
        vidgan.preprocess("in", "local", denoise=3.0)
        names = sorted(path.name for path in Path("local").iterdir())
        assert filecmp.cmpfiles("local", "vidgan-data", names, shallow=False) == (names, [], [])
    else:
        assert process.returncode == 1
        assert errors[-1].startswith("Error: --runner direct: the pipeline failed (Worker")
        assert not Path("vidgan-data").exists()


def test_ctrl_c(tmp_path: Path) -> None:
    with long_command(tmp_path) as process:
        until(lambda: decoding(tmp_path))
        children = descendants(process.pid)
        # The terminal sends it to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=20)[1]
    assert (process.returncode, errors.strip()) == (130, "Interrupted.")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert len(children) >= 3, "the pipeline, a worker of Beam and one of ours"
    wait_for_end(children)
