"""TensorBoard's event files, written by Python.

TensorFlow's own writer ends the process when a file cannot grow, such as under ``ulimit -f``.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.summary_v2 import scalar_pb

from vidgan.dataset.tfrecord import write_record


class EventFile:
    """A file of scalars and images, or none.

    A file that cannot be written is given up with a note: training goes on.

    Args:
        folder: where to, made with the first event; None to write nothing.
        notify: receives messages for the user.
    """

    def __init__(self, folder: Path | None, notify: Callable[[str], None]) -> None:
        self._folder, self._notify = folder, notify
        self._file: Any = None

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write numbers by their names."""
        for name, value in values.items():
            self._write(step, scalar_pb(name, value))

    def image(self, step: int, name: str, encoded: bytes, size: tuple[int, int]) -> None:
        """Write an encoded image of ``size``, ``(width, height)``."""
        image = Summary.Image(
            width=size[0], height=size[1], colorspace=3, encoded_image_string=encoded
        )
        self._write(step, Summary(value=[Summary.Value(tag=name, image=image)]))

    def _write(self, step: int, summary: Summary) -> None:
        if self._folder is None:
            return
        try:
            if self._file is None:
                self._file = self._open(self._folder)
            self._append(Event(wall_time=time.time(), step=step, summary=summary))
        except OSError as error:
            self._notify(
                f"{self._folder}: cannot be written ({error.strerror}); training goes on without "
                "TensorBoard"
            )
            self._folder = None
            self.close()

    def _open(self, folder: Path) -> Any:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
        # Unbuffered: an event that cannot be written is not tried again when the file is closed.
        self._file = (folder / name).open("ab", buffering=0)
        self._append(Event(wall_time=time.time(), file_version="brain.Event:2"))
        return self._file

    def _append(self, event: Event) -> None:
        write_record(self._file, event.SerializeToString())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
