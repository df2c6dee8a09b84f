"""Signals that ask a process to stop, all of which do what Ctrl-C does.

SIGTERM comes from batch systems, containers and ``timeout``, SIGHUP from a terminal that is closed.
Windows has SIGBREAK instead, for Ctrl-Break and a window that is closed.
"""

import contextlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator

if sys.platform == "win32":
    STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Seconds until an Interrupt that was dropped is raised again.
REPEAT = 0.2

_received: list[int] = []


class Interrupt(KeyboardInterrupt):
    """Raised at a signal that asks to stop.

    Not KeyboardInterrupt itself: where that passes through ``exec`` of a text, as of a dataclass,
    Python ends with SIGINT, whatever exit status was asked for.
    """


def received() -> int | None:
    """Return the number of the first signal within :func:`stopping`, if there was one."""
    return _received[0] if _received else None


@contextlib.contextmanager
def stopping(act: Callable[[], None]) -> Iterator[None]:
    """Call a function at every signal that asks to stop; blocks may be nested.

    Signals that are ignored stay so: ``nohup`` ignores SIGHUP. Does nothing outside the main
    thread, the only one in which Python handles signals.

    An :class:`Interrupt` is raised again until the block is left: Python drops what is raised in
    finalizers and callbacks, which is not printed here, and TensorFlow and Keras have ``except``
    clauses that take everything. Windows has no timer for that: there it is raised once.

    Args:
        act: called in the main thread, between two of its operations; may raise KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        _received.append(number)
        if sys.platform != "win32" and number == signal.SIGHUP:
            _leave_terminal()
        try:
            act()
        except Interrupt:
            if sys.platform != "win32":
                before.setdefault(signal.SIGALRM, signal.getsignal(signal.SIGALRM))
                signal.signal(signal.SIGALRM, _raise_unless_cleaning_up)
                signal.setitimer(signal.ITIMER_REAL, REPEAT, REPEAT)
            raise

    print_dropped = sys.unraisablehook

    def drop(dropped: "sys.UnraisableHookArgs") -> None:
        if not issubclass(dropped.exc_type, Interrupt):
            print_dropped(dropped)

    before = {number: signal.getsignal(number) for number in STOPPING}
    before = {number: kept for number, kept in before.items() if kept is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handle)
    sys.unraisablehook = drop
    try:
        yield
    finally:
        sys.unraisablehook = print_dropped
        if sys.platform != "win32" and signal.SIGALRM in before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, kept in before.items():
            signal.signal(number, kept)


def raise_interrupt() -> None:
    """Do what Python does at Ctrl-C."""
    raise Interrupt


def _raise_unless_cleaning_up(number: int, frame: object) -> None:
    if sys.exc_info()[0] is None:
        raise Interrupt


def forget() -> None:
    """Forget the signals of an earlier command in this process."""
    _received.clear()


def _leave_terminal() -> None:
    """Write to nowhere what would go to a terminal that is gone: it would raise errors."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            gone = stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)
            if gone:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
