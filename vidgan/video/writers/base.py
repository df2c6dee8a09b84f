"""Interface of video writers.

``.mp4`` is H.264 through PyAV by default, which browsers and phones play. OpenCV's wheels have no
H.264 encoder for licence reasons; Chrome, Firefox and Safari do not play the MPEG-4 part 2 that it
writes into .mp4 instead (``--codec mp4v``).
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
from vidgan.video.containers import MAX_FPS, MIN_FPS

# If frames are missing and the disk has less space than this, it was full.
_FULL_DISK_BYTES = 1 << 16


class VideoWriter(ABC):
    """A video file that is written frame by frame and appears complete or not at all.

    Use it in a ``with`` block, or call :meth:`close`. Until then frames go to a temporary file in
    the same folder, which is removed after an error or Ctrl-C.

    Attributes:
        path: the file's final name.
        fps: frames a second.
        size: ``(width, height)`` of the frames that :meth:`write` takes.
        frames: number of frames written so far.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int]) -> None:
        """Open the file; missing parent folders are created.

        Raises:
            ExportError: the file cannot be written, or the codec is not installed.
            OptionError: the frame rate or size is impossible.
        """
        if not MIN_FPS <= fps <= MAX_FPS:
            raise OptionError(f"--fps {fps} is out of range: use {MIN_FPS:g} to {MAX_FPS:g}")
        if min(size) < 1:
            raise OptionError(f"size {size[0]}x{size[1]} is too small: at least 1x1")
        self.path, self.fps, self.size = Path(path), float(fps), (int(size[0]), int(size[1]))
        self.frames = 0
        self._closed = False
        self._atomic = contextlib.ExitStack()
        self._temporary = self._atomic.enter_context(atomic_path(self.path))
        # Absolute: libraries take names such as "a:b.mp4" for addresses.
        self._target = os.path.abspath(self._temporary)  # noqa: PTH100 (keeps symbolic links)
        try:
            # The system's error for folders that cannot be written is clearer than the libraries'.
            Path(self._target).touch()
            self._open()
        except BaseException as error:
            self._discard(error)
            raise

    @property
    def rate(self) -> Fraction:
        """The frame rate as a fraction, as containers store it."""
        return Fraction(self.fps).limit_denominator(1001)

    def write(self, frame: np.ndarray, periods: int = 1) -> None:
        """Append one frame.

        Args:
            frame: uint8 RGB of shape ``(height, width, 3)``.
            periods: how long it is shown, in periods of the frame rate.

        Raises:
            ExportError: the disk is full or the encoder failed; the unfinished file is removed.
            ValueError: the frame has another shape or dtype.
        """
        width, height = self.size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 ({height}, {width}, 3), found {frame.dtype} {frame.shape}"
            )
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        try:
            self._encode_for(np.ascontiguousarray(frame), periods)
        except BaseException as error:
            self._discard(error)
            raise

    def _encode_for(self, frame: np.ndarray, periods: int) -> None:
        """Append a frame that is shown for some periods: as often, unless a format can hold it."""
        for _ in range(periods):
            self._encode(frame)
            self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its final name.

        Raises:
            ExportError: no frame was written, or the disk is full.
        """
        if self._closed:
            return
        try:
            if not self.frames:
                raise ExportError(f"{self.path}: a video needs at least one frame")
            self._finish()
            self._verify()
        except BaseException as error:
            self._discard(error)
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
            self._discard(error)

    def _discard(self, error: BaseException) -> None:
        """Remove the unfinished file; raise ExportError if ``error`` is a failure to write."""
        self._closed = True
        with contextlib.suppress(Exception):
            self._release()
        self._atomic.__exit__(type(error), error, error.__traceback__)

    def _verify(self) -> None:
        """Count the frames in the finished file: some libraries do not report a full disk."""
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
        """Append a frame of the right shape and dtype."""

    @abstractmethod
    def _finish(self) -> None:
        """Flush everything and close the file."""

    @abstractmethod
    def _release(self) -> None:
        """Close the file after a failure; errors are ignored."""


def pad_to_even(frame: np.ndarray) -> np.ndarray:
    """Make the sides of a frame even by repeating its last row or column.

    Chroma subsampling (4:2:0) needs even sides.

    Args:
        frame: uint8 ``(height, width, 3)``.
    """
    height, width, _ = frame.shape
    if height % 2 == 0 and width % 2 == 0:
        return frame
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
