"""Scanning several sources in parallel, in worker processes."""

import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from vidgan.config import PreprocessConfig
from vidgan.dataset.process import WorkerDied, WorkerProcess, crashed
from vidgan.dataset.scan import Progress, Scan, scan


@dataclass
class Job:
    """A source to scan, and the file for its encoded frames."""

    path: Path
    frame_file: Path


# Scans the sources with these options, at this frame rate, and reports progress; see scan_all().
Scanner: TypeAlias = Callable[
    [list[Job], PreprocessConfig, float | None, Progress | None], list[Scan]
]


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scan_all(
    jobs: list[Job],
    config: PreprocessConfig,
    fps: float | None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> list[Scan]:
    """Scan all sources; return the results in the order of the jobs.

    A single source is decoded in this process by all cores; several are scanned by one worker
    process a core.

    Args:
        jobs: the sources.
        config: the options.
        fps: output frames a second; None for the rate of the source (for a single source only).
        progress: called with numbers of newly decoded frames, from any thread.
        workers: number of processes; by default one a core.

    Raises:
        OSError: a frame file cannot be written.
    """
    if len(jobs) == 1:
        return [scan(jobs[0].path, jobs[0].frame_file, config, fps, 0, progress)]
    workers = max(1, min(workers or cores(), len(jobs)))
    pool = _Pool(jobs, config, fps, max(1, cores() // workers), progress)
    return pool.run(workers)


class _Pool:
    """Threads that feed one worker process each from a common queue."""

    def __init__(
        self,
        jobs: list[Job],
        config: PreprocessConfig,
        fps: float | None,
        threads: int,
        progress: Progress | None,
    ) -> None:
        self._jobs = jobs
        self._common = {"config": config.to_json(), "fps": fps, "threads": threads}
        self._progress = progress
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._results: list[Scan | None] = [None] * len(jobs)
        self._processes: set[WorkerProcess] = set()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        for index in range(len(jobs)):
            self._waiting.put(index)

    def run(self, workers: int) -> list[Scan]:
        threads = [threading.Thread(target=self._feed, daemon=True) for _ in range(workers)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            # Also on Ctrl-C: the folder that workers write to will be removed.
            self._stopped.set()
            for process in list(self._processes):
                process.kill()
        if self._failure is not None:
            raise self._failure
        return [result for result in self._results if result is not None]

    def _feed(self) -> None:
        process: WorkerProcess | None = None
        try:
            while not self._stopped.is_set():
                index = self._waiting.get_nowait()
                if process is None:
                    process = WorkerProcess()
                    self._processes.add(process)
                job = self._jobs[index]
                message = {"path": str(job.path), "frame_file": str(job.frame_file), **self._common}
                try:
                    self._results[index] = process.scan(message, self._progress)
                except WorkerDied as death:
                    self._results[index] = crashed(job.path, death)
                    process.close()
                    process = None
        except queue.Empty:
            pass
        except BaseException as error:
            self._failure = self._failure or error
            self._stopped.set()
        finally:
            if process is not None:
                process.close()
