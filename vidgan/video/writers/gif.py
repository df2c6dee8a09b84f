"""Writing animated GIFs that loop forever."""

from pathlib import Path
from typing import Any

import av
import numpy as np

from vidgan.video.writers.base import VideoWriter
from vidgan.video.writers.palette import quantize
from vidgan.video.writers.pyav import plain_errors

# Longest delay of a frame; the format counts to 655 seconds.
_MAX_DELAY = 600
# Frames that share a palette: enough for stable colours, few enough to hold in memory.
_GROUP_FRAMES = 16


class GifWriter(VideoWriter):
    """A GIF of 256 colours for every 16 frames, chosen for them, with ordered dithering.

    FFmpeg's palette filters need the whole video first, or a new palette for every frame, which
    flickers. This writer holds one group of 16 frames in memory.
    """

    def __init__(self, path: Path | str, fps: float, size: tuple[int, int], codec: str) -> None:
        """Open the file.

        Args:
            path: the file.
            fps: frames a second. Delays are whole hundredths of a second, alternating so that the
                average is right.
            size: ``(width, height)`` of the frames.
            codec: ``gif``.

        Raises:
            ExportError: the file cannot be written.
        """
        self._container: Any = None
        self._group: list[np.ndarray] = []
        # When each frame of the group begins, and the end, in periods of the frame rate.
        self._starts: list[int] = []
        self._end = 0
        super().__init__(path, fps, size)

    def _open(self) -> None:
        with plain_errors(self.path):
            self._container = av.open(self._target, "w", format="gif", options={"loop": "0"})
            self._stream: Any = self._container.add_stream("gif", rate=self.rate)
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = "pal8"

    def _encode_for(self, frame: np.ndarray, periods: int) -> None:
        """Append a frame once for as long as a delay can be."""
        longest = max(1, int(_MAX_DELAY * self.rate))
        while periods > 0:
            held = min(periods, longest)
            self._encode(frame)
            self.frames += 1
            self._end += held
            periods -= held

    def _encode(self, frame: np.ndarray) -> None:
        self._group.append(frame.copy())
        self._starts.append(self._end)
        if len(self._group) == _GROUP_FRAMES:
            self._flush()

    def _flush(self) -> None:
        if not self._group:
            return
        indices, palette = quantize(np.stack(self._group))
        self._group.clear()
        # FFmpeg keeps a palette as 256 little-endian ARGB words; PyAV hands the bytes over.
        argb = np.column_stack([np.full(len(palette), 255, np.uint8), palette])
        for image, start in zip(indices, self._starts, strict=True):
            # PyAV's stub leaves out the pair that it wants here.
            indexed: Any = (image, argb)
            picture = av.VideoFrame.from_ndarray(indexed, format="pal8")
            picture.pts, picture.time_base = start, 1 / self.rate
            with plain_errors(self.path):
                self._container.mux(self._stream.encode(picture))
        self._starts.clear()

    def _finish(self) -> None:
        self._flush()
        with plain_errors(self.path):
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def _release(self) -> None:
        self._group.clear()
        if self._container is not None:
            self._container.close()


WRITER = GifWriter
