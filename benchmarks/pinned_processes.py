"""Run jobs in processes of their own, each pinned to one core: for figures per CPU time."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_pinned(
    target: Callable[..., object], jobs: Iterable[tuple[Any, ...]], cores: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Run ``target(*job)`` for each job, on each core one at a time.

    Args:
        target: a function of a module, as a new interpreter imports it.
        jobs: the arguments.
        cores: numbers as of ``os.sched_getaffinity``.

    Returns:
        The jobs whose process failed.
    """
    waiting = deque(jobs)
    failed: list[tuple[Any, ...]] = []
    spawn = multiprocessing.get_context("spawn")

    def work(core: int) -> None:
        # Linux pins threads; a process inherits the cores of the thread that starts it, before any
        # library counts them.
        os.sched_setaffinity(0, {core})
        while True:
            try:
                job = waiting.popleft()
            except IndexError:
                return
            process = spawn.Process(target=target, args=job, daemon=True)
            process.start()
            process.join()
            if process.exitcode:
                failed.append(job)

    with ThreadPoolExecutor(len(cores)) as threads:
        try:
            list(threads.map(work, cores))
        finally:
            # After Ctrl-C, which the processes get as well, no more are started.
            waiting.clear()
    return failed
