"""Reading animated WebP through Pillow, as FFmpeg decodes only the still kind."""

import io
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
from PIL.WebPImagePlugin import WebPImageFile

from vidgan.errors import InputError
from vidgan.pixel_limit import check_pixels
from vidgan.pixels import over_black
from vidgan.video.containers import MAX_FPS, MIN_FPS
from vidgan.video.readers.base import DECODER_ERRORS, VideoInfo, VideoReader, exact_rate, reason
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.webp_header import (
    canvas_size,
    declare_length,
    declared_length,
    measure_frames,
)


class AnimatedWebPReader(VideoReader):
    """Reader of an animated WebP file.

    Frames are decoded one by one; the memory holds the file and a few pictures.

    Args:
        path: the file.
        fit: the size to deliver; None for the stored size.

    Raises:
        InputError: no frame can be decoded, or the picture has too many pixels.
    """

    time_base = Fraction(1, 1000)

    def __init__(self, path: Path, fit: FrameFit | None = None) -> None:
        super().__init__(path, fit)
        data = bytearray(path.read_bytes())
        length = declared_length(data)
        del data[length:]
        # The canvas, which holds every frame.
        self._width, self._height = canvas_size(data)
        check_pixels(path, self._width, self._height)
        self._durations, end = measure_frames(data)
        if end < length:
            # libwebp refuses a file that is cut short: let it end after its last whole frame.
            self.decode_errors += 1
            self.problem = f"ends in the middle of frame {len(self._durations) + 1}"
            del data[end:]
            declare_length(data, end)
        try:
            self._image = WebPImageFile(io.BytesIO(data))
            # Decodes the first frame.
            self._image.load()
        except (*DECODER_ERRORS, EOFError, SyntaxError) as error:
            raise InputError(
                f"{path}: not one frame can be decoded ({reason(error)}); copy or download it again"
            ) from None
        self._starts = [0, *accumulate(self._durations)]
        self._index = -1
        self._pixels: np.ndarray | None = None

    @property
    def info(self) -> VideoInfo:
        """Properties from the header."""
        rate = 1000 * len(self._durations) / self._starts[-1]
        fps = exact_rate(rate) if MIN_FPS <= rate <= MAX_FPS else None
        aspect = self._width / self._height
        return VideoInfo(self._width, self._height, fps, len(self._durations), aspect)

    def _grab(self) -> float | None:
        """Decode the next frame and return its time in seconds, None at the end."""
        if self._index + 1 == len(self._durations):
            return None
        self._index += 1
        try:
            self._image.seek(self._index)
            self._pixels = np.asarray(self._image)
        except EOFError as error:
            # Elsewhere it means that the user ended the input.
            raise ValueError(*error.args) from None
        self.frame_duration = self._durations[self._index] / 1000
        return self._starts[self._index] / 1000

    def _expected_frames(self) -> int:
        return len(self._durations)

    def _retrieve(self) -> np.ndarray:
        """Return the grabbed frame; see :meth:`VideoReader.retrieve`."""
        if self._pixels is None:
            raise RuntimeError("grab() a frame first")
        pixels = self._pixels
        if pixels.shape[2] == 4:
            if not self._notes and pixels[..., 3].min() < 255:
                self._notes.append("its transparent parts become black")
            pixels = over_black(pixels)
        return pixels if self.fit is None else self.fit.plan(*self._image.size).apply(pixels)

    def close(self) -> None:
        """Release the file."""
        self._image.close()
