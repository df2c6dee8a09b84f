"""Trained networks as filters of video."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels


def on_one_clip(network: keras.Model) -> Callable[[Any], np.ndarray]:
    """Return a network that takes a batch of one clip and gives the clip, float32 in 0…255.

    Args:
        network: to clips in [-1, 1], of any size and length.
    """
    # Traced for every shape: there are few, and a network of unknown sides runs slower.
    traced = tf.function(lambda inputs: network(inputs, training=False), jit_compile=False)
    return lambda inputs: pixels.to_levels(traced(inputs)[0])


def clip_filter(
    network: keras.Model,
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """Return what a :class:`vidgan.tiling.filter.Filter` applies.

    Args:
        network: from clips in [-1, 1], of any size and length, to clips.
    """
    restored = on_one_clip(network)
    return lambda frames, masks: restored(tf.constant(pixels.to_model(frames[None])))
