"""Reading through PyAV (FFmpeg's libraries)."""

import math
import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from vidgan.errors import InputError
from vidgan.pixel_limit import check_pixels, max_pixels
from vidgan.video.readers.base import (
    DEFAULT_RATE,
    MAX_ERRORS_IN_A_ROW,
    VideoInfo,
    VideoReader,
    exact_rate,
    reason,
    usual_rate,
)
from vidgan.video.readers.deinterlace import deinterlace
from vidgan.video.readers.fit import FitPlan, FrameFit
from vidgan.video.readers.orientation import Orientation, orientation_of
from vidgan.video.readers.scaler import Scaler, converts_hdr, is_hdr
from vidgan.video.readers.streams import choose_stream, streams_left_out
from vidgan.video.readers.timestamps import Continuity, FrameClock, may_jump, measure_rate

# Playlists and concatenation scripts could make FFmpeg open network addresses.
_OPTIONS = {"protocol_whitelist": "file,crypto,data"}
DEINTERLACED = "it is interlaced; FFmpeg's bwdif filter makes whole frames of its fields"
HDR_TO_SDR = "it has HDR brightness (PQ or HLG), converted to SDR; highlights are cut off"
HDR_UNCONVERTED = "it has HDR brightness (PQ or HLG), which will look pale; convert it to SDR first"
# Relative difference of a measured and a declared rate that are the same.
_SAME_RATE = 0.1
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
        self._size = self._find_size()
        self.orientation = Orientation() if self._ahead is None else orientation_of(self._ahead)
        self._notes += streams_left_out(self._container, self._stream)
        self._notes += self._find_conversion_losses()
        self.time_base = self._stream.time_base or Fraction(1, round(DEFAULT_RATE))
        self._fps = self._find_rate()
        self._declared_frames = self._count_declared_frames()
        self._first_size = self.info.width, self.info.height
        self._step = max(1, round(1 / (Fraction(self._fps or DEFAULT_RATE) * self.time_base)))
        self._end = 0.0
        self._start_clock(Continuity(self._step, float(self.time_base), self.may_jump))
        self.start_time = self._find_start()

    def _open(self) -> None:
        """Open the file and prepare to decode it from its start."""
        # FFmpeg decodes some frames to find a file's properties, and sizes may change later. It
        # counts the pixels with which it fills up rows, too.
        limit = {"max_pixels": str(2 * max_pixels())}
        try:
            # Absolute: FFmpeg takes the part of a name before a colon for a protocol.
            self._container = av.open(
                os.path.abspath(self.path),  # noqa: PTH100
                options={**_OPTIONS, **limit},
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise InputError(
                f"{self.path}: not a video that can be read ({reason(error)}); "
                "copy or download it again, or convert it with ffmpeg"
            ) from None
        stream = choose_stream(self._container)
        if stream is None:
            what = "sound or data"
            if self._container.streams.video:
                what = "a cover picture or a codec that FFmpeg does not know"
            self._container.close()
            raise InputError(f"{self.path}: has no video in it, only {what}; leave it out")
        self._stream = stream
        self._check_size()
        stream.codec_context.options = limit
        if self._threads == 1:
            self._stream.codec_context.thread_count = 1
        else:
            self._stream.codec_context.thread_count = self._threads
            self._stream.thread_type = "AUTO"
        self._frames = self._read(self._container.demux(self._stream))

    @property
    def may_jump(self) -> bool:
        """Whether the container's format allows for a clock that starts anew."""
        return may_jump(self._container)

    def _count_declared_frames(self) -> int:
        entries = self._stream.index_entries
        # Whatever edit lists hide usually comes first; counting takes time in a long file.
        if "mp4" in self._container.format.name and len(entries) and entries[0].is_discard:
            return self.shown_frames
        return self._stream.frames

    @property
    def shown_frames(self) -> int:
        """Number of frames in the index that no edit list hides; 0 without an index."""
        return sum(not entry.is_discard for entry in self._stream.index_entries)

    @property
    def is_first_stream(self) -> bool:
        """Whether the video is the first picture stream of the file."""
        return self._stream_number == 0

    def _start_clock(self, continuity: Continuity) -> None:
        stores_pts = self._container.format.name != "avi"
        self._clock, self.jumps = FrameClock(self._step, continuity, stores_pts), continuity.jumps

    def _check_size(self) -> None:
        """Check the declared size."""
        context = self._stream.codec_context
        width, height = context.width, context.height
        if not width:
            # FFmpeg drops a size above the limit, unless it does not look at frames.
            options = {**_OPTIONS, "probesize": "32", "analyzeduration": "0"}
            with av.open(os.path.abspath(self.path), options=options) as container:  # noqa: PTH100
                context = container.streams.video[self._stream_number].codec_context
                width, height = context.width, context.height
        check_pixels(self.path, width, height)

    @property
    def _stream_number(self) -> int:
        """Number of the stream among the picture streams."""
        return [each.index for each in self._container.streams.video].index(self._stream.index)

    def _find_size(self) -> tuple[int, int]:
        frame = self._ahead
        context = self._stream.codec_context
        size = (context.width, context.height) if frame is None else (frame.width, frame.height)
        if not all(size):
            raise InputError(
                f"{self.path}: not one frame can be decoded"
                f"{f' ({self.problem})' if self.problem else ''}; copy or download it again, or "
                "convert it with ffmpeg"
            )
        return size

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
        # Nearly all GIFs are decoded to a format with transparency, and have none.
        has_alpha = any(component.is_alpha for component in self._ahead.format.components)
        if has_alpha and self._stream.codec_context.name != "gif":
            yield "its transparent parts become black"
        bits = max(component.bits for component in self._ahead.format.components)
        if bits > 8:
            yield f"it has {bits} bits a colour, reduced to 8"
        if is_hdr(self._ahead) and converts_hdr():
            yield HDR_TO_SDR
        elif is_hdr(self._ahead):
            yield HDR_UNCONVERTED

    @property
    def info(self) -> VideoInfo:
        """Properties from the header."""
        stream = self._stream
        width, height = self._size
        aspect = width / max(1, height) * float(stream.sample_aspect_ratio or 1)
        if self.orientation.transpose:
            width, height, aspect = height, width, 1 / max(aspect, 1e-9)
        frames = self._declared_frames
        if not frames and self._fps and self._container.duration:
            frames = round(self._container.duration / 1_000_000 * self._fps)
        return VideoInfo(width, height, self._fps, max(0, frames), aspect)

    def _find_rate(self) -> float | None:
        declared = self._stream.average_rate, self._stream.guessed_rate
        for rate in declared:
            if usual := usual_rate(rate):
                return usual
        # Any other rate may be a time base: measure it.
        with av.open(os.path.abspath(self.path), options=_OPTIONS) as container:  # noqa: PTH100
            measured = measure_rate(container, self._stream.index)
        if measured is None:
            return None
        for rate in declared:
            if rate and abs(float(rate) - measured) < measured * _SAME_RATE:
                return exact_rate(rate)
        return exact_rate(measured)

    def _read(self, packets: "Iterator[Packet[Any]]") -> Iterator[VideoFrame]:
        """Yield the frames that can be decoded, deinterlaced."""
        return deinterlace(self._decode(packets), self._threads, self._found_interlaced)

    def _found_interlaced(self) -> None:
        # After a seek it is found again.
        if DEINTERLACED not in self._notes:
            self._notes.append(DEINTERLACED)

    def _decode(self, packets: "Iterator[Packet[Any]]") -> Iterator[VideoFrame]:
        """Yield the frames that can be decoded, and count errors."""
        failures = 0
        while failures < MAX_ERRORS_IN_A_ROW:
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
                self.problem = reason(error)
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
            self._frames = self._read(self._container.demux(self._stream))
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
        self._frames = self._read(islice(self._container.demux(self._stream), number, None))
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
            if self.frames_read >= self._stream.frames:
                return self._stream.frames
            return self.shown_frames
        # Matroska stores the duration of a track: assume that the frame rate stays as it was.
        length = _seconds(self._stream.metadata.get("DURATION", ""))
        return round(self.frames_read * length / self._end) if self._end > 0 else 0

    def _retrieve(self) -> np.ndarray:
        """Return the grabbed frame; see :meth:`VideoReader.retrieve`."""
        if self._frame is None:
            raise RuntimeError("grab() a frame first")
        if self._scaler is None or not self._scaler.takes(self._frame):
            # Frames may change their size or format in the middle of a stream.
            self._scaler = Scaler(self._frame, self._plan(self._frame), self._threads)
        return self.orientation.apply(self._scaler(self._frame))

    def _plan(self, frame: VideoFrame) -> FitPlan:
        size = (frame.width, frame.height)
        transpose = self.orientation.transpose
        fit = self._fit_for((size[1], size[0]) if transpose else size)
        if fit is None:
            return FitPlan((0, 0, *size), size, size)
        aspect = float(self._stream.sample_aspect_ratio or 1) if self.fit is not None else 1.0
        return (fit.rotated() if transpose else fit).plan(*size, aspect)

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
    length = 3600 * hours + 60 * minutes + seconds
    return length if math.isfinite(length) else 0.0
