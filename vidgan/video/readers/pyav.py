"""Reading through PyAV, which carries FFmpeg's libraries.

FFmpeg's own filters cut and scale straight from the decoder's YUV planes to small RGB; converting
whole frames to RGB first is what makes other ways slow.
"""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from vidgan.errors import InputError
from vidgan.video.readers.base import ASSUMED_RATE, VideoInfo, VideoReader, sane_rate
from vidgan.video.readers.fit import Fit, FitPlan

# A local file may not make FFmpeg open the network (playlists and concatenation scripts can).
_OPTIONS = {"protocol_whitelist": "file,crypto,data"}
# By default FFmpeg leaves the colours of the result at half its width, to save time.
_EXACT = "+full_chroma_int+full_chroma_inp+accurate_rnd"
# What players take for BT.709 where the file does not say; below it is BT.601, as in FFmpeg.
_HD_WIDTH, _HD_HEIGHT = 1280, 577
_UNSPECIFIED = 2
# Transfer functions of SMPTE ST 2084 and ARIB STD-B67.
_HDR = (16, 18)
# A file that yields nothing but errors is given up after this many in a row.
_PATIENCE = 1000


class PyAVReader(VideoReader):
    """A video file or GIF decoded by FFmpeg.

    Args:
        path: the file.
        fit: the size to deliver.
        threads: for decoding; 0 lets FFmpeg use every core.

    Raises:
        InputError: not a video, or without a picture stream.
    """

    def __init__(self, path: Path, fit: Fit | None = None, threads: int = 0) -> None:
        super().__init__(path, fit)
        try:
            # Absolute, since FFmpeg takes what stands before a colon for a protocol.
            self._container = av.open(os.path.abspath(path), options=_OPTIONS)  # noqa: PTH100
        except (av.error.FFmpegError, ValueError) as error:
            raise InputError(
                f"{path}: not a video that can be read ({_reason(error)}); "
                "copy or download it again, or convert it with ffmpeg"
            ) from None
        if not self._container.streams.video:
            self._container.close()
            raise InputError(f"{path}: has no picture in it, only sound or data; leave it out")
        self._stream = self._container.streams.video[0]
        self._threads = threads
        if threads == 1:
            self._stream.codec_context.thread_count = 1
        else:
            self._stream.codec_context.thread_count = threads
            self._stream.thread_type = "AUTO"
        self._frames = self._decode()
        self._frame: VideoFrame | None = None
        self._ahead: VideoFrame | None = None
        self._scaler: _Scaler | None = None
        self._time = -1.0
        self._sought = False
        self._rotation = self._first_rotation()
        self.lost = tuple(self._not_in_rgb24())
        self.tick = self._stream.time_base or Fraction(1, round(ASSUMED_RATE))
        self.origin = (self._container.start_time or 0) / 1_000_000

    def _not_in_rgb24(self) -> Iterator[str]:
        """Yield what 8 bits of ordinary RGB cannot say of the first frame."""
        if self._ahead is None:
            return
        bits = max(component.bits for component in self._ahead.format.components)
        if bits > 8:
            yield f"{bits} bits a colour, of which 8 are left"
        if self._ahead.color_trc in _HDR:
            yield "HDR brightness (PQ or HLG), which will look pale: convert it to SDR first"

    def _first_rotation(self) -> int:
        # The display matrix is known with the first frame only, which then waits for grab().
        self._ahead = next(self._frames, None)
        return 0 if self._ahead is None else self._ahead.rotation

    @property
    def info(self) -> VideoInfo:
        """What the header says."""
        stream = self._stream
        width, height = stream.codec_context.width, stream.codec_context.height
        aspect = width / max(1, height) * float(stream.sample_aspect_ratio or 1)
        if self._rotation % 180:
            width, height, aspect = height, width, 1 / max(aspect, 1e-9)
        fps = sane_rate(stream.average_rate) or sane_rate(stream.guessed_rate)
        frames = stream.frames
        if not frames and fps and self._container.duration:
            frames = round(self._container.duration / 1_000_000 * fps)
        return VideoInfo(width, height, fps, max(0, frames), aspect)

    def _decode(self) -> Iterator[VideoFrame]:
        """Yield every frame that decodes, counting what does not."""
        failures = 0
        packets = self._container.demux(self._stream)
        while failures < _PATIENCE:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except EOFError:
                return
            except (av.error.FFmpegError, ValueError) as error:
                failures += 1
                self.damaged += 1
                self.problem = _reason(error)
                continue
            for frame in frames:
                failures = 0
                if frame.is_corrupt:
                    self.damaged += 1
                    self.problem = "damaged frames"
                    continue
                yield frame

    def _grab(self) -> float | None:
        """Decode the next frame and return its time in seconds, None at the end."""
        if self._ahead is not None:
            self._frame, self._ahead = self._ahead, None
        else:
            self._frame = next(self._frames, None)
        if self._frame is None:
            return None
        if self._frame.pts is None:
            # Raw streams carry no times: count at the nominal rate.
            self._time += 1 / (sane_rate(self._stream.average_rate) or ASSUMED_RATE)
        else:
            self._time = float(self._frame.time)
            self.held = float(self._frame.duration * self.tick) or None
        return self._time

    def seek(self, time: float) -> None:
        """Go to the last keyframe before a time; see :meth:`VideoReader.seek`."""
        if self._ahead is None or self._ahead.pts is None:
            return
        for target in (time, self.origin):
            try:
                self._container.seek(int(target / self.tick), stream=self._stream)
            except (av.error.FFmpegError, OverflowError):
                continue
            self._sought = True
            self._frames = self._decode()
            self._ahead = next(self._frames, None)
            # Some files have an index that is wrong: then from the start.
            if self._ahead is not None and self._ahead.pts is not None and self._ahead.time <= time:
                return

    def _promised(self) -> int:
        if self._sought:
            return 0
        # Others count frames that carry no picture as well.
        if "mp4" in self._container.format.name:
            return self._stream.frames
        # Matroska says how long a track is: the rest has as many frames as what came before.
        length = _seconds(self._stream.metadata.get("DURATION", ""))
        covered = self._time + (self.held or 0)
        return round(self.count * length / covered) if covered > 0 else 0

    def retrieve(self) -> np.ndarray:
        """Return the grabbed frame: RGB uint8 ``(height, width, 3)``."""
        if self._frame is None:
            raise RuntimeError("grab() a frame first")
        if self._scaler is None or not self._scaler.takes(self._frame):
            # Also when the picture changes its size in the middle of a stream.
            self._scaler = _Scaler(self._frame, self._plan(self._frame), self._threads)
        pixels = self._scaler(self._frame)
        turns = round(self._rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels

    def _plan(self, frame: VideoFrame) -> FitPlan:
        if self.fit is None:
            size = (frame.width, frame.height)
            return FitPlan((0, 0, *size), size, size)
        aspect = float(self._stream.sample_aspect_ratio or 1)
        fit = self.fit.turned() if self._rotation % 180 else self.fit
        return fit.plan(frame.width, frame.height, aspect)

    def close(self) -> None:
        """Release the file."""
        self._frames.close()  # type: ignore[attr-defined]
        self._container.close()


class _Scaler:
    """An FFmpeg filter chain: crop, scale, RGB. Cropping only moves pointers."""

    def __init__(self, frame: VideoFrame, plan: FitPlan, threads: int) -> None:
        self._plan = plan
        self._source = (frame.width, frame.height, frame.format.name)
        self._alpha = any(component.is_alpha for component in frame.format.components)
        left, top, width, height = plan.crop
        graph = av.filter.Graph()
        graph.threads = threads or 1
        # PyAV wants a time base for the entrance; times do not pass through here.
        chain = [
            graph.add(
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
                ":time_base=1/1000:pixel_aspect=1/1",
            )
        ]
        if (width, height) != (frame.width, frame.height):
            chain.append(graph.add("crop", f"{width}:{height}:{left}:{top}:exact=1"))
        scale = f"{plan.inner[0]}:{plan.inner[1]}:flags={'area' if plan.shrinks else 'bicubic'}"
        matrix = ":in_color_matrix=bt709" if _untagged_hd(frame) else ""
        chain.append(graph.add("scale", scale + _EXACT + matrix))
        # FFmpeg makes planes of the same values in a quarter of the time that packed pixels take;
        # what is packed already need not be taken apart.
        packed = frame.format.is_rgb
        layout = ("rgba" if packed else "gbrap") if self._alpha else ("rgb24" if packed else "gbrp")
        chain.append(graph.add("format", layout))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain)
        graph.configure()
        self._graph = graph

    def takes(self, frame: VideoFrame) -> bool:
        return self._source == (frame.width, frame.height, frame.format.name)

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        self._graph.vpush(frame)
        pixels: np.ndarray = self._graph.vpull().to_ndarray()
        if self._alpha:
            # What is transparent shows black, not the colours that happen to lie beneath.
            opacity = pixels[..., 3:].astype(np.uint16)
            pixels = ((pixels[..., :3] * opacity + 127) // 255).astype(np.uint8)
        return self._plan.pad(pixels)


def _seconds(tag: str) -> float:
    """Return ``00:01:30.500000000`` in seconds; 0 for anything else."""
    try:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds


def _untagged_hd(frame: VideoFrame) -> bool:
    hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return hd and frame.colorspace == _UNSPECIFIED and not frame.format.is_rgb


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    log = getattr(error, "log", None)
    if log and log[2]:
        text = log[2]
    return " ".join(text.split()).lower()
