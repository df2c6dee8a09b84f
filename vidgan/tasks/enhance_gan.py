"""EnhanceGAN: restoration of degraded clips, the model and its training step."""

from typing import Any

import keras
import tensorflow as tf

from vidgan import pixels
from vidgan.config import RestoringConfig
from vidgan.training import reconstruction_losses
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.discriminator_step import DiscriminatorBatch

# The perceptual loss is computed on every fourth frame, with another offset at each step: it is
# expensive, and consecutive frames are similar.
PERCEPTUAL_STRIDE = 4


class EnhanceGAN(AdversarialModel):
    """A restoration network, trained on degraded clips and their originals.

    A batch is uint8 clips, degraded ``(batch, frames, height, width, 3)`` and original ``(batch,
    frames, scale · height, scale · width, 3)``; with a temporal loss also the original's optical
    flow, see :func:`vidgan.training.reconstruction_losses.temporal_loss`.

    Args:
        config: the weights of the losses.
        generator: network from degraded to restored clips, both in [-1, 1].
        average: the same network for clips of any shape, for the moving average.
        discriminator: of clips; None without an adversarial loss.
        frames: frames of a clip.
        seed: seed of all randomness in a step.
    """

    def __init__(
        self,
        config: RestoringConfig,
        generator: keras.Model,
        average: keras.Model,
        discriminator: keras.Model | None,
        frames: int,
        seed: int = 0,
    ) -> None:
        networks = {} if discriminator is None else {"clip": discriminator}
        super().__init__(generator, networks, frames, seed, "enhance_gan", average)
        self.config = config

    def train_step(self, data: Any) -> Logs:
        """Take one training step; see the class."""
        degraded, original, *flow = data
        original = pixels.to_model(original)
        (seed,) = tf.unstack(self.seeds(1))
        with tf.GradientTape() as tape:
            restored = self.restore(degraded, training=True)
        logs, gradient = self._reconstruction(degraded, restored, original, *flow)
        self.schedules.set_rates(self.budget_used, self.lead)
        for step in self.discriminator_steps:
            items = DiscriminatorBatch(tf.concat([original, restored], axis=0), None, {})
            found = self._gradients(step, items)
            logs |= self._logs([found])
            gradient += self.config.adversarial * found.input_gradients[items.count :]
            logs |= self._d_step([found], [items], seed)
            self._update_lead(found)
        variables = self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(restored, variables, output_gradients=gradient)
        )
        self.step.assign_add(1)
        return logs

    def restore(self, degraded: Any, training: bool) -> tf.Tensor:
        """Return restored clips in [-1, 1]; at inference with the moving average's weights."""
        network = self.generator if training else self.generator_ema
        return network(pixels.to_model(degraded), training=training)

    def pixel_loss(self, degraded: Any, restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
        """Return the pixel loss, a scalar."""
        return reconstruction_losses.charbonnier(restored, original)

    def _reconstruction(
        self, degraded: Any, restored: tf.Tensor, original: tf.Tensor, *flow: tf.Tensor
    ) -> tuple[Logs, tf.Tensor]:
        """Return the reconstruction losses, and their gradient with respect to ``restored``."""
        config = self.config
        with tf.GradientTape() as tape:
            tape.watch(restored)
            logs = {"pixel_loss": self.pixel_loss(degraded, restored, original)}
            total = logs["pixel_loss"]
            if config.perceptual:
                chosen = tf.range(self.frames // PERCEPTUAL_STRIDE) * PERCEPTUAL_STRIDE
                chosen += tf.cast(self.step % PERCEPTUAL_STRIDE, tf.int32)
                logs["perceptual_loss"] = reconstruction_losses.perceptual_loss(
                    tf.gather(restored, chosen, axis=1), tf.gather(original, chosen, axis=1)
                )
                total += config.perceptual * logs["perceptual_loss"]
            if config.temporal:
                logs["temporal_loss"] = reconstruction_losses.temporal_loss(
                    restored, original, *flow
                )
                total += config.temporal * logs["temporal_loss"]
            total = self.g_optimizer.scale_loss(total)
        return logs, tape.gradient(total, restored)
