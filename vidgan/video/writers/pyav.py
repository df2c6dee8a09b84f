"""Export through PyAV: H.264 and VP9, as browsers and phones play them, and lossless FFV1."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from vidgan.errors import ExportError
from vidgan.video.writers.base import VideoWriter, pad_to_even

# Nearly lossless to the eye: the clips are small, so quality costs little. x264's veryfast has the
# error of medium in half the time, for a file 15% larger. Its macroblock tree goes by memory that
# it has not set: with it the same frames now and then make another file, even in one thread.
# Without, crf 16 has about the quality of 14 with it, for files 10 to 30% larger.
_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "16", "preset": "veryfast", "mbtree": "0"},
    "libopenh264": {"rc_mode": "quality", "qmin": "10", "qmax": "24"},
    "libvpx-vp9": {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"},
}
# Codecs that take RGB as it is, and in which layout.
_LOSSLESS = {"ffv1": "bgr0"}
_BT709 = 1
_LIMITED_RANGE = 1
_MAX_KEYFRAME_SECONDS = 2


class PyAVWriter(VideoWriter):
    """A file encoded by FFmpeg's libraries, 4:2:0 as every player wants it, or lossless.

    An .mp4 has its index in front, so that it plays while it loads. Odd sides are filled up with
    one row or column more, but for lossless codecs.
    """

    def __init__(
        self, path: Path | str, fps: float, size: tuple[int, int], encoder: str = "libx264"
    ) -> None:
        """Open the file.

        Args:
            path: where to; the suffix is the container.
            fps: frames a second.
            size: ``(width, height)``.
            encoder: FFmpeg's name of an encoder that PyAV has.

        Raises:
            ExportError: the file cannot be written.
        """
        self._encoder = encoder
        self._container: Any = None
        super().__init__(path, fps, size)

    def _open(self) -> None:
        options = {"movflags": "+faststart"} if self.path.suffix.lower() == ".mp4" else {}
        with plain_errors(self.path):
            self._container = av.open(self._target, "w", options=options)
            stream: Any = self._container.add_stream(self._encoder, rate=self.rate)
        stream.width, stream.height = self.size
        stream.options = _OPTIONS.get(self._encoder, {})
        context = stream.codec_context
        context.gop_size = max(1, round(self.fps * _MAX_KEYFRAME_SECONDS))
        self._stream = stream
        if self._encoder in _LOSSLESS:
            stream.pix_fmt = _LOSSLESS[self._encoder]
            return
        stream.width += stream.width % 2
        stream.height += stream.height % 2
        stream.pix_fmt = "yuv420p"
        # Said in the file: players guess the colours of one that does not, each in its own way.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE

    def _encode(self, frame: np.ndarray) -> None:
        picture = self._picture(frame)
        picture.pts = self.frames
        picture.time_base = 1 / self.rate
        with plain_errors(self.path):
            self._container.mux(self._stream.encode(picture))

    def _picture(self, frame: np.ndarray) -> av.VideoFrame:
        if self._encoder in _LOSSLESS:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            return picture.reformat(format=_LOSSLESS[self._encoder])
        return av.VideoFrame.from_ndarray(pad_to_even(frame), format="rgb24").reformat(
            format="yuv420p",
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
        raise ExportError(f"{path}: FFmpeg cannot encode this ({error}); try --codec") from error
