"""Writing through PyAV (FFmpeg): H.264 and VP9 for browsers and phones, and lossless FFV1."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from vidgan.errors import ExportError
from vidgan.video.containers import CODECS, CONTAINERS
from vidgan.video.writers.base import VideoWriter, pad_to_even
from vidgan.video.writers.encoders import installed_encoder

_BT709 = 1
_LIMITED_RANGE = 1
_MAX_KEYFRAME_SECONDS = 2


class PyAVWriter(VideoWriter):
    """A file encoded by FFmpeg's libraries.

    Lossy codecs subsample colours (4:2:0), which needs even sides: the last row or column of odd
    ones is repeated.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int], codec: str) -> None:
        """Open the file.

        Args:
            path: the file; its suffix is the container.
            fps: frames a second.
            size: ``(width, height)`` of the frames.
            codec: a key of :data:`vidgan.video.containers.CODECS`.

        Raises:
            ExportError: the file cannot be written, or the installed PyAV lacks the encoder.
        """
        encoder = installed_encoder(codec)
        if encoder is None:
            others = [
                name for name in CONTAINERS[Path(path).suffix.lower()].codecs if name != codec
            ]
            raise ExportError(
                f"{path}: the installed PyAV has no {codec} encoder; "
                f"use --codec {' or '.join(others)}"
            )
        self._encoder = encoder
        self._codec = CODECS[codec]
        self._container: Any = None
        super().__init__(path, fps, size)

    def _open(self) -> None:
        options = dict(CONTAINERS[self.path.suffix.lower()].muxer_options)
        with plain_errors(self.path):
            self._container = av.open(self._target, "w", options=options)
            stream: Any = self._container.add_stream(self._encoder, rate=self.rate)
        stream.width, stream.height = self.size
        stream.options = dict(self._codec.encoders[self._encoder])
        stream.pix_fmt = self._codec.pixel_format
        context = stream.codec_context
        context.gop_size = max(1, round(self.fps * _MAX_KEYFRAME_SECONDS))
        self._stream = stream
        if self._codec.lossless:
            return
        stream.width += stream.width % 2
        stream.height += stream.height % 2
        # Tagged in the file: players guess the colours of untagged files, each in its own way.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE

    def _encode(self, frame: np.ndarray) -> None:
        picture = self._picture(frame)
        picture.pts = self.frames
        picture.time_base = 1 / self.rate
        with plain_errors(self.path):
            self._container.mux(self._stream.encode(picture))

    def _picture(self, frame: np.ndarray) -> av.VideoFrame:
        if self._codec.lossless:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            return picture.reformat(format=self._codec.pixel_format)
        return av.VideoFrame.from_ndarray(pad_to_even(frame), format="rgb24").reformat(
            format=self._codec.pixel_format,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )

    def _finish(self) -> None:
        with plain_errors(self.path):
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def _release(self) -> None:
        if self._container is not None:
            self._container.close()


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into a plain ``OSError``, without the temporary name, or ExportError."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror) from error
        reason = error.strerror or type(error).__name__
        raise ExportError(f"{path}: FFmpeg cannot encode this ({reason}); try --codec") from error


WRITER = PyAVWriter
