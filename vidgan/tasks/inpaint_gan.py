"""InpaintGAN: inpainting, the model and its losses."""

import tensorflow as tf

from vidgan import pixels
from vidgan.models.inpainter import composite
from vidgan.tasks.enhance_gan import EnhanceGAN

# Mean squared error of clips in [-1, 1], a PSNR of 26 dB, at which the loss turns logarithmic.
_KNEE = 1e-2


class InpaintGAN(EnhanceGAN):
    """An inpainting network, trained on clips with masks.

    A batch is a pair of the input, a dict of uint8 ``clip`` ``(batch, frames, height, width, 3)``
    and bool ``mask`` ``(batch, frames, height, width, 1)``, and the original clip. Pixels outside
    of the mask are copied, so nothing is trained there.
    """

    def restore(self, degraded: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
        """Return clips in [-1, 1] with the masked pixels filled."""
        network = self.generator if training else self.generator_ema
        clip, mask = pixels.to_model(degraded["clip"]), tf.cast(degraded["mask"], tf.float32)
        filled = network({"clip": clip, "mask": mask}, training=training)
        return composite(filled, clip, mask)

    def pixel_loss(
        self, degraded: dict[str, tf.Tensor], restored: tf.Tensor, original: tf.Tensor
    ) -> tf.Tensor:
        """Return the pixel loss: each clip's mean squared error in the holes, large ones damped.

        The loss is linear in small errors and logarithmic in large ones, like the PSNR loss (arXiv
        2204.04676), so that hard clips do not dominate. An absolute error, which is minimised by
        the median, would ignore the minority of pixels that are not right initially.
        """
        places = (1, 2, 3, 4)
        hidden = 3 * tf.reduce_sum(tf.cast(degraded["mask"], tf.float32), places)
        squares = tf.reduce_sum(tf.square(restored - original), places) / tf.maximum(hidden, 1.0)
        return _KNEE * tf.reduce_mean(tf.math.log1p(squares / _KNEE))
