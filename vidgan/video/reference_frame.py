"""Reading one frame: an image, or a frame of a video at a time."""

from pathlib import Path

import cv2
import numpy as np

from vidgan import images
from vidgan.config.shared import parse_seconds
from vidgan.errors import InputError, OptionError
from vidgan.video.readers.open import open_video

# Longest side in pixels of a reference: every place of a video is compared with all of it.
MAX_SIDE = 384


def read_reference(text: str) -> np.ndarray:
    """Read the frame that a value of ``--reference`` names.

    Args:
        text: an image; or a video, for its first frame; or a video and a time as
            ``film.mp4@1:30``.

    Returns:
        uint8 RGB ``(height, width, 3)``.

    Raises:
        InputError: there is no such file, or it cannot be decoded.
        OptionError: the time is none, or lies after the end of the video.
    """
    path, begin = Path(text), 0.0
    name, separator, time = text.rpartition("@")
    if separator and not path.exists():
        path, begin = Path(name), parse_seconds("--reference", time)
    if path.is_file() and not separator:
        image = images.decode(path.read_bytes(), path)
        if image is not None:
            return image
    with open_video(path) as reader:
        if begin:
            reader.seek(reader.start_time + begin)
        while (now := reader.grab()) is not None:
            # Half a millisecond: times are rounded.
            if now - reader.start_time >= begin - 5e-4:
                return reader.retrieve()
        if reader.frames_read:
            raise OptionError(f"--reference {text}: {path} ends before that")
    raise InputError(f"{path}: not one frame can be decoded; copy the file again")


def reduced(frame: np.ndarray, multiple: int) -> np.ndarray:
    """Reduce a frame to :data:`MAX_SIDE`, and its sides to multiples of a number, nearly in shape.

    Args:
        frame: uint8 RGB ``(height, width, 3)``.
        multiple: of the sides.
    """
    height, width, _ = frame.shape
    scale = min(1.0, MAX_SIDE / max(height, width))
    rows, columns = (
        max(multiple, round(side * scale / multiple) * multiple) for side in (height, width)
    )
    return cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA)
