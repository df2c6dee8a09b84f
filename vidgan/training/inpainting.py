"""InpaintGAN: a network that fills holes, and the step that trains it."""

import tensorflow as tf

from vidgan import pixels
from vidgan.models.inpainter import pasted
from vidgan.training.enhancing import EnhanceGAN


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
        """Return the mean squared error within the holes.

        Most of what is filled in from other frames is right already, so that an absolute error,
        which seeks the median, leaves the rest as it is.
        """
        share = tf.reduce_mean(tf.cast(damaged["mask"], tf.float32))
        return tf.reduce_mean(tf.square(restored - original)) / tf.maximum(share, 1e-3)
