"""Brightness and colour of pixels: luma and chroma, BT.601 as in :func:`optical_flow.grey`."""

import numpy as np

from vidgan import pixels

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Blue and red differences, Cb and Cr, from red, green and blue.
CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
# Red, green and blue minus luma, from Cb and Cr.
COLOURS = np.array([[0, 1.402], [-0.344136, -0.714136], [1.772, 0]], np.float32)


def chroma(clip: np.ndarray) -> np.ndarray:
    """Return the chroma of a clip.

    Args:
        clip: uint8 RGB ``(…, 3)``.

    Returns:
        float32 ``(…, 2)``, Cb and Cr in levels of 255, 0 for grey.
    """
    values: np.ndarray = clip.astype(np.float32) @ CHROMA.T
    return values


def turn_colours(clip: np.ndarray, angle: float, gain: float) -> np.ndarray:
    """Turn the hues of a clip and change its saturation; luma stays, but for clipping.

    Args:
        clip: uint8 RGB ``(…, 3)``.
        angle: of the hues, in radians.
        gain: factor of the saturation.

    Returns:
        uint8 of the same shape.
    """
    cosine, sine = gain * np.cos(angle), gain * np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]], np.float32)
    # The luma of a pixel plus its changed chroma, in one matrix.
    matrix = np.eye(3, dtype=np.float32) + COLOURS @ (turn - np.eye(2, dtype=np.float32)) @ CHROMA
    return pixels.rounded(clip.astype(np.float32) @ matrix.T)
