"""Writing and reading the videos of the page."""

from itertools import islice
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.video.layout import display_scale, enlarged
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.open import open_video
from vidgan.video.writers.open import open_writer


def write_clip(path: Path, frames: np.ndarray, fps: float) -> Path:
    """Write uint8 ``(frames, height, width, 3)``, enlarged for display, and return the path."""
    _, height, width, _ = frames.shape
    factor = display_scale((width, height))
    with open_writer(path, fps, (width * factor, height * factor)) as writer:
        for frame in enlarged(frames, factor):
            writer.write(frame)
    return path


def write_start(source: Path, target: Path, most: int) -> tuple[int, bool]:
    """Write the first frames of any video as one that browsers play.

    Args:
        source: the video.
        target: what to write.
        most: the number of frames.

    Returns:
        The number of frames written, and whether these are all.

    Raises:
        InputError: the video cannot be read.
    """
    with open_video(source) as reader:
        info = reader.info
        rate = info.fps or DEFAULT_RATE
        frames = (frame for _, frame in reader)
        first = next(frames, None)
        if first is None:
            raise InputError(f"{source}: has no frame that can be decoded")
        height, width, _ = first.shape
        count = 1
        with open_writer(target, rate, (width, height)) as writer:
            writer.write(first)
            for frame in islice(frames, most - 1):
                writer.write(frame)
                count += 1
        return count, next(frames, None) is None


def read_frame(path: Path, index: int) -> np.ndarray:
    """Return a frame, uint8 ``(height, width, 3)``; the last one if there are fewer.

    Raises:
        InputError: the video cannot be read.
    """
    found = None
    with open_video(path) as reader:
        for number, (_, frame) in enumerate(reader):
            found = frame
            if number == index:
                break
    if found is None:
        raise InputError(f"{path}: has no frame that can be decoded")
    return found


def count_frames(path: Path) -> int:
    """Return the number of frames that can be decoded."""
    with open_video(path) as reader:
        count = 0
        while reader.grab() is not None:
            count += 1
        return count
