"""Scanning one source: from a video file to encoded frames, shot by shot; runs in workers."""

import hashlib
import itertools
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

import cv2

from vidgan import images
from vidgan.config import PreprocessConfig
from vidgan.dataset.signature import MOMENTS, signature
from vidgan.errors import InputError
from vidgan.video.cleaning import Cleaner, CleanFrame
from vidgan.video.denoise import denoise
from vidgan.video.rate import resample
from vidgan.video.readers.base import DEFAULT_RATE, VideoReader
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.images import numbered_images
from vidgan.video.readers.open import open_video
from vidgan.video.shots import ShotDetector, preload

Progress = Callable[[int], None]
# Seconds between two reports of progress.
REPORT_EVERY = 0.2


@dataclass
class Shot:
    """An unbroken run of kept frames.

    Attributes:
        first: index of its first frame within the source, after resampling.
        offset: position of its encoded frames in the frame file.
        sizes: bytes of each encoded frame; 0 repeats the frame before.
        motion: mean difference of neighbouring frames, in grey levels.
        brightness: mean grey level.
        signature: of :mod:`vidgan.dataset.signature`, in hexadecimal digits.
    """

    first: int
    offset: int
    sizes: list[int]
    motion: float
    brightness: float
    signature: str

    @property
    def frames(self) -> int:
        """Frames in the shot."""
        return len(self.sizes)

    @cached_property
    def _starts(self) -> "array[int]":
        """Positions of the encoded frames, relative to ``offset``."""
        return array("Q", itertools.accumulate(self.sizes, initial=0))

    def read(self, frame_file: BinaryIO, start: int, end: int) -> list[bytes]:
        """Return the encoded frames ``start`` to ``end`` of the shot."""
        first = start
        while not self.sizes[first]:
            # A repetition: read from the repeated frame on.
            first -= 1
        frame_file.seek(self.offset + self._starts[first])
        frames: list[bytes] = []
        for size in self.sizes[first:end]:
            frames.append(frame_file.read(size) if size else frames[-1])
        return frames[start - first :]


