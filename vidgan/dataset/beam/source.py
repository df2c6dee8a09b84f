"""The step of the pipeline that scans a source; runs in Beam's workers."""

import time
import uuid
from pathlib import Path
from typing import Any

import apache_beam

from vidgan.dataset.beam import exchange
from vidgan.dataset.process import WorkerDied, WorkerProcess, crashed
from vidgan.dataset.scan import Scan

# How often a source is tried at which the decoder crashes.
ATTEMPTS = 2
# Seconds between two reports of progress.
REPORT_EVERY = 1.0


class ScanSource(apache_beam.DoFn):
    """Scans sources, given by their numbers, in a process of their own.

    A crash of the decoder therefore costs one source, and not the worker and its other sources.

    Args:
        folder: see :mod:`vidgan.dataset.beam.exchange`.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def setup(self) -> None:
        """Read the list of sources; Beam calls this before the first one."""
        self._jobs = exchange.Jobs.load(self._folder)
        self._process: WorkerProcess | None = None
        self._id = uuid.uuid4().hex
        self._frames = 0
        self._next_report = 0.0

    def process(self, number: int) -> None:
        """Scan a source and write its result.

        Raises:
            OSError: the folder cannot be written, or is gone.
        """
        path, frame_file = self._jobs.sources[number]
        attempt = self._folder / f"{self._id}.frames"
        attempt.unlink(missing_ok=True)
        result = self._scan({"path": path, "frame_file": str(attempt), **self._jobs.common})
        if attempt.exists():
            attempt.replace(frame_file)
        exchange.save_scan(self._folder, number, result)

    def teardown(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _scan(self, job: dict[str, Any]) -> Scan:
        for _ in range(ATTEMPTS):
            self._process = self._process or WorkerProcess(self._jobs.folder)
            try:
                return self._process.scan(job, self._report)
            except WorkerDied as error:
                death = error
                self.teardown()
            except BaseException:
                self._process.kill()
                self.teardown()
                raise
        return crashed(job["path"], death)

    def _report(self, frames: int) -> None:
        self._frames += frames
        if time.monotonic() >= self._next_report:
            exchange.report(self._folder, self._id, self._frames)
            self._next_report = time.monotonic() + REPORT_EVERY
