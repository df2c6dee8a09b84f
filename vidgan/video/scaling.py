"""How generated clips are shown: enlarged, played back and forth, tiled."""

from collections.abc import Iterator

import numpy as np

from vidgan.config import COMFORTABLE_SIDE


def comfortable_scale(size: tuple[int, int]) -> int:
    """Return the smallest whole factor that brings the shorter side to 256 pixels.

    Args:
        size: ``(width, height)`` of the picture, tiles and all.
    """
    return -(-COMFORTABLE_SIDE // min(size))


def enlarge(frames: np.ndarray, factor: int) -> np.ndarray:
    """Enlarge frames smoothly (bicubic), as players and browsers do not.

    Args:
        frames: uint8 ``(frames, height, width, 3)``.
        factor: whole factor; 1 leaves every pixel as it is.
    """
    return frames if factor == 1 else np.stack(list(enlarged(frames, factor)))


def enlarged(frames: np.ndarray, factor: int) -> Iterator[np.ndarray]:
    """Do so frame by frame: all frames of a long clip would fill the memory."""
    import cv2

    _, height, width, _ = frames.shape
    size = (width * factor, height * factor)
    for frame in frames:
        yield frame if factor == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)


def back_and_forth(clip: np.ndarray) -> np.ndarray:
    """Append the clip in reverse without its two ends, so that it repeats without a seam.

    Args:
        clip: ``(frames, height, width, 3)``.

    Returns:
        ``(2 * frames - 2, height, width, 3)``.
    """
    return np.concatenate([clip, clip[-2:0:-1]])
