"""Process that runs a Beam pipeline: ``python -m vidgan.dataset.beam.pipeline``.

Its standard input is a line with a :class:`~vidgan.dataset.beam.exchange.Request`, and stays open
as long as the command runs. It prints a :class:`~vidgan.dataset.beam.exchange.Failure`, or nothing.
"""

import contextlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from dataclasses import asdict

import apache_beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from vidgan import json_files
from vidgan.dataset.beam.exchange import Failure, Request
from vidgan.dataset.beam.source import ScanSource
from vidgan.errors import OptionError

# Beam's names.
RUNNERS = {"dataflow": "DataflowRunner", "flink": "FlinkRunner", "spark": "SparkRunner"}


def main() -> None:
    """Check the options or run the pipeline."""
    # Only the failure may go to the pipe: what libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def fail(error: BaseException) -> None:
        failure = Failure(_last_line(error), isinstance(error, OptionError))
        print(json.dumps(asdict(failure)), file=answers, flush=True)

    def end(thread: threading.ExceptHookArgs) -> None:
        # A worker has died, for which the runner for this machine would wait forever.
        threading.__excepthook__(thread)
        fail(thread.exc_value or thread.exc_type())
        os._exit(1)

    request = json_files.convert(json_files.decode(sys.stdin.readline()), Request)
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    if request.runner == "direct":
        threading.excepthook = end
    # The command asks for an end of the job in this way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(request)
    except Exception as error:
        fail(error)
        raise


def _end_with_the_command() -> None:
    """End this process, and the workers that it has started, when the command was killed."""
    sys.stdin.read()
    if sys.platform == "win32":
        os._exit(1)
    else:
        os.killpg(0, signal.SIGKILL)


def _run(request: Request) -> None:
    pipeline = _pipeline(request)
    if request.exchange is None:
        return
    _ = (
        pipeline
        | "Sources" >> apache_beam.Create(request.numbers)
        # Otherwise one worker would scan all of them.
        | "Distribute" >> apache_beam.Reshuffle()
        | "Scan" >> apache_beam.ParDo(ScanSource(request.exchange))
    )
    result = pipeline.run()
    try:
        result.wait_until_finish()
    except KeyboardInterrupt:
        result.cancel()


def _pipeline(request: Request) -> apache_beam.Pipeline:
    """Return an empty pipeline.

    Raises:
        OptionError: an option of Beam is unknown, wrong or missing, or the runner is not installed.
    """
    # The job servers of Flink and Spark have options that are unknown here.
    options = _parse(request.flags, unknown_names=request.runner in ("flink", "spark"))
    runner = RUNNERS[request.runner] if request.runner in RUNNERS else _direct_runner()
    try:
        return apache_beam.Pipeline(runner=runner, options=options)
    except (ImportError, ValueError) as error:
        raise OptionError(_last_line(error)) from error


def _parse(flags: list[str], unknown_names: bool) -> PipelineOptions:
    """Return options of Beam.

    Raises:
        OptionError: one is unknown or has a wrong value.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            options = PipelineOptions(flags)
            given = options.get_all_options(retain_unknown_options=True)
    except SystemExit:
        # Such as "program: error: argument --num_workers: invalid int value: 'x'".
        problem = printed.getvalue().strip().rpartition("error: ")[2]
        raise OptionError(f"--beam-options: {problem}") from None
    unknown = sorted(given.keys() - PipelineOptions([]).get_all_options().keys())
    if unknown and not unknown_names:
        raise OptionError(f"--beam-options: Beam has no --{unknown[0]}; check the spelling")
    return options


def _direct_runner() -> FnApiRunner:
    """Return the runner for several processes on this machine.

    Beam's DirectRunner prefers Prism, a program that it downloads and that does not start several
    processes. This is the runner behind it, told how to start one.
    """
    arguments = [sys.executable, "-m", "apache_beam.runners.worker.sdk_worker_main"]
    if sys.platform == "win32":
        command = subprocess.list2cmdline(arguments)
    else:
        command = f"exec {shlex.join(arguments)}"
    return FnApiRunner(SubprocessSDKEnvironment.from_command_string(command))


def _last_line(error: BaseException) -> str:
    """Return the last line of a message, which may hold the traceback of a worker."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


if __name__ == "__main__":
    main()
