"""Run jobs in processes of their own, each pinned to one core: for figures per CPU time."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
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
    waiting: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
    for job in jobs:
        waiting.put(job)
    spawn, failed = multiprocessing.get_context("spawn"), []

    def work(core: int) -> None:
        # Linux pins threads; a process inherits the cores of the thread that starts it, before any
        # library counts them.
        os.sched_setaffinity(0, {core})
        while True:
            try:
                job = waiting.get_nowait()
            except Empty:
                return
            process = spawn.Process(target=target, args=job, daemon=True)
            process.start()
            process.join()
            if process.exitcode:
                failed.append(job)

    with ThreadPoolExecutor(len(cores)) as threads:
        list(threads.map(work, cores))
    return failed
