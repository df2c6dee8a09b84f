"""The scope in which the networks of a run are built."""

import contextlib
from collections.abc import Iterator

from vidgan import runtime
from vidgan.config import TrainConfig


@contextlib.contextmanager
def initialization_scope(config: TrainConfig) -> Iterator[None]:
    """Set seed and precision for networks that are built within.

    A precision of ``auto``, which is resolved when a run is created, counts as float32 here.
    """
    runtime.seed_everything(config.seed)
    with runtime.precision("float32" if config.precision == "auto" else config.precision):
        yield
