"""TranslationGAN: two generators between two domains, and the step that trains them unpaired."""

from typing import NamedTuple

import keras
import tensorflow as tf

from vidgan import augment
from vidgan.config import TrainConfig, TranslateConfig
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.discriminator_step import DiscriminatorBatch


class Translations(NamedTuple):
    """What both generators make of a batch, each float ``(batch, frames, height, width, 3)``.

    Attributes:
        a2b: clips of A as clips of B.
        b2a: clips of B as clips of A.
        a: clips of A, there and back.
        b: clips of B, there and back.
    """

    a2b: tf.Tensor
    b2a: tf.Tensor
    a: tf.Tensor
    b: tf.Tensor


def there_and_back(
    generators: keras.Model, a: tf.Tensor, b: tf.Tensor, training: bool = False
) -> Translations:
    """Translate clips of both domains and translate what they became back.

    Args:
        generators: see :func:`vidgan.models.translator.translators`.
        a: clips of A in [-1, 1].
        b: clips of B in [-1, 1].
        training: whether the generators are being trained.
    """
    there = generators({"a": a, "b": b}, training=training)
    back = generators({"a": there["b2a"], "b": there["a2b"]}, training=training)
    return Translations(there["a2b"], there["b2a"], back["b2a"], back["a2b"])


def distance(made: tf.Tensor, clips: tf.Tensor) -> tf.Tensor:
    """Return the mean distance of colours, a float32 scalar."""
    return tf.reduce_mean(tf.abs(tf.cast(made, tf.float32) - tf.cast(clips, tf.float32)))


class TranslationGAN(AdversarialModel):
    """Trains two generators against two discriminators, as DiscoGAN does (arXiv 1703.05192).

    Each generator's clips are to look like those of the domain they were translated to, and to be
    translated back to where they came from. A batch is a pair of float32 clips ``(batch, frames,
    height, width, 3)`` in [-1, 1], of domain A and of domain B, of which no two belong together.

    Args:
        config: weights of the losses.
        generators: see :func:`vidgan.models.translator.translators`.
        average: likewise, for clips of any shape.
        discriminators: of A and of B, under ``a`` and ``b``.
        frames: of a training clip.
        seed: of augmentation and penalties.
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
        """Set how the networks are trained; see :class:`AdversarialModel`."""
        super().compile(g_optimizer, d_optimizer, train, share_backward)
        self.policies = augment.parse(train.augment)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> Logs:
        """Take one step of the networks; see the class."""
        a, b = batch
        seeds = self.seeds(3)
        with tf.GradientTape() as tape:
            made = there_and_back(self.generator, a, b, training=True)
            losses = {"cycle_loss": distance(made.a, a) + distance(made.b, b)}
            if self.config.identity:
                # CycleGAN's: what is in the domain already stays as it is (arXiv 1703.10593).
                same = self.generator({"a": b, "b": a}, training=True)
                losses["identity_loss"] = distance(same["a2b"], b) + distance(same["b2a"], a)
            weighted = [
                getattr(self.config, k.removesuffix("_loss")) * v for k, v in losses.items()
            ]
            kept = self.g_optimizer.scale_loss(tf.add_n(weighted))
            seen = [self._see(a, made.b2a, seeds[0]), self._see(b, made.a2b, seeds[1])]
        found = [
            self._gradients(critic, items) for critic, items in zip(self.critics, seen, strict=True)
        ]
        logs = self._logs(found) | losses
        self.pace.set_rates(self.share, self.lead)
        logs |= self._d_step(found, seen, seeds[2])
        targets = [*(items.both for items in seen), kept]
        arriving = [*(each.at_items for each in found), tf.ones_like(kept)]
        variables = self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(targets, variables, output_gradients=arriving)
        )
        self._follow_lead(found[0])
        self.step.assign_add(1)
        return logs

    def _see(self, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor) -> DiscriminatorBatch:
        """Return what a critic sees of one domain's clips, augmented."""
        both = tf.concat([real, tf.cast(fake, real.dtype)], axis=0)
        return DiscriminatorBatch(augment.augment(both, self.policies, seed), None, {})
