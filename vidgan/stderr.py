"""Silence for libraries that write to the error stream on their own."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Send what the block writes to file descriptor 2 nowhere, past ``sys.stderr`` as C code does.

    With ``--debug`` everything is let through.
    """
    try:
        saved = os.dup(2)
    except OSError:
        saved = None  # No error stream at all: nothing to silence.
    if saved is None or os.environ.get("VIDGAN_DEBUG"):
        yield
        return
    try:
        with open(os.devnull, "wb") as sink:  # noqa: PTH123  (a descriptor is wanted)
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
