"""Reading through PyAV (FFmpeg's libraries)."""

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.format
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from vidgan.errors import InputError
from vidgan.video.readers.base import DEFAULT_RATE, VideoInfo, VideoReader, plausible_rate
from vidgan.video.readers.fit import FitPlan, FrameFit
from vidgan.video.readers.orientation import Orientation, orientation_of
from vidgan.video.readers.scaler import Scaler
from vidgan.video.readers.streams import choose_stream
from vidgan.video.readers.timestamps import Continuity, FrameClock

# Playlists and concatenation scripts could make FFmpeg open network addresses.
_OPTIONS = {"protocol_whitelist": "file,crypto,data"}
# Transfer functions of SMPTE ST 2084 and ARIB STD-B67.
_HDR = (16, 18)
# Errors in a row after which decoding stops.
_MAX_ERRORS_IN_A_ROW = 1000
# Seconds to seek further back than to the last keyframe, where that comes after the wanted time.
_SEEK_BACK = (0, 2, 10, 60)


class PyAVReader(VideoReader):
    """Reader of a video file or GIF through FFmpeg.

    Args:
        path: the file.
        fit: the size to deliver; None for the stored size.
        threads: for decoding; 0 lets FFmpeg use every core.

    Attributes:
        orientation: how stored pictures are turned and mirrored.

    Raises:
        InputError: the file is not a video, or has no video stream.
    """

    def __init__(self, path: Path, fit: FrameFit | None = None, threads: int = 0) -> None:
        super().__init__(path, fit)
        self._threads = threads
        self._open()
        self._frame: VideoFrame | None = None
        self._scaler: Scaler | None = None
        self._sought = False
        # Some properties are only known with the first frame, which then waits for grab().
        self._ahead = next(self._frames, None)
        self.orientation = Orientation() if self._ahead is None else orientation_of(self._ahead)
        self._notes += self._find_conversion_losses()
        self.time_base = self._stream.time_base or Fraction(1, round(DEFAULT_RATE))
        rate = self.info.fps or DEFAULT_RATE
        self._step = max(1, round(1 / (Fraction(rate) * self.time_base)))
        self._end = 0.0
        self._start_clock(Continuity(self._step, float(self.time_base), self.may_jump))
        self.start_time = self._find_start()

    def _open(self) -> None:
        """Open the file and prepare to decode it from its start."""
        try:
            # Absolute: FFmpeg takes the part of a name before a colon for a protocol.
            self._container = av.open(os.path.abspath(self.path), options=_OPTIONS)  # noqa: PTH100
        except (av.error.FFmpegError, ValueError) as error:
            raise InputError(
                f"{self.path}: not a video that can be read ({_reason(error)}); "
                "copy or download it again, or convert it with ffmpeg"
            ) from None
        stream = choose_stream(self._container)
        if stream is None:
            what = "a cover picture" if self._container.streams.video else "sound or data"
            self._container.close()
            raise InputError(f"{self.path}: has no video in it, only {what}; leave it out")
        self._stream = stream
        if self._threads == 1:
            self._stream.codec_context.thread_count = 1
        else:
            self._stream.codec_context.thread_count = self._threads
            self._stream.thread_type = "AUTO"
        self._frames = self._decode(self._container.demux(self._stream))

    @property
    def may_jump(self) -> bool:
        """Whether the container's format allows for a clock that starts anew."""
        return bool(self._container.format.flags & av.format.Flags.ts_discont.value)

    @property
    def is_first_stream(self) -> bool:
        """Whether the video is the first picture stream of the file."""
        return self._stream.index == self._container.streams.video[0].index

    def _start_clock(self, continuity: Continuity) -> None:
        self._clock, self.jumps = FrameClock(self._step, continuity), continuity.jumps

    def _find_start(self) -> float:
        if self._container.start_time is not None:
            return self._container.start_time / 1_000_000
        # Streams without a container.
        first = self._ahead.pts if self._ahead is not None else None
        return float((first or 0) * self.time_base)

    def _find_conversion_losses(self) -> Iterator[str]:
        """Yield properties of the first frame that 8-bit RGB cannot hold."""
        if self._ahead is None:
            return
        bits = max(component.bits for component in self._ahead.format.components)
        if bits > 8:
            yield f"it has {bits} bits a colour, reduced to 8"
        if self._ahead.color_trc in _HDR:
            yield "it has HDR brightness (PQ or HLG), which will look pale; convert it to SDR first"

    @property
    def info(self) -> VideoInfo:
        """Properties from the header."""
        stream = self._stream
        width, height = stream.codec_context.width, stream.codec_context.height
        aspect = width / max(1, height) * float(stream.sample_aspect_ratio or 1)
        if self.orientation.transpose:
            width, height, aspect = height, width, 1 / max(aspect, 1e-9)
        fps = plausible_rate(stream.average_rate) or plausible_rate(stream.guessed_rate)
        frames = stream.frames
        if not frames and fps and self._container.duration:
            frames = round(self._container.duration / 1_000_000 * fps)
        return VideoInfo(width, height, fps, max(0, frames), aspect)

    def _decode(self, packets: "Iterator[Packet[Any]]") -> Iterator[VideoFrame]:
        """Yield the frames that can be decoded, and count errors."""
        failures = 0
        while failures < _MAX_ERRORS_IN_A_ROW:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except EOFError:
                return
            except (av.error.FFmpegError, ValueError) as error:
                failures += 1
                self.decode_errors += 1
                self.problem = _reason(error)
                continue
            for frame in frames:
                failures = 0
                if frame.is_corrupt:
                    self.decode_errors += 1
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
        time = float(self._clock.timestamp(self._frame) * self.time_base)
        self.frame_duration = float(self._frame.duration * self.time_base) or None
        self._end = time + (self.frame_duration or 0)
        return time

    def seek(self, time: float) -> None:
        """Seek to a keyframe before a time; see :meth:`VideoReader.seek`."""
        if self._ahead is None or self._ahead.pts is None:
            return
        self._sought = True
        if self.may_jump:
            self._skip_to(time)
            return
        # Some files have no index or a wrong one: then seek further back, or read from the start.
        for target in (*(time - back for back in _SEEK_BACK), self.start_time):
            try:
                self._container.seek(
                    int(max(target, self.start_time) / self.time_base), stream=self._stream
                )
            except (av.error.FFmpegError, OverflowError):
                continue
            self._frames = self._decode(self._container.demux(self._stream))
            self._ahead = next(self._frames, None)
            if self._ahead is not None and self._ahead.pts is not None and self._ahead.time <= time:
                break
        self._start_clock(Continuity(self._step, float(self.time_base), self.may_jump))

    def _skip_to(self, time: float) -> None:
        """Skip packets before a time without decoding them.

        Formats whose clock may start anew have no index, and cannot be searched for a time.
        """
        target = time / self.time_base
        continuity = Continuity(self._step, float(self.time_base), self.may_jump)
        # The last two keyframes before the time, each with the clock there: the first frames after
        # a keyframe may need those before it.
        starts = deque([(0, continuity.restarted())], maxlen=2)
        self._reopen()
        for number, packet in enumerate(self._container.demux(self._stream)):
            if packet.dts is None or packet.pts is None:
                continue
            if continuity(packet.dts, packet.duration or 0) > target:
                break
            if packet.is_keyframe and packet.pts + continuity.shift <= target:
                starts.append((number, continuity.restarted()))
        number, continuity = starts[0]
        self._reopen()
        self._frames = self._decode(islice(self._container.demux(self._stream), number, None))
        self._ahead = next(self._frames, None)
        self._start_clock(continuity)

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _expected_frames(self) -> int:
        if self._sought:
            return 0
        # Other containers also count empty frames.
        if "mp4" in self._container.format.name:
            return self._stream.frames
        # Matroska stores the duration of a track: assume that the frame rate stays as it was.
        length = _seconds(self._stream.metadata.get("DURATION", ""))
        return round(self.frames_read * length / self._end) if self._end > 0 else 0

    def retrieve(self) -> np.ndarray:
        """Return the grabbed frame, uint8 RGB ``(height, width, 3)``, in the size of ``fit``."""
        if self._frame is None:
            raise RuntimeError("grab() a frame first")
        if self._scaler is None or not self._scaler.takes(self._frame):
            # Frames may change their size in the middle of a stream.
            self._scaler = Scaler(self._frame, self._plan(self._frame), self._threads)
        return self.orientation.apply(self._scaler(self._frame))

    def _plan(self, frame: VideoFrame) -> FitPlan:
        if self.fit is None:
            size = (frame.width, frame.height)
            return FitPlan((0, 0, *size), size, size)
        aspect = float(self._stream.sample_aspect_ratio or 1)
        fit = self.fit.rotated() if self.orientation.transpose else self.fit
        return fit.plan(frame.width, frame.height, aspect)

    def close(self) -> None:
        """Release the file."""
        self._frames.close()  # type: ignore[attr-defined]
        self._container.close()


def _seconds(tag: str) -> float:
    """Parse a duration such as ``00:01:30.500000000`` into seconds; 0 if it is none."""
    try:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    log = getattr(error, "log", None)
    if log and log[2]:
        text = log[2]
    return " ".join(text.split()).lower()
