"""VideoGAN: a generator, its discriminators and the step that trains them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from vidgan import augment, models
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import Latent
from vidgan.models.views import VIEWS, View
from vidgan.training import latent_sampling
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.discriminator_step import DiscriminatorBatch, Gradients

# Real clips that it takes the adaptive augmentation from never to always, at the fastest.
ADA_CLIPS = 20_000


class VideoGAN(AdversarialModel):
    """Trains a generator against its discriminators.

    A batch is float32 ``(batch, frames, height, width, 3)`` in [-1, 1] with a static batch size; of
    a conditional model a pair of that and int32 labels ``(batch,)``.

    Args:
        model: the networks' options, resolved.
        latents: the generator's inputs.
        generator: a dict of latents → clips.
        discriminators: for each view's name its network; see
            :func:`vidgan.models.build_discriminators`.
        seed: of latents, augmentation, noise and views.
    """

    def __init__(
        self,
        model: ModelConfig,
        latents: Sequence[Latent],
        generator: keras.Model,
        discriminators: Mapping[str, keras.Model],
        seed: int = 0,
    ) -> None:
        super().__init__(generator, discriminators, model.frames, seed, "video_gan")
        self.config, self.latents = model, tuple(latents)
        self.augment_share = self._state("augment_share", "float32")

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

    def view(self, name: str) -> View:
        """Return how a discriminator looks at clips."""
        return VIEWS[name]

    def items_of_clip(self, name: str) -> int:
        """Return how many items of a clip a discriminator judges."""
        return VIEWS[name].count(self.config)

    def items_together(self, name: str) -> int:
        """Return how many neighbouring items a discriminator gives one logit."""
        return models.judged_together(self.config, name)

    def judge(self, clips: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Return the mean logit of each clip, float32 ``(batch,)``, as outside of training.

        Where pairs are judged, each clip has another one of the batch beside it, a third of the
        batch away: neighbours may be of one shot, and a single clip, which has only itself, would
        look like a collapse.

        Args:
            clips: float32 ``(batch, frames, height, width, 3)`` in [-1, 1].
            labels: int32 ``(batch,)``, of a conditional model.
        """
        # Keras refuses tensors and NumPy arrays side by side, as a view and its labels may be.
        clips, means = tf.convert_to_tensor(clips), []
        for critic in self.critics:
            count = critic.view.count(self.config)
            each, away = count * critic.together, count * tf.maximum(1, tf.shape(clips)[0] // 3)
            items = critic.view.see(clips, self.config, tf.constant((self.seed, 0)))
            items = _side_by_side(items, critic.together, away)
            known = None
            if labels is not None:
                known = _side_by_side(tf.repeat(labels, count), critic.together, away)
            logits = critic.judge(items, known, training=False)["logit"]
            means.append(tf.reduce_mean(tf.reshape(logits, (-1, each)), axis=1))
        return tf.add_n(means) / len(means)

    def train_step(self, data: Any) -> Logs:
        """Take one step of the networks; see the class."""
        real, labels = data if self.config.conditional else (data, None)
        seeds = self.seeds(4)
        drawn = latent_sampling.draw(self.latents, real.shape[0], seeds[0], labels)
        with tf.GradientTape() as tape:
            fake = self.generator(drawn, training=True)
            seen = self._see(real, fake, labels, drawn, seeds[1])
        found = [
            self._gradients(critic, items) for critic, items in zip(self.critics, seen, strict=True)
        ]
        logs = self._logs(found)
        at_items = [each.at_items for each in found]
        if self.train_config.unroll:
            at_items = [
                critic.unrolled_gradient(items, self.train_config.unroll, self.train_config.d_lr)
                for critic, items in zip(self.critics, seen, strict=True)
            ]
        self.pace.set_rates(self.share, self.lead)
        logs |= self._d_step(found, seen, seeds[2])
        both, variables = [items.both for items in seen], self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(both, variables, output_gradients=at_items)
        )
        self._adapt(found[0], real.shape[0])
        if self.train_config.ada is not None:
            logs["augment_share"] = tf.identity(self.augment_share)
        self.step.assign_add(1)
        return logs

    def _see(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        labels: tf.Tensor | None,
        drawn: dict[str, tf.Tensor],
        seed: tf.Tensor,
    ) -> list[DiscriminatorBatch]:
        """Return what each critic sees: augmented and noisy, as its view shows it."""
        seeds = tf.random.split(seed, 2)
        share = None if self.train_config.ada is None else self.augment_share
        both = augment.augment(tf.concat([real, fake], axis=0), self.policies, seeds[0], share)
        if self.train_config.instance_noise:
            # Fades out (arXiv 1701.04862): at first it lets the two distributions overlap.
            strength = self.train_config.instance_noise * (1 - self.share)
            random = tf.random.stateless_normal(tf.shape(both), seeds[1])
            both += tf.cast(strength * random, both.dtype)
        made = []
        for index, critic in enumerate(self.critics):
            own = tf.random.fold_in(seed, 2 + index)
            of_clip = critic.view.count(self.config)
            made.append(
                DiscriminatorBatch(
                    critic.view.see(both, self.config, own),
                    None if labels is None else tf.repeat(tf.tile(labels, [2]), of_clip),
                    {name: tf.repeat(values, of_clip, axis=0) for name, values in drawn.items()},
                )
            )
        return made

    def _adapt(self, found: Gradients, batch: int) -> None:
        """Follow who leads, and how often clips must be augmented (ADA, arXiv 2006.06676)."""
        self._follow_lead(found)
        target = self.train_config.ada
        if target is not None:
            sign = tf.reduce_mean(tf.sign(found.real_logits))
            change = tf.sign(sign - target) * (batch / ADA_CLIPS)
            self.augment_share.assign(tf.clip_by_value(self.augment_share + change, 0.0, 1.0))


def _side_by_side(items: tf.Tensor, together: int, away: tf.Tensor) -> tf.Tensor:
    """Follow each item with those that lie ``away``, twice as far and so on, so many in all."""
    shifted = [tf.roll(items, -place * away, axis=0) for place in range(together)]
    return tf.reshape(tf.stack(shifted, axis=1), (-1, *items.shape[1:]))
