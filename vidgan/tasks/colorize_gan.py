"""ColorizeGAN: colours of grey clips, the model and its losses."""

import tensorflow as tf

from vidgan import pixels
from vidgan.tasks.enhance_gan import EnhanceGAN


class ColorizeGAN(EnhanceGAN):
    """A colorization network, trained on clips without their colours.

    A batch is a pair of the input, a dict of uint8 ``grey`` ``(batch, frames, height, width, 1)``
    and ``reference`` ``(batch, 1, …, …, 4)``, see :func:`vidgan.models.colorizer.generator`, and
    the original clip. Both have the same luma, so the pixel loss is one of chroma.
    """

    def restore(self, degraded: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
        """Return clips in colour, in [-1, 1]."""
        network = self.generator if training else self.generator_ema
        inputs = {name: pixels.to_model(values) for name, values in degraded.items()}
        return network(inputs, training=training)
