"""Trained networks as filters of video."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels


def clip_filter(
    network: keras.Model,
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """Return what a :class:`vidgan.restoring.filter.Filter` applies.

    Args:
        network: from clips in [-1, 1], of any size and length, to clips.
    """
    # Traced for every shape: there are few, and a network of unknown sides runs slower.
    traced = tf.function(lambda clips: network(clips, training=False), jit_compile=False)

    def apply(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        restored = traced(tf.constant(pixels.to_model(frames[None])))
        return (np.asarray(restored[0], np.float32) + 1) * np.float32(127.5)

    return apply
