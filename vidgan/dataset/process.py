"""A worker process that scans sources, seen from the process that starts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from vidgan.dataset.scan import Progress, Scan


class WorkerDied(Exception):
    """The worker process ended in the middle of a source; the message says how."""


def environment() -> dict[str, str]:
    """Return the environment of a process that must import the same vidgan as this one."""
    home = str(Path(__file__).parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def own_group() -> dict[str, Any]:
    """Return arguments of ``Popen`` for a process that Ctrl-C on a terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end_group(process: subprocess.Popen[str]) -> None:
    """End a process that was started with :func:`own_group`, and those that it has started.

    On Windows, which does not end them together, the others end when they find it gone.
    """
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class WorkerProcess:
    """A process that runs :mod:`vidgan.dataset.worker`.

    Args:
        folder: where relative paths begin; None for the current folder.

    Raises:
        OSError: it cannot be started, as when there is no such folder.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vidgan.dataset.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
            cwd=folder,
            env=environment(),
            # Ctrl-C reaches only the parent, which stops the workers.
            **own_group(),
        )

    def scan(self, job: dict[str, Any], progress: Progress | None = None) -> Scan:
        """Scan a source.

        Args:
            job: what :func:`vidgan.dataset.worker.main` takes.
            progress: called with numbers of newly decoded frames.

        Raises:
            WorkerDied: the decoder crashed, for example.
            OSError: the frame file cannot be written.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(job), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            try:
                answer: dict[str, Any] = json.loads(line)
            except ValueError:
                # The last line of a process that was killed.
                break
            if "scan" in answer:
                return Scan.from_json(answer["scan"])
            if "errno" in answer:
                raise OSError(answer["errno"], answer["text"])
            if progress is not None:
                progress(answer["progress"])
        status = self._process.wait()
        raise WorkerDied(signal.Signals(-status).name if status < 0 else f"exit status {status}")

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let the process finish its work, wait for that, and close the pipes."""
        # What was written to a worker that died cannot be flushed.
        with self._process, contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()


def crashed(path: Path | str, death: WorkerDied) -> Scan:
    """Return the result for a source at which the worker process died."""
    return Scan(error=f"{path}: the decoder crashed ({death}); leave it out")
