"""Reading ahead and writing behind in threads, so that FFmpeg works while a filter runs."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
# How often a waiting thread looks whether it is still wanted.
_SECONDS = 0.05


class _Stopped(Exception):
    """The other side has gone."""


class _End:
    """Comes after the last item, with what went wrong."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _put(line: queue.Queue, item: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            return line.put(item, timeout=_SECONDS)
    raise _Stopped


def _get(line: queue.Queue, stop: threading.Event) -> Any:
    while not stop.is_set():
        with contextlib.suppress(queue.Empty):
            return line.get(timeout=_SECONDS)
    raise _Stopped


@contextlib.contextmanager
def read_ahead(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Iterate over something in a thread of its own.

    Args:
        items: what to iterate over; its errors come out where its items would.
        depth: how many items may wait.

    Yields:
        An iterator over the items. The thread has ended when the block has.
    """
    line: queue.Queue = queue.Queue(depth)
    stop = threading.Event()

    def work() -> None:
        error: BaseException | None = None
        with contextlib.suppress(_Stopped):
            try:
                for item in items:
                    _put(line, item, stop)
                    del item
            except _Stopped:
                return
            except BaseException as failure:
                error = failure
            _put(line, _End(error), stop)

    def received() -> Iterator[T]:
        while not isinstance(item := line.get(), _End):
            yield item
            del item
        if item.error is not None:
            raise item.error

    thread = threading.Thread(target=work, name="vidgan-decode", daemon=True)
    thread.start()
    try:
        yield received()
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def write_behind(write: Callable[[T], None], depth: int) -> Iterator[Callable[[T], None]]:
    """Call a function in a thread of its own, item after item.

    Args:
        write: the function. Its first error ends the block; nothing is written after it.
        depth: how many items may wait.

    Yields:
        A function that takes the items and returns at once while there is room. Whatever it has
        taken is written when the block ends, unless that ends by an error.
    """
    line: queue.Queue = queue.Queue(depth)
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not isinstance(item := _get(line, stop), _End):
                write(item)
                del item
        except _Stopped:
            pass
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    def take(item: Any) -> None:
        try:
            _put(line, item, stop)
        except _Stopped:
            raise failures[0] from None

    thread = threading.Thread(target=work, name="vidgan-encode", daemon=True)
    thread.start()
    try:
        yield take
        take(_End(None))
        thread.join()
        if failures:
            raise failures[0]
    finally:
        stop.set()
        thread.join()
