"""EnhanceGAN: a network that undoes damage, and the step that trains it."""

from typing import Any

import keras
import tensorflow as tf

from vidgan import pixels
from vidgan.config import RestoringConfig
from vidgan.training import reconstruction_losses
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.discriminator_step import DiscriminatorBatch

# The loss on looks takes every so manieth frame, others at every step: it is dear, and what stands
# still in a clip looks alike in its frames.
LOOKED_AT = 4


class EnhanceGAN(AdversarialModel):
    """Trains a network on damaged clips and their originals.

    A batch is a pair of uint8 clips, damaged ``(batch, frames, height, width, 3)`` and original
    with ``scale`` times as long sides; where there is a temporal loss also the original's flow, see
    :func:`vidgan.training.reconstruction_losses.temporal_loss`.

    Args:
        config: the weights of the losses.
        generator: damaged clips → restored ones, both for [-1, 1].
        average: the same network for clips of any shape.
        discriminator: of clips; None without an adversarial loss.
        frames: of a clip.
        seed: of what is random in a step.
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
        """Take one step of the networks; see the class."""
        damaged, original, *flow = data
        original = pixels.to_model(original)
        (seed,) = tf.unstack(self.seeds(1))
        with tf.GradientTape() as tape:
            restored = self.restore(damaged, training=True)
        logs, at_restored = self._fidelity(damaged, restored, original, *flow)
        self.pace.set_rates(self.share, self.lead)
        for critic in self.critics:
            items = DiscriminatorBatch(tf.concat([original, restored], axis=0), None, {})
            found = self._gradients(critic, items)
            logs |= self._logs([found])
            at_restored += self.config.adversarial * found.at_items[items.count :]
            logs |= self._d_step([found], [items], seed)
            self._follow_lead(found)
        variables = self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(restored, variables, output_gradients=at_restored)
        )
        self.step.assign_add(1)
        return logs

    def restore(self, damaged: Any, training: bool) -> tf.Tensor:
        """Return clips in [-1, 1]; outside of training with the moving average's weights."""
        network = self.generator if training else self.generator_ema
        return network(pixels.to_model(damaged), training=training)

    def pixel_loss(self, damaged: Any, restored: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
        """Return how far pixels are from the original."""
        return reconstruction_losses.charbonnier(restored, original)

    def _fidelity(
        self, damaged: Any, restored: tf.Tensor, original: tf.Tensor, *flow: tf.Tensor
    ) -> tuple[Logs, tf.Tensor]:
        """Return the losses against the original, and the gradient of their sum at the clips."""
        config = self.config
        with tf.GradientTape() as tape:
            tape.watch(restored)
            logs = {"pixel_loss": self.pixel_loss(damaged, restored, original)}
            total = logs["pixel_loss"]
            if config.perceptual:
                chosen = tf.range(self.frames // LOOKED_AT) * LOOKED_AT
                chosen += tf.cast(self.step % LOOKED_AT, tf.int32)
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
