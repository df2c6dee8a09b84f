"""Streaming export of RGB frames to video files: which codec for which file, and the interface.

``.mp4`` is H.264 through PyAV by default, because that is what browsers and phones play; OpenCV's
wheels carry no H.264 encoder (it needs a licence that they avoid) and what they put into an .mp4
instead, MPEG-4 part 2, shows as a broken video in Chrome, Firefox and Safari. OpenCV's
``VideoWriter`` is the default for ``.avi`` and one option away (``--codec mp4v``) for ``.mp4``.
"""

import contextlib
import errno
import os
import shutil
from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from vidgan.errors import ExportError, OptionError
from vidgan.files import atomic_path

# A file that comes out short on a disk with less than this left was cut off by the full disk.
_FULL_DISK_BYTES = 1 << 16


class VideoWriter(ABC):
    """A video file being written, frame by frame; whole under its name at the end or not at all.

    Used as a context manager, or closed with :meth:`close`. Until then the frames go to a temporary
    file in the same folder, which an error or Ctrl-C removes.

    Attributes:
        path: the file's final name.
        fps: frames a second.
        size: ``(width, height)`` of the frames that :meth:`write` takes.
        frames: how many have been written.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int]) -> None:
        """Open the file; missing parent folders are made.

        Raises:
            ExportError: it cannot be written, or the codec is not there.
            OptionError: the frame rate or size cannot be.
        """
        if not 0 < fps < 1000:
            raise OptionError(f"--fps {fps} cannot be: choose one between 0.1 and 240")
        if min(size) < 1:
            raise OptionError(f"size {size[0]}x{size[1]} cannot be: at least 1x1")
        self.path, self.fps, self.size = Path(path), float(fps), (int(size[0]), int(size[1]))
        self.frames = 0
        self._closed = False
        self._atomic = contextlib.ExitStack()
        self._temporary = self._atomic.enter_context(atomic_path(self.path))
        # Absolute, so that no library takes a name such as "a:b.mp4" for an address.
        self._target = os.path.abspath(self._temporary)  # noqa: PTH100 (keeps symbolic links)
        try:
            # Libraries report folders that cannot be written in many ways, the system in one.
            Path(self._target).touch()
            self._open()
        except BaseException as error:
            self._abandon(error)
            raise

    @property
    def rate(self) -> Fraction:
        """The frame rate as the fraction that containers store."""
        return Fraction(self.fps).limit_denominator(1001)

    def write(self, frame: np.ndarray) -> None:
        """Append one frame.

        Args:
            frame: uint8 RGB of shape ``(height, width, 3)``.

        Raises:
            ExportError: the disk is full or the encoder failed; the unfinished file is gone.
            ValueError: the frame has another shape or type.
        """
        width, height = self.size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 ({height}, {width}, 3), found {frame.dtype} {frame.shape}"
            )
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        try:
            self._encode(np.ascontiguousarray(frame))
        except BaseException as error:
            self._abandon(error)
            raise
        self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            ExportError: nothing was written to it, or the disk is full.
        """
        if self._closed:
            return
        try:
            if not self.frames:
                raise ExportError(f"{self.path}: a video needs at least one frame")
            self._finish()
            self._verify()
        except BaseException as error:
            self._abandon(error)
            raise
        self._closed = True
        self._atomic.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        elif not self._closed:
            self._abandon(error)

    def _abandon(self, error: BaseException) -> None:
        """Remove the unfinished file; raise its ExportError if the system refused to write."""
        self._closed = True
        with contextlib.suppress(Exception):
            self._release()
        self._atomic.__exit__(type(error), error, error.__traceback__)

    def _verify(self) -> None:
        """Count the frames in the finished file: some libraries keep a full disk to themselves."""
        import av

        found = 0
        with contextlib.suppress(av.FFmpegError), av.open(self._target) as container:
            found = sum(
                1 for packet in container.demux(video=0) if packet.size and not packet.is_corrupt
            )
        if found >= self.frames:
            return
        if shutil.disk_usage(Path(self._target).parent).free < _FULL_DISK_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise ExportError(
            f"{self.path}: only {found} of {self.frames} frames reached the file; "
            "try another --codec or another place"
        )

    @abstractmethod
    def _open(self) -> None:
        """Open ``self._target`` for writing."""

    @abstractmethod
    def _encode(self, frame: np.ndarray) -> None:
        """Append a frame whose shape and type are right."""

    @abstractmethod
    def _finish(self) -> None:
        """Flush everything and close the file."""

    @abstractmethod
    def _release(self) -> None:
        """Close the file after a failure; errors are ignored."""


def pad_to_even(frame: np.ndarray) -> np.ndarray:
    """Repeat the last row and column of a frame whose sides are odd.

    Colour at half resolution (4:2:0), which every player takes, needs even sides; a pixel more is
    better than one lost.
    """
    height, width, _ = frame.shape
    if height % 2 == 0 and width % 2 == 0:
        return frame
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
