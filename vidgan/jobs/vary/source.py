"""Reading the part of a video that is varied."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidgan.config import VaryConfig
from vidgan.errors import InputError
from vidgan.patches.variations import MIN_FRAMES, MIN_SIDE
from vidgan.video.rate import resample
from vidgan.video.readers.base import DEFAULT_RATE, VideoReader
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video
from vidgan.video.shots import ShotDetector

# Most pixels of all frames together: they take some 1.5 GiB of memory.
MAX_PIXELS = 34_000_000


def read_source(
    path: Path, config: VaryConfig, notify: Callable[[str], None]
) -> tuple[np.ndarray, float]:
    """Read the frames to vary: those of the first shot, as many as are allowed.

    Args:
        path: a video file, a GIF or a folder of numbered images.
        config: the options.
        notify: called with a line for everything that could not be kept.

    Returns:
        uint8 RGB ``(frames, height, width, 3)`` with square pixels, and frames a second.

    Raises:
        InputError: the video cannot be read, or is too short or too small.
    """
    start, end = config.span
    return _read(path, start, end, config.max_frames, notify)


def read_other(path: Path, config: VaryConfig, notify: Callable[[str], None]) -> np.ndarray:
    """Read the frames of ``--like``; see :func:`read_source`."""
    return _read(path, 0.0, None, config.frames or config.max_frames, notify)[0]


def _read(
    path: Path, start: float, end: float | None, most: int, notify: Callable[[str], None]
) -> tuple[np.ndarray, float]:
    frames: list[np.ndarray] = []
    with _open_square(path) as reader:
        rate = reader.info.fps or DEFAULT_RATE
        wanted = float("inf") if end is None else round((end - start) * rate)
        for frame in resample(reader, rate, start):
            if not frames:
                height, width, _ = frame.pixels.shape
                if min(height, width) < MIN_SIDE:
                    raise InputError(
                        f"{path}: has frames of {width}x{height} pixels; at least {MIN_SIDE} "
                        "on each side are needed"
                    )
                most = min(most, max(MIN_FRAMES, MAX_PIXELS // (height * width)))
            frames += [frame.pixels] * frame.copies
            if len(frames) > min(wanted, most):
                break
        notes, problem = reader.notes, reader.problem
    more = min(wanted, len(frames)) > most
    frames = frames[: int(min(wanted, most))]
    shot = _first_shot(frames, rate)
    if shot < MIN_FRAMES:
        raise InputError(
            f"{path}: {'its first shot has' if shot < len(frames) else 'gives'} {shot} frames"
            f"{f' from --start {start:g}' if start else ''}, at least {MIN_FRAMES} are needed"
            f"{f' ({problem})' if problem else ''}; choose another part with --start"
        )
    if shot < len(frames):
        notes.append(f"only the {shot} frames before its next shot are used")
    elif more:
        notes.append(f"only {shot} frames are used; --start, --end and --max-frames choose others")
    if problem is not None:
        notes.append(f"damaged ({problem}); what can be decoded is used")
    for note in notes:
        notify(f"{path}: {note}")
    return np.stack(frames[:shot]), rate


def _open_square(path: Path) -> VideoReader:
    """Open a video so that its pixels are as wide as they are high."""
    reader = open_video(path)
    info = reader.info
    width = round(info.height * info.aspect)
    if abs(width - info.width) <= 1:
        return reader
    reader.close()
    return open_video(path, FrameFit(width, info.height, "stretch"))


def _first_shot(frames: list[np.ndarray], rate: float) -> int:
    """Return the number of frames before the first cut."""
    if not frames:
        return 0
    detector = ShotDetector("adaptive", rate)
    for frame in frames:
        detector.add(frame)
    return detector.finish()[0][1]
