"""Clips at other sizes, also in time."""

import cv2
import numpy as np


def resized_frames(clips: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return one or more clips at another size of the frames.

    Args:
        clips: uint8 or float32 ``(..., height, width, 3)``.
        size: ``(width, height)``.
    """
    *shape, height, width, _ = clips.shape
    smaller = size[0] < width or size[1] < height
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    frames = clips.reshape(-1, height, width, 3)
    resized = np.stack([cv2.resize(frame, size, interpolation=method) for frame in frames])
    return resized.reshape(*shape, *resized.shape[1:])


def resized(clip: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a clip at another size of the frames and with another number of them.

    Args:
        clip: ``(frames, height, width, 3)``, 0 to 255.
        shape: ``(frames, height, width)``. Fewer frames are means of several, more are
            interpolated: the clip takes as long as before.

    Returns:
        float32, 0 to 255.
    """
    frames, height, width = shape
    clip = clip.astype(np.float32)
    if clip.shape[1:3] != (height, width):
        clip = resized_frames(clip, (width, height))
    if len(clip) != frames:
        method = cv2.INTER_AREA if frames < len(clip) else cv2.INTER_LINEAR
        # Each row of pixels over time is an image.
        rows = [
            cv2.resize(row, (width, frames), interpolation=method) for row in clip.swapaxes(0, 1)
        ]
        clip = np.stack(rows, axis=1)
    clipped: np.ndarray = np.clip(clip, 0, 255)
    return clipped
