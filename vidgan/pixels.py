"""Conversion between stored pixels, uint8 in 0…255, and model values, float32 in [-1, 1].

Functions without a type annotation for arrays accept NumPy arrays and TensorFlow tensors.
"""

from typing import Any

import numpy as np


def to_model(pixels: Any) -> Any:
    """Map uint8 0…255 to float32 [-1, 1].

    :func:`to_uint8` inverts it exactly.
    """
    if isinstance(pixels, np.ndarray):
        return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    import tensorflow as tf

    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def to_levels(values: np.ndarray) -> np.ndarray:
    """Map float [-1, 1] to float32 0…255 without rounding or clipping."""
    levels: np.ndarray = (np.asarray(values, np.float32) + np.float32(1)) * np.float32(127.5)
    return levels


def rounded(levels: np.ndarray) -> np.ndarray:
    """Round levels of any real type to uint8 0…255; what is beyond is clipped."""
    clipped: np.ndarray = np.clip(np.rint(levels), 0, 255)
    return clipped.astype(np.uint8)


def to_uint8(values: Any) -> Any:
    """Map float [-1, 1] to uint8 0…255, rounded to nearest and clipped."""
    if isinstance(values, np.ndarray):
        return rounded(to_levels(values))
    import tensorflow as tf

    scaled = tf.round((tf.cast(values, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)


def over_black(pixels: np.ndarray) -> np.ndarray:
    """Return the colours of uint8 RGBA pixels ``(height, width, 4)`` before a black background.

    The stored colours of transparent pixels are arbitrary.
    """
    opacity = pixels[..., 3:].astype(np.uint16)
    colours: np.ndarray = ((pixels[..., :3] * opacity + 127) // 255).astype(np.uint8)
    return colours
