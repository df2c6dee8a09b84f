"""Noise removal by OpenCV's non-local means."""

import cv2
import numpy as np

# OpenCV's default sides, in pixels, of the patches compared and of the window searched for them.
_TEMPLATE, _SEARCH = 7, 21
# Pixels around, and frames on either side, that the result of a pixel depends on.
MARGIN = _TEMPLATE // 2 + _SEARCH // 2
CONTEXT_FRAMES = 2


def denoise(rgb: np.ndarray, strength: float) -> np.ndarray:
    """Remove noise from a frame.

    Args:
        rgb: uint8 RGB ``(height, width, 3)``.
        strength: OpenCV's ``h``, for both luminance and colour; typically 3 to 10.

    Returns:
        uint8 of the same shape.
    """
    # OpenCV converts to Lab, for which it needs its own order of the channels.
    clean = cv2.fastNlMeansDenoisingColored(
        cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), None, strength, strength
    )
    return cv2.cvtColor(clean, cv2.COLOR_BGR2RGB)


def denoise_clip(clip: np.ndarray, strength: float) -> np.ndarray:
    """Remove noise from a clip.

    Each patch is averaged with similar ones in its own frame and in the two frames on either
    side. The first and last frames are repeated at the ends.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        strength: OpenCV's ``h``, for both luminance and colour; typically 3 to 20.

    Returns:
        uint8 of the same shape.
    """
    frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in clip]
    frames = [*frames[:1] * CONTEXT_FRAMES, *frames, *frames[-1:] * CONTEXT_FRAMES]
    clean = [
        cv2.fastNlMeansDenoisingColoredMulti(
            frames[i : i + 2 * CONTEXT_FRAMES + 1],
            CONTEXT_FRAMES,
            2 * CONTEXT_FRAMES + 1,
            None,
            strength,
            strength,
            _TEMPLATE,
            _SEARCH,
        )
        for i in range(len(clip))
    ]
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in clean])
