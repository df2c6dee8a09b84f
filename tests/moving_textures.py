"""Clips of textures that move in a known way, drawn by OpenCV."""

import cv2
import numpy as np


def texture(seed: int, side: int = 96) -> np.ndarray:
    """Return a smooth random texture, float32 RGB ``(side, side, 3)`` in 0…255."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(smooth, np.empty_like(smooth), 20, 230, cv2.NORM_MINMAX)


def drifting(
    seed: int,
    velocity: tuple[float, float],
    frames: int = 8,
    side: int = 48,
    at: float = 0.0,
) -> np.ndarray:
    """Return a clip whose whole frame moves by ``(right, down)`` pixels a frame.

    Args:
        seed: of the texture.
        velocity: pixels a frame.
        frames: the clip's length.
        side: of its frames.
        at: pixels by which all of it is moved to the right and down.

    Returns:
        uint8 RGB ``(frames, side, side, 3)``.
    """
    wide = texture(seed)
    clip = np.empty((frames, side, side, 3), np.uint8)
    for step in range(frames):
        centre = 48 - at - velocity[0] * step, 48 - at - velocity[1] * step
        clip[step] = np.rint(cv2.getRectSubPix(wide, (side, side), centre))
    return clip


def noisy(clips: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Return clips with Gaussian noise of so many grey levels."""
    noise = np.random.default_rng(seed).normal(0, sigma, clips.shape)
    return np.clip(np.rint(clips + noise), 0, 255).astype(np.uint8)
