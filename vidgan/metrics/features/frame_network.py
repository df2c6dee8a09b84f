"""Embedding the single frames of clips by an image network."""

from collections.abc import Callable
from typing import Any

from vidgan.metrics.features.base import Embed


def frame_embedding(model: Any, side: int, normalise: Callable[[Any], Any]) -> Embed:
    """Return the embedding of frames, resized bilinearly, with antialiasing where they shrink.

    Args:
        model: Keras model from float32 ``(n, side, side, 3)`` to features ``(n, dim)``.
        side: height and width of the input.
        normalise: maps grey levels, float32 in 0…255, to values for the network.
    """
    import tensorflow as tf

    def embed(clips: Any) -> Any:
        frames = tf.reshape(clips, tf.concat([[-1], tf.shape(clips)[2:]], 0))
        frames = tf.image.resize(frames, (side, side), antialias=True)
        return model(normalise(frames), training=False)

    signature = [tf.TensorSpec((None, None, None, None, 3), tf.uint8)]
    compiled = tf.function(embed, input_signature=signature, autograph=False)
    return lambda clips: compiled(clips).numpy()
