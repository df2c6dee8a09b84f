"""Apply trained networks to videos."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels


def single_clip_function(network: keras.Model) -> Callable[[Any], np.ndarray]:
    """Return a function that applies a network to a batch of one clip.

    Args:
        network: a network with clips in [-1, 1] as output, of any size and length.

    Returns:
        A function from the network's inputs to the clip, float32 in 0…255.
    """
    # Traced for every shape: there are few, and unknown shapes run slower.
    traced = tf.function(
        lambda inputs: network(inputs, training=False), autograph=False, jit_compile=False
    )
    return lambda inputs: pixels.to_levels(traced(inputs)[0])


def clip_filter(
    network: keras.Model,
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """Return the function of a :class:`vidgan.tiling.filter.Filter` that applies a network.

    Args:
        network: a network from clips to clips in [-1, 1], of any size and length.
    """
    restore = single_clip_function(network)
    return lambda frames, masks: restore(tf.constant(pixels.to_model(frames[None])))
