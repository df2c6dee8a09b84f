"""Reading ahead and writing behind in threads, so that FFmpeg runs while a filter does."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
# Seconds after which a waiting thread checks whether to stop.
_POLL_SECONDS = 0.05


class _Stopped(Exception):
    """The other side has stopped."""


class _End:
    """Marks the end of the items, with the error that ended them."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _put(buffer: queue.Queue[Any], item: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            return buffer.put(item, timeout=_POLL_SECONDS)
    raise _Stopped


def _get(buffer: queue.Queue[Any], stop: threading.Event) -> Any:
    while not stop.is_set():
        with contextlib.suppress(queue.Empty):
            return buffer.get(timeout=_POLL_SECONDS)
    raise _Stopped


@contextlib.contextmanager
def read_ahead(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Iterate over something in a thread of its own.

    Args:
        items: the iterable; its errors are raised by the yielded iterator.
        depth: length of the queue.

    Yields:
        An iterator over the items. The thread ends before the block does.
    """
    buffer: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def work() -> None:
        error: BaseException | None = None
        with contextlib.suppress(_Stopped):
            try:
                for item in items:
                    _put(buffer, item, stop)
                    del item
            except _Stopped:
                return
            except BaseException as failure:
                error = failure
            _put(buffer, _End(error), stop)

    def received() -> Iterator[T]:
        while not isinstance(item := buffer.get(), _End):
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
        write: the function. Its first error is raised in the block; no item is written after it.
        depth: length of the queue.

    Yields:
        A function that queues an item, and blocks only while the queue is full. All queued items
        are written before the block ends, unless it ends by an error.
    """
    buffer: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not isinstance(item := _get(buffer, stop), _End):
                write(item)
                del item
        except _Stopped:
            pass
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    def take(item: Any) -> None:
        try:
            _put(buffer, item, stop)
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
