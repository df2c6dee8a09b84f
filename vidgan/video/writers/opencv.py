"""Writing through OpenCV's ``VideoWriter``."""

import errno
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from vidgan.errors import ExportError
from vidgan.files import is_text
from vidgan.stderr import silent_stderr
from vidgan.video.containers import CODECS, suffixes_of
from vidgan.video.writers.base import VideoWriter, pad_to_even


class OpenCVWriter(VideoWriter):
    """A file written by ``cv2.VideoWriter``: motion JPEG or XviD .avi, MPEG-4 .mp4, VP8 .webm.

    The last row or column of odd sides is repeated; OpenCV itself would cut it off.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int], codec: str) -> None:
        """Open the file.

        Args:
            path: the file.
            fps: frames a second.
            size: ``(width, height)`` of the frames.
            codec: a key of :data:`vidgan.video.containers.CODECS` whose writer is ``opencv``.

        Raises:
            ExportError: the installed OpenCV cannot write the codec (the message says which it
                can), or the file cannot be written.
        """
        self._codec = codec
        super().__init__(path, fps, size)

    def _open(self) -> None:
        width, height = self.size
        even = (width + width % 2, height + height % 2)
        target = self._target
        self._folder: int | None = None
        if not is_text(target):
            # OpenCV would crash: it gets the folder by its number.
            self._folder = os.open(Path(target).parent, os.O_RDONLY)
            target = f"/proc/self/fd/{self._folder}/{Path(target).name}"
        self._writer = _open(target, self._codec, self.fps, even)
        if self._writer is None:
            can = writable_codecs()
            listed = ", ".join(f"{name} ({' '.join(suffixes)})" for name, suffixes in can.items())
            raise ExportError(
                f"{self.path}: the installed OpenCV cannot write {self._codec} into "
                f"{self.path.suffix}; it can write {listed or 'no video at all'}"
            )

    def _encode(self, frame: np.ndarray) -> None:
        assert self._writer is not None
        with silent_stderr():
            self._writer.write(cv2.cvtColor(pad_to_even(frame), cv2.COLOR_RGB2BGR))

    def _finish(self) -> None:
        self._release()
        if not Path(self._target).is_file():
            # OpenCV removes a file that it could not finish, and says nothing.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _release(self) -> None:
        if self._writer is not None:
            with silent_stderr():
                self._writer.release()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


def writable_codecs() -> dict[str, list[str]]:
    """Find out what the installed OpenCV can write, by writing it.

    Returns:
        codec → the suffixes it goes into.
    """
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, entry in CODECS.items():
            if entry.writer != "opencv":
                continue
            for suffix in suffixes_of(name):
                file = Path(folder, f"{name}{suffix}")
                writer = _open(str(file), name, 30.0, (64, 64))
                if writer is None:
                    continue
                with silent_stderr():
                    writer.write(np.zeros((64, 64, 3), np.uint8))
                    writer.release()
                if file.is_file() and file.stat().st_size:
                    found.setdefault(name, []).append(suffix)
    return found


def _open(target: str, codec: str, fps: float, size: tuple[int, int]) -> cv2.VideoWriter | None:
    fourcc = cv2.VideoWriter.fourcc(*next(iter(CODECS[codec].encoders)))
    with silent_stderr():
        # FFmpeg by name: OpenCV would try other backends, one of which makes folders of images.
        writer = cv2.VideoWriter(target, cv2.CAP_FFMPEG, fourcc, fps, size)
        if writer.isOpened():
            return writer
        writer.release()
    return None


WRITER = OpenCVWriter
