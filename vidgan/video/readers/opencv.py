"""Reading through OpenCV's ``VideoCapture``, which has its own FFmpeg."""

import os
from pathlib import Path

# OpenCV's FFmpeg prints errors to the terminal; readers here report them themselves.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np

from vidgan.errors import InputError
from vidgan.pixel_limit import check_pixels
from vidgan.video.readers.base import DEFAULT_RATE, VideoInfo, VideoReader, usual_rate
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.orientation import Orientation
from vidgan.video.readers.pyav import DEINTERLACED, HDR_TO_SDR, HDR_UNCONVERTED, PyAVReader
from vidgan.video.readers.timestamps import Continuity

# What PyAV's reader converts and OpenCV does not.
_UNCONVERTED = {
    DEINTERLACED: "it is interlaced, and OpenCV does not deinterlace it; use --decoder pyav",
    HDR_TO_SDR: HDR_UNCONVERTED,
}
# Ticks a second of the clock.
_TICKS = 1_000_000


class OpenCVReader(VideoReader):
    """Reader of a video file through OpenCV.

    Args:
        path: the file.
        fit: the size to deliver; None for the stored size.
        threads: for decoding; 0 lets OpenCV choose.

    Raises:
        InputError: OpenCV cannot read it.
    """

    def __init__(self, path: Path, fit: FrameFit | None = None, threads: int = 0) -> None:
        super().__init__(path, fit)
        options = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
        try:
            # Absolute: FFmpeg takes the part of a name before a colon for a protocol.
            name = os.path.abspath(path)  # noqa: PTH100
            self._capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG, options)
        except cv2.error:
            self._capture = cv2.VideoCapture()
        if not self._capture.isOpened():
            raise InputError(
                f"{path}: not a video that OpenCV can read; copy or download it again, or try "
                "--decoder pyav"
            )
        sides = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
        check_pixels(path, *(round(self._capture.get(side)) for side in sides))
        self._orientation = Orientation()
        self._fps = usual_rate(self._capture.get(cv2.CAP_PROP_FPS))
        self._may_jump = False
        self._shown_frames = 0
        self._read_header()
        numerator = self._capture.get(cv2.CAP_PROP_SAR_NUM)
        denominator = self._capture.get(cv2.CAP_PROP_SAR_DEN)
        self._pixel_aspect = numerator / denominator if numerator > 0 and denominator > 0 else 1.0
        self._index = -1
        self._last = -1.0
        step = round(_TICKS / (self.info.fps or DEFAULT_RATE))
        self._continuity = Continuity(step, 1 / _TICKS, self._may_jump)
        self.jumps = self._continuity.jumps

    def _read_header(self) -> None:
        """Find the properties that OpenCV does not tell."""
        try:
            with PyAVReader(self.path, threads=1) as header:
                self._orientation = header.orientation
                self._fps = header.info.fps
                self._shown_frames = header.shown_frames
                self._may_jump = header.may_jump
                self._notes += [_UNCONVERTED.get(note, note) for note in header.notes]
                is_first_stream = header.is_first_stream
        except InputError:
            return
        if not is_first_stream:
            raise InputError(
                f"{self.path}: OpenCV reads its first picture, a cover or a preview, not the "
                "video; use --decoder pyav"
            )
        # OpenCV turns pictures, but does not mirror them.
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)

    @property
    def info(self) -> VideoInfo:
        """Properties from the header."""
        width = round(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = round(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        aspect = width / max(1, height) * self._pixel_aspect
        if self._orientation.transpose:
            width, height, aspect = height, width, 1 / max(aspect, 1e-9)
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return VideoInfo(
            width,
            height,
            self._fps,
            # Without an index OpenCV returns huge negative numbers.
            round(frames) if 0 < frames < 1e9 else 0,
            aspect,
        )

    def _grab(self) -> float | None:
        """Decode the next frame and return its time in seconds, None at the end."""
        if not self._capture.grab():
            return None
        self._index += 1
        milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        time = self._continuity(round(milliseconds * _TICKS / 1000)) / _TICKS
        if self._index and time <= self._last:
            # Some containers have no timestamps: count at the nominal rate.
            time = self._last + 1 / (self.info.fps or DEFAULT_RATE)
        self._last = time
        return time

    def _expected_frames(self) -> int:
        # For other containers OpenCV estimates the number, or counts empty frames.
        fixed = os.fspath(self.path).lower().endswith((".mp4", ".mov", ".m4v"))
        return min(self.info.frames, self._shown_frames) if fixed else 0

    def _retrieve(self) -> np.ndarray:
        """Return the grabbed frame; see :meth:`VideoReader.retrieve`."""
        done, image = self._capture.retrieve()
        if not done:
            raise RuntimeError("grab() a frame first")
        height, width, _ = image.shape
        transpose = self._orientation.transpose
        fit = self._fit_for((height, width) if transpose else (width, height))
        if fit is not None:
            aspect = self._pixel_aspect if self.fit is not None else 1.0
            plan = (fit.rotated() if transpose else fit).plan(width, height, aspect)
            image = plan.apply(image)
        return self._orientation.apply(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def close(self) -> None:
        """Release the file."""
        self._capture.release()
