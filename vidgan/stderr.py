"""Suppressing what libraries write to standard error."""

import contextlib
import os
from collections.abc import Iterator


def debugging() -> bool:
    """Return whether ``--debug`` or ``VIDGAN_DEBUG`` asks for everything that libraries write."""
    return os.environ.get("VIDGAN_DEBUG", "") not in ("", "0")


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard what the block writes to file descriptor 2, as C libraries do.

    With ``--debug`` nothing is discarded.
    """
    try:
        saved = os.dup(2)
    except OSError:
        saved = None  # There is no standard error.
    if saved is None or debugging():
        yield
        return
    try:
        with open(os.devnull, "wb") as sink:  # noqa: PTH123  (a descriptor is wanted)
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
