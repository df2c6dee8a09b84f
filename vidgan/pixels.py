"""The one place where stored pixels become model values and back.

Files and public results hold uint8 in 0…255; models see and make float32 in [-1, 1]. The
functions take NumPy arrays and, where no type is named, TensorFlow tensors of any shape.
"""

from typing import Any

import numpy as np


def to_model(pixels: Any) -> Any:
    """Map uint8 0…255 to float32 [-1, 1].

    The scale is exactly inverted by :func:`to_uint8`: every stored value survives the round trip.
    """
    if isinstance(pixels, np.ndarray):
        return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    import tensorflow as tf

    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def to_levels(values: np.ndarray) -> np.ndarray:
    """Map float [-1, 1] to float32 0…255, neither rounded nor clipped."""
    levels: np.ndarray = (np.asarray(values, np.float32) + np.float32(1)) * np.float32(127.5)
    return levels


def to_uint8(values: Any) -> Any:
    """Map float [-1, 1] to uint8 0…255, rounding to nearest and clipping what lies outside."""
    if isinstance(values, np.ndarray):
        return np.clip(np.rint(to_levels(values)), 0, 255).astype(np.uint8)
    import tensorflow as tf

    scaled = tf.round((tf.cast(values, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)
