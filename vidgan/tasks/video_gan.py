"""VideoGAN: synthesis of clips from noise, the model and its training step."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from vidgan import augment, models, pixels, replicas
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import Latent
from vidgan.models.upsampler import join
from vidgan.models.views import VIEWS, View
from vidgan.tasks.cascade import Crop, UpsamplerGAN, shrink
from vidgan.training import latent_sampling
from vidgan.training.adversarial import AdversarialModel, Logs
from vidgan.training.batch_figures import batch_figures
from vidgan.training.discriminator_step import DiscriminatorBatch, Gradients

# Real clips after which ADA's probability can have risen from 0 to 1.
ADA_CLIPS = 20_000


class VideoGAN(AdversarialModel):
    """A generator of clips from noise and its discriminators.

    A batch is float32 clips ``(batch, frames, height, width, 3)`` in [-1, 1] with a static batch
    size; of a cascade a pair of those, uint8, and their crops, see :mod:`vidgan.tasks.cascade`. For
    a conditional model it is a pair of that and int32 labels ``(batch,)``.

    Args:
        model: resolved options of the networks.
        latents: the generator's inputs.
        generator: network from a dict of latents to clips.
        discriminators: networks by the names of their views; see
            :func:`vidgan.models.build_discriminators`.
        seed: seed of latents, augmentation, noise and views.
        upsampler: the second network of a cascade, see
            :func:`vidgan.models.upsampler.build_upsampler`; None without a cascade.
        stage: the training of the upsampler; None if it has nothing to learn.
    """

    def __init__(
        self,
        model: ModelConfig,
        latents: Sequence[Latent],
        generator: keras.Model,
        discriminators: Mapping[str, keras.Model],
        seed: int = 0,
        upsampler: keras.Model | None = None,
        stage: UpsamplerGAN | None = None,
    ) -> None:
        super().__init__(generator, discriminators, model.frames, seed, "video_gan")
        self.config, self.latents = model, tuple(latents)
        self.upsampler, self.stage = upsampler, stage
        self.augment_share = self._state("augment_share", "float32")

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

    def parts(self) -> list[AdversarialModel]:
        """Return this model, and the training of the upsampler of a cascade."""
        return [self] if self.stage is None else [self, self.stage]

    def inference_network(self) -> keras.Model:
        """Return the network from latents to clips of full size, with the averages of weights."""
        return join(self.generator_ema, self.upsampler)

    def view(self, name: str) -> View:
        """Return the view of a discriminator."""
        return VIEWS[name]

    def items_per_clip(self, name: str) -> int:
        """Return the number of items that a discriminator sees of each clip."""
        return VIEWS[name].count(self.config)

    def items_per_logit(self, name: str) -> int:
        """Return the number of consecutive items that share a logit of a discriminator."""
        return models.items_per_logit(self.config, name)

    def discriminate(self, clips: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Return the mean logit of each clip over all its items and discriminators, at inference.

        With pairs, each clip is paired with the one a third of the batch further: neighbouring
        clips may be of one shot, and a clip paired with itself would look like mode collapse.

        Args:
            clips: float32 ``(batch, frames, height, width, 3)`` in [-1, 1], of the generator's size
                or larger.
            labels: int32 ``(batch,)``, for a conditional model.

        Returns:
            Float32 ``(batch,)``.
        """
        # Keras refuses a mixture of tensors and NumPy arrays, as a view and its labels may be.
        clips, means = shrink(tf.convert_to_tensor(clips), self.generator.output_shape[2:4]), []
        for step in self.discriminator_steps:
            count = step.view.count(self.config)
            logits_per_clip = count * step.together
            shift = count * tf.maximum(1, tf.shape(clips)[0] // 3)
            items = step.view.extract(clips, self.config, tf.constant((self.seed, 0)))
            items = _group_shifted(items, step.together, shift)
            known = None
            if labels is not None:
                known = _group_shifted(tf.repeat(labels, count), step.together, shift)
            logits = step.discriminate(items, known, training=False)["logit"]
            means.append(tf.reduce_mean(tf.reshape(logits, (-1, logits_per_clip)), axis=1))
        return tf.add_n(means) / len(means)

    def train_step(self, data: Any) -> Logs:
        """Take one training step; see the class."""
        real, labels, crops = self.unpack(data)
        seeds = self.seeds(3)
        noise = latent_sampling.draw_latents(self.latents, real.shape[0], seeds[0], labels)
        with tf.GradientTape() as tape:
            fake = self.generator(noise, training=True)
            batches = self._discriminator_batches(real, fake, labels, noise, seeds[1])
        found = self._all_gradients(batches)
        logs = self._logs(found) | batch_figures(fake, real)
        input_gradients = self._input_gradients(found, batches)
        self.schedules.set_rates(self.budget_used, self.lead)
        logs |= self._d_step(found, batches, seeds[2])
        both, variables = [items.both for items in batches], self.generator.trainable_variables
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(both, variables, output_gradients=input_gradients)
        )
        logs |= self._finish_step(found[0], real.shape[0])
        return logs | self._upsampling_step(crops, real)

    def unpack(self, data: Any) -> tuple[tf.Tensor, tf.Tensor | None, Crop | None]:
        """Return clips in [-1, 1], labels and crops of a batch; None for what it lacks."""
        data, labels = data if self.config.conditional else (data, None)
        if self.stage is None:
            return data, labels, None
        clips, crops = data
        return pixels.to_model(clips), labels, crops

    def _upsampling_step(
        self, crops: Crop | None, real: tf.Tensor, reconstructed: tf.Tensor | None = None
    ) -> Logs:
        """Train the upsampler of a cascade; see :meth:`UpsamplerGAN.stage_step`."""
        if self.stage is None or crops is None:
            return {}
        return self.stage.stage_step(crops, real, reconstructed, self.budget_used)

    def _input_gradients(
        self, found: Sequence[Gradients], batches: Sequence[DiscriminatorBatch]
    ) -> list[tf.Tensor]:
        """Return the gradient of the generator's loss at the items of each discriminator."""
        if not self.train_config.unroll:
            return [gradients.input_gradients for gradients in found]
        return [
            step.unrolled_gradient(items, self.train_config.unroll, self.train_config.d_lr)
            for step, items in zip(self.discriminator_steps, batches, strict=True)
        ]

    def _discriminator_batches(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        labels: tf.Tensor | None,
        noise: dict[str, tf.Tensor],
        seed: tf.Tensor,
    ) -> list[DiscriminatorBatch]:
        """Return the batch of each discriminator: augmented, with noise, through its view."""
        seeds = tf.random.split(seed, 2)
        probability = None if self.train_config.ada is None else self.augment_share
        both = tf.concat([real, fake], axis=0)
        both = augment.augment(both, self.policies, seeds[0], probability)
        if self.train_config.instance_noise:
            # Instance noise (arXiv 1701.04862) fades out: first it makes the distributions overlap.
            strength = self.train_config.instance_noise * (1 - self.budget_used)
            random = replicas.normal(both.shape, seeds[1], pairs=True)
            both += tf.cast(strength * random, both.dtype)
        batches = []
        for index, step in enumerate(self.discriminator_steps):
            view_seed = tf.random.fold_in(seed, 2 + index)
            count = step.view.count(self.config)
            batches.append(
                DiscriminatorBatch(
                    step.view.extract(both, self.config, view_seed),
                    None if labels is None else tf.repeat(tf.tile(labels, [2]), count),
                    {name: tf.repeat(values, count, axis=0) for name, values in noise.items()},
                )
            )
        return batches

    def _finish_step(self, found: Gradients, batch: int) -> Logs:
        """Count the step; update the discriminator's mean accuracy and ADA's probability.

        Returns:
            That probability (arXiv 2006.06676), with ADA only.
        """
        self.step.assign_add(1)
        self._update_lead(found)
        target = self.train_config.ada
        if target is None:
            return {}
        sign = replicas.mean(tf.reduce_mean(tf.sign(found.real_logits)))
        change = tf.sign(sign - target) * (batch * replicas.count() / ADA_CLIPS)
        self.augment_share.assign(tf.clip_by_value(self.augment_share + change, 0.0, 1.0))
        return {"augment_share": tf.identity(self.augment_share)}


def _group_shifted(items: tf.Tensor, together: int, shift: tf.Tensor) -> tf.Tensor:
    """Insert ``together - 1`` items after each: those that lie one, two, … shifts further."""
    shifted = [tf.roll(items, -place * shift, axis=0) for place in range(together)]
    return tf.reshape(tf.stack(shifted, axis=1), (-1, *items.shape[1:]))
