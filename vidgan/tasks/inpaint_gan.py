"""InpaintGAN: a network that fills holes, and the step that trains it."""

import tensorflow as tf

from vidgan import pixels
from vidgan.models.inpainter import pasted
from vidgan.tasks.enhance_gan import EnhanceGAN

# Mean squared errors of clips in [-1, 1] are small below this: above a PSNR of 26 dB.
_SMALL = 1e-2


class InpaintGAN(EnhanceGAN):
    """Trains a network on clips with holes.

    A batch is a pair of what is damaged, a dict of uint8 ``clip`` ``(batch, frames, height, width,
    3)`` and bool ``mask`` ``(batch, frames, height, width, 1)``, and the clip as it was. Outside of
    the holes clips are what they were, so that nothing there is lost or learnt.
    """

    def restore(self, damaged: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
        """Return clips in [-1, 1], their holes filled."""
        network = self.generator if training else self.generator_ema
        clip, mask = pixels.to_model(damaged["clip"]), tf.cast(damaged["mask"], tf.float32)
        filled = network({"clip": clip, "mask": mask}, training=training)
        return pasted(filled, clip, mask)

    def pixel_loss(
        self, damaged: dict[str, tf.Tensor], restored: tf.Tensor, original: tf.Tensor
    ) -> tf.Tensor:
        """Return how wrong the holes are filled: each clip's mean squared error, large ones damped.

        That is the clip's squared error where it is small, and where it is large its logarithm, as
        the PSNR takes it (2204.04676), so that hard clips do not drown the others. Most of what is
        filled in from other frames is right already, so that an absolute error, which seeks the
        median, would leave the rest as it is.
        """
        places = (1, 2, 3, 4)
        hidden = 3 * tf.reduce_sum(tf.cast(damaged["mask"], tf.float32), places)
        squares = tf.reduce_sum(tf.square(restored - original), places) / tf.maximum(hidden, 1.0)
        return _SMALL * tf.reduce_mean(tf.math.log1p(squares / _SMALL))
