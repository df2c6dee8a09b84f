"""InterpolateGAN: frames between frames, the model and its losses."""

from typing import Any

import tensorflow as tf

from vidgan.tasks.enhance_gan import EnhanceGAN

# Mean squared error of frames in [-1, 1], a PSNR of 36 dB, at which the loss turns logarithmic:
# what is nearly right must stay so, however wrong others are.
_KNEE = 1e-3


class InterpolateGAN(EnhanceGAN):
    """An interpolation network, trained on frames that are left out of clips.

    A batch is a pair of uint8 tensors: evidence ``(batch, frames, height, width, CHANNELS)``, see
    :mod:`vidgan.video.interpolation`, and the original frames.
    """

    def restore(self, degraded: Any, training: bool) -> tf.Tensor:
        """Return the frames in [-1, 1]."""
        network = self.generator if training else self.generator_ema
        return network(tf.cast(degraded, tf.float32) / 255, training=training)

    def pixel_loss(self, degraded: Any, restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
        """Return each clip's mean squared error, large ones damped (as in arXiv 2204.04676).

        An absolute error would be that of the many pixels that do not move.
        """
        squares = tf.reduce_mean(tf.square(restored - original), (1, 2, 3, 4))
        return _KNEE * tf.reduce_mean(tf.math.log1p(squares / _KNEE))