@dataclass
class Scan:
    """Result of scanning a source.

    Attributes:
        error: why the source cannot be used; None if it can.
        problem: why a part of it cannot be used; None if all can.
        notes: what the user must know about its conversion.
        sha256: hash of the file.
        width: in pixels.
        height: in pixels.
        aspect: width over height as displayed.
        fps: frames a second.
        frames: number of decoded frames.
        dropped: number of frames dropped one by one, by reason.
        shots: the shots to keep.
        rejected: runs of frames that are left out, each with ``first``, ``frames``, ``reason``.
    """

    error: str | None = None
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    sha256: str = ""
    width: int = 0
    height: int = 0
    aspect: float = 0.0
    fps: float = 0.0
    frames: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    shots: list[Shot] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_json`'s output."""
        return cls(**{**values, "shots": [Shot(**shot) for shot in values["shots"]]})


def scan(
    path: Path,
    frame_file: Path,
    config: PreprocessConfig,
    fps: float | None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Scan:
    """Decode, resample, fit, clean and cut one source; write its encoded frames to a file.

    Args:
        path: the video file or folder of images.
        frame_file: the file for the encoded frames.
        config: the options.
        fps: output frames a second; None for the rate of the source.
        threads: for decoding; 0 for every core.
        progress: called at intervals with the number of frames decoded since the last call.

    Returns:
        The result; if the source cannot be used, its ``error`` is set.

    Raises:
        OSError: ``frame_file`` cannot be written.
    """
    result = Scan()
    preload(config.shots)
    fit = FrameFit(*config.size, config.fit)
    try:
        reader = open_video(path, fit, decoder=config.decoder, threads=threads)
    except InputError as error:
        result.error = str(error)
        return result
    with reader, frame_file.open("w+b") as file:
        info = reader.info
        result.width, result.height, result.aspect = info.width, info.height, info.aspect
        result.fps = info.fps or fps or DEFAULT_RATE
        rate = fps or result.fps
        cleaner = Cleaner(rate, config.clean)
        recorder = _Recorder(file, config, rate)
        report = _Reporter(reader, progress)
        try:
            for frame in cleaner(resample(reader, rate)):
                recorder.add(frame)
                report()
        except InputError as error:
            # An image of a sequence has too many pixels, or a frame cannot be converted.
            result.problem = f"{error}; what was decoded before is used"
        report(last=True)
        result.frames = reader.frames_read
        result.notes = reader.notes
        result.dropped = dict(cleaner.dropped)
        if reader.decode_errors:
            result.dropped["undecodable"] = reader.decode_errors
            result.problem = f"{path}: {reader.problem}; what can be decoded is used"
        result.shots, result.rejected = recorder.finish()
    if result.shots:
        result.sha256 = sha256(path)
    else:
        result.error = f"{path}: {_why_nothing(result, reader, config)}"
    return result


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of the concatenated images of a folder."""
    digest = hashlib.sha256()
    for file in numbered_images(path) if path.is_dir() else [path]:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class _Recorder:
    """Writes encoded frames to a file and collects the properties of each.

    It holds about 30 bytes a frame, so that memory hardly grows with the length of a video.
    """

    def __init__(self, frame_file: BinaryIO, config: PreprocessConfig, fps: float) -> None:
        self._blob = frame_file
        self._config = config
        self._suffix = ".png" if config.lossless else ".jpg"
        self._detector = ShotDetector(config.shots, fps)
        # One entry for each distinct frame.
        self._first = array("Q")
        self._copies = array("Q")
        self._bytes = array("Q")
        self._motion = array("f")
        self._brightness = array("f")

    def add(self, frame: CleanFrame) -> None:
        sample = frame.sample
        self._detector.add(sample.pixels, frame.breaks)
        pixels = sample.pixels
        if self._config.denoise:
            pixels = denoise(pixels, self._config.denoise)
        data = images.encode(pixels, self._suffix)
        self._blob.write(data)
        self._first.append(sample.index)
        self._copies.append(sample.copies)
        self._bytes.append(len(data))
        self._motion.append(frame.motion)
        self._brightness.append(sum(cv2.mean(pixels)) / 3)

    def finish(self) -> tuple[list[Shot], list[dict[str, Any]]]:
        """Divide the frames into shots; return those to keep and those that are too short."""
        shots, rejected = [], []
        offset = 0
        for start, end in self._detector.finish():
            size = sum(self._bytes[start:end])
            frames = sum(self._copies[start:end])
            if frames >= self._config.min_frames:
                shots.append(self._shot(start, end, offset))
            else:
                rejected.append({"first": self._first[start], "frames": frames, "reason": "short"})
            offset += size
        return shots, rejected

    def _shot(self, start: int, end: int, offset: int) -> Shot:
        sizes: list[int] = []
        for index in range(start, end):
            sizes += [self._bytes[index]] + [0] * (self._copies[index] - 1)
        # The motion of the first frame is relative to another shot.
        motion = self._motion[start + 1 : end]
        return Shot(
            first=self._first[start],
            offset=offset,
            sizes=sizes,
            motion=sum(motion) / max(1, len(motion)),
            brightness=sum(self._brightness[start:end]) / (end - start),
            signature=self._signature(start, end, offset),
        )

    def _signature(self, start: int, end: int, offset: int) -> str:
        moments = [start + round(k * (end - 1 - start) / (MOMENTS - 1)) for k in range(MOMENTS)]
        frames = []
        for moment in moments:
            self._blob.seek(offset + sum(self._bytes[start:moment]))
            frame = images.decode(self._blob.read(self._bytes[moment]))
            assert frame is not None, "the file holds encoded images"
            frames.append(frame)
        self._blob.seek(0, 2)
        return signature(frames).hex()


class _Reporter:
    """Reports progress at intervals of :data:`REPORT_EVERY` seconds."""

    def __init__(self, reader: VideoReader, progress: Progress | None) -> None:
        self._reader = reader
        self._progress = progress
        self._count = 0
        self._next = 0.0

    def __call__(self, last: bool = False) -> None:
        if self._progress is not None and (last or time.monotonic() >= self._next):
            self._progress(self._reader.frames_read - self._count)
            self._count = self._reader.frames_read
            self._next = time.monotonic() + REPORT_EVERY


def _why_nothing(result: Scan, reader: VideoReader, config: PreprocessConfig) -> str:
    """Return why a source has no shot, and a remedy."""
    if not result.frames:
        reason = reader.problem or "it has no frames"
        return f"no frame can be decoded ({reason}); copy or download it again"
    if result.frames == 1:
        return "has one frame only; a video needs at least --min-frames"
    kept = sum(shot["frames"] for shot in result.rejected)
    counts = ", ".join(f"{count} {reason}" for reason, count in result.dropped.items())
    if counts and result.frames >= config.min_frames:
        return f"no shot of {config.min_frames} frames is left ({counts}); --no-clean keeps them"
    if kept == result.frames and len(result.rejected) == 1:
        return f"has {kept} frames only; --min-frames {max(1, kept)} would keep it"
    return f"no shot has {config.min_frames} frames; choose a smaller --min-frames or --shots none"
