"""InterpolateGAN: frames between frames, the model and its losses."""

from typing import Any

import tensorflow as tf

from vidgan.tasks.enhance_gan import EnhanceGAN


class InterpolateGAN(EnhanceGAN):
    """An interpolation network, trained on frames that are left out of clips.

    A batch is a pair of uint8 tensors: evidence ``(batch, frames, height, width, CHANNELS)``, see
    :mod:`vidgan.video.interpolation`, and the original frames.
    """

    def restore(self, degraded: Any, training: bool) -> tf.Tensor:
        """Return the frames in [-1, 1]."""
        network = self.generator if training else self.generator_ema
        return network(tf.cast(degraded, tf.float32) / 255, training=training)
