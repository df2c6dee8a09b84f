"""Scanning sources with Beam, seen from the command."""

import contextlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from vidgan import extras, json_files
from vidgan.config import PreprocessConfig, RunnerConfig
from vidgan.dataset.beam import exchange
from vidgan.dataset.pool import Job, cores
from vidgan.dataset.process import end_group, environment, own_group
from vidgan.dataset.scan import Progress, Scan
from vidgan.errors import ExportError, OptionError
from vidgan.stderr import debugging

# How often the runner for this machine is started: unlike the others it does not try again when a
# worker dies.
ATTEMPTS = 2
# Seconds between two looks at the progress, and for the end of a job that is cancelled.
LOOK_EVERY = 0.5
CANCEL_WITHIN = 10.0


class BeamScanner:
    """Scans sources in a Beam pipeline.

    Args:
        config: the runner and its options.

    Raises:
        OptionError: Beam is not installed, or an option of it is unknown, wrong or missing.
        ExportError: Beam cannot be used for another reason.
    """

    def __init__(self, config: RunnerConfig) -> None:
        extras.require("apache_beam", "beam", f"--runner {config.runner}")
        flags = shlex.split(config.beam_options or "")
        self._request = exchange.Request(str(config.runner), flags)
        self._workers = config.workers or cores()
        failure = _run(self._request)
        if failure is not None:
            kind = OptionError if failure.wrong_option else ExportError
            raise kind(f"--runner {config.runner}: {failure.text}")

    def __call__(
        self,
        jobs: list[Job],
        config: PreprocessConfig,
        fps: float | None,
        progress: Progress | None = None,
    ) -> list[Scan]:
        """Scan all sources; return the results in the order of the jobs.

        Args:
            jobs: the sources; their frame files lie in one folder.
            config: the options.
            fps: output frames a second; None for the rate of the source (for a single source only).
            progress: called with numbers of newly decoded frames.

        Raises:
            ExportError: the pipeline failed.
            OSError: the folder of the frame files cannot be written.
        """
        direct = self._request.runner == "direct"
        workers = min(self._workers, len(jobs))
        folder = jobs[0].frame_file.absolute().parent / "beam"
        exchange.Jobs(
            folder=None if all(job.path.is_absolute() for job in jobs) else str(Path.cwd()),
            sources=[(str(job.path), str(job.frame_file.absolute())) for job in jobs],
            common={
                "config": config.to_json(),
                "fps": fps,
                "threads": max(1, cores() // workers) if direct else 1,
            },
        ).save(folder)
        flags = [f"--direct_num_workers={workers}", *self._request.flags]
        request = replace(self._request, flags=flags, exchange=str(folder))
        shown = 0

        def show(count: Callable[[], int]) -> None:
            nonlocal shown
            if progress is not None:
                # What is scanned again is not counted again.
                shown, before = max(shown, count()), shown
                progress(shown - before)

        try:
            failure: exchange.Failure | None = None
            left = list(range(len(jobs)))
            for _ in range(ATTEMPTS if direct else 1):
                failure = _run(
                    replace(request, numbers=left),
                    lambda: show(lambda: exchange.frames_decoded(folder)),
                )
                left = [number for number in left if not exchange.has_scan(folder, number)]
                if not left:
                    break
            else:
                problem = failure.text if failure is not None else "it was cancelled"
                raise ExportError(
                    f"--runner {request.runner}: the pipeline failed ({problem}); --debug shows "
                    "its messages"
                )
            scans = [exchange.load_scan(folder, number) for number in range(len(jobs))]
            show(lambda: sum(result.frames for result in scans))
            return scans
        finally:
            # Tells workers to stop that are still running.
            shutil.rmtree(folder, ignore_errors=True)


def _run(
    request: exchange.Request, look: Callable[[], None] = lambda: None
) -> exchange.Failure | None:
    """Run the process of the pipeline.

    Args:
        request: what it is to do.
        look: called while it runs.

    Returns:
        Why it failed; None if it succeeded.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "vidgan.dataset.beam.pipeline"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Beam reports every step, and errors as tracebacks.
        stderr=None if debugging() else subprocess.DEVNULL,
        encoding="ascii",
        env=environment(),
        # Ctrl-C reaches only the command, which ends the group.
        **own_group(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                print(json.dumps(asdict(request)), file=process.stdin, flush=True)
            while process.poll() is None:
                look()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_EVERY)
            answer = process.stdout.read()
        except BaseException:
            if request.runner != "direct":
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(CANCEL_WITHIN)
            raise
        finally:
            # The other workers, if one has died.
            end_group(process)
    if answer:
        return json_files.convert(json_files.decode(answer), exchange.Failure)
    if process.returncode:
        return exchange.Failure(f"its process ended with exit status {process.returncode}")
    return None
