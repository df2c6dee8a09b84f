"""Noise removal by OpenCV's non-local means."""

import cv2
import numpy as np


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
