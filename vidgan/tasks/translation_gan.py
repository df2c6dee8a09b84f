"""TranslationGAN: unpaired translation between two domains, the model and its training step."""

from typing import NamedTuple

import keras
import tensorflow as tf

from vidgan import augment
from vidgan.config import TrainConfig, TranslateConfig
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.discriminator_step import DiscriminatorBatch


class Translations(NamedTuple):
    """Translations of a batch and their reconstructions.

    Each is float ``(batch, frames, height, width, 3)``.

    Attributes:
        a2b: clips of A, translated to B.
        b2a: clips of B, translated to A.
        a: clips of A, translated to B and back.
        b: clips of B, translated to A and back.
    """

    a2b: tf.Tensor
    b2a: tf.Tensor
    a: tf.Tensor
    b: tf.Tensor


def translate_cycle(
    generators: keras.Model, a: tf.Tensor, b: tf.Tensor, training: bool = False
) -> Translations:
    """Translate clips of both domains to the other one and back.

    Args:
        generators: see :func:`vidgan.models.translator.translators`.
        a: clips of A in [-1, 1].
        b: clips of B in [-1, 1].
        training: whether the generators run in training mode.
    """
    translated = generators({"a": a, "b": b}, training=training)
    back = generators({"a": translated["b2a"], "b": translated["a2b"]}, training=training)
    return Translations(translated["a2b"], translated["b2a"], back["b2a"], back["a2b"])


def l1_distance(clips: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Return the mean absolute difference, a float32 scalar."""
    return tf.reduce_mean(tf.abs(tf.cast(clips, tf.float32) - tf.cast(others, tf.float32)))


class TranslationGAN(AdversarialModel):
    """Two generators and two discriminators with a cycle-consistency loss.

    After DiscoGAN (arXiv 1703.05192) and CycleGAN (arXiv 1703.10593). A batch is an unpaired pair
    of float32 clips ``(batch, frames, height, width, 3)`` in [-1, 1], of domain A and of domain B.

    Args:
        config: weights of the losses.
        generators: see :func:`vidgan.models.translator.translators`.
        average: the generators for clips of any shape, for the moving average.
        discriminators: of A and of B, under ``a`` and ``b``.
        frames: frames of a training clip.
        seed: seed of augmentation and penalties.
    """

    def __init__(
        self,
        config: TranslateConfig,
        generators: keras.Model,
        average: keras.Model,
        discriminators: dict[str, keras.Model],
        frames: int,
        seed: int = 0,
    ) -> None:
        super().__init__(generators, discriminators, frames, seed, "translation_gan", average)
        self.config = config

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        train: TrainConfig,
        share_backward: bool = True,
    ) -> None:
        """Set optimizers and losses; see :class:`AdversarialModel`."""
        super().compile(g_optimizer, d_optimizer, train, share_backward)
        self.policies = augment.parse(train.augment)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> Logs:
        """Take one training step; see the class."""
        a, b = batch
        seeds = self.seeds(3)
        with tf.GradientTape() as tape:
            cycle = translate_cycle(self.generator, a, b, training=True)
            losses = {"cycle_loss": l1_distance(cycle.a, a) + l1_distance(cycle.b, b)}
            if self.config.identity:
                # CycleGAN's identity loss (arXiv 1703.10593).
                same = self.generator({"a": b, "b": a}, training=True)
                losses["identity_loss"] = l1_distance(same["a2b"], b) + l1_distance(same["b2a"], a)
            weighted = [
                getattr(self.config, k.removesuffix("_loss")) * v for k, v in losses.items()
            ]
            consistency = self.g_optimizer.scale_loss(tf.add_n(weighted))
            batches = [
                self._discriminator_batch(a, cycle.b2a, seeds[0]),
                self._discriminator_batch(b, cycle.a2b, seeds[1]),
            ]
        found = self._all_gradients(batches)
        logs = self._logs(found) | losses
        self.schedules.set_rates(self.budget_used, self.lead)
        logs |= self._d_step(found, batches, seeds[2])
        targets = [*(items.both for items in batches), consistency]
        output_gradients = [
            *(gradients.input_gradients for gradients in found),
            tf.ones_like(consistency),
        ]
        variables = self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(targets, variables, output_gradients=output_gradients)
        )
        self._update_lead(found[0])
        self.step.assign_add(1)
        return logs

    def _discriminator_batch(
        self, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
    ) -> DiscriminatorBatch:
        """Return the augmented batch of one domain's discriminator."""
        both = tf.concat([real, tf.cast(fake, real.dtype)], axis=0)
        return DiscriminatorBatch(augment.augment(both, self.policies, seed), None, {})
