"""Noise removal by OpenCV's non-local means."""

import cv2
import numpy as np

# OpenCV's usual sizes: of what is compared, and of where it is looked for.
_TEMPLATE, _SEARCH = 7, 21
# How far around a pixel, and how many frames before and after, its result depends on.
REACH = _TEMPLATE // 2 + _SEARCH // 2
NEIGHBOURS = 2


def denoise(rgb: np.ndarray, strength: float) -> np.ndarray:
    """Return uint8 RGB ``(height, width, 3)`` with its noise smoothed away.

    Args:
        rgb: a frame.
        strength: OpenCV's ``h``, for brightness and colour alike; 3 to 10 is usual.
    """
    # The function goes through Lab and so must know which channel is which.
    clean = cv2.fastNlMeansDenoisingColored(
        cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), None, strength, strength
    )
    return cv2.cvtColor(clean, cv2.COLOR_BGR2RGB)


def denoise_clip(clip: np.ndarray, strength: float) -> np.ndarray:
    """Return uint8 RGB ``(frames, height, width, 3)`` with its noise smoothed away.

    Every frame is averaged with what resembles it in the two frames before and after. The first
    and last frames are repeated to that end.

    Args:
        clip: the frames.
        strength: OpenCV's ``h``, for brightness and colour alike; 3 to 20 is usual.
    """
    frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in clip]
    frames = [*frames[:1] * NEIGHBOURS, *frames, *frames[-1:] * NEIGHBOURS]
    clean = [
        cv2.fastNlMeansDenoisingColoredMulti(
            frames[i : i + 2 * NEIGHBOURS + 1],
            NEIGHBOURS,
            2 * NEIGHBOURS + 1,
            None,
            strength,
            strength,
            _TEMPLATE,
            _SEARCH,
        )
        for i in range(len(clip))
    ]
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in clean])
