"""VAEGAN: synthesis that is led by reconstruction, the model and its training steps."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from vidgan import replicas
from vidgan.config import ModelConfig
from vidgan.latents import Latent
from vidgan.models import autoencoder
from vidgan.tasks.cascade import UpsamplerGAN
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training import latent_sampling
from vidgan.training.adversarial import Logs, TrainStep
from vidgan.training.batch_figures import batch_figures
from vidgan.training.reconstruction_losses import motion_weighted_loss

# Weight of the Kullback-Leibler divergence of the codes against the loss of a pixel.
KL_WEIGHT = 0.01
# Log-variance of codes in the first step: with unit variance, codes of different clips could not be
# told apart, and the networks would first learn to ignore them.
INITIAL_LOG_VARIANCE = -4.0
# Log-variances of codes are clipped to these bounds.
MIN_LOG_VARIANCE, MAX_LOG_VARIANCE = -8.0, 4.0
# Fraction of the budget after which the adversarial loss is added: before, samples are too far from
# real clips for a discriminator to be of use.
ADVERSARIAL_FROM = 0.5

Noise = dict[str, tf.Tensor]


class Encoding(NamedTuple):
    """What an encoder says of real clips.

    Attributes:
        inputs: inputs of the generator, drawn from the posterior.
        code: mean of the input ``latent``, float32 ``(batch, latent_dim)``.
        kl: Kullback-Leibler divergence of the posterior from the standard normal distribution,
            divided by the number of values of the clips, as the loss of pixels is.
    """

    inputs: Noise
    code: tf.Tensor
    kl: tf.Tensor


class VAEGAN(VideoGAN):
    """A GAN whose generator also decodes the codes of real clips (VAE/GAN, arXiv 1512.09300).

    An encoder predicts the generator's normal inputs from a real clip, and both networks minimise
    the error of its reconstruction. The discriminators compare real clips with samples, as in
    :class:`VideoGAN`. For samples, the input ``latent`` comes from a
    :class:`~vidgan.models.layers.code_sampler.CodeSampler`.

    Args:
        model: resolved options of the networks.
        latents: inputs of the generator; see :func:`vidgan.models.autoencoder.sampler_latents`.
        generator: a generator with a sampler; see :func:`vidgan.models.autoencoder.add_sampler`.
        discriminators: see :class:`VideoGAN`.
        encoder: see :func:`vidgan.models.autoencoder.build_encoder`.
        seed: seed of all random numbers of a step.
        upsampler: see :class:`VideoGAN`.
        stage: see :class:`VideoGAN`.
    """

    def __init__(
        self,
        model: ModelConfig,
        latents: Sequence[Latent],
        generator: keras.Model,
        discriminators: Mapping[str, keras.Model],
        encoder: keras.Model,
        seed: int = 0,
        upsampler: keras.Model | None = None,
        stage: UpsamplerGAN | None = None,
    ) -> None:
        super().__init__(model, latents, generator, discriminators, seed, upsampler, stage)
        self.encoder = encoder

    def generators(self) -> dict[keras.Model, int]:
        """Return the generator, which decodes a real and a new clip for each, and the encoder."""
        return {self.generator: 2, self.encoder: 1}

    def g_params(self) -> int:
        """Return the number of weights of the generator, without the queue of codes."""
        return int(self.generator.get_layer(autoencoder.DECODER).count_params())

    def step_at(self, budget_used: float) -> TrainStep:
        """Return the training step: without discriminators at first.

        A run that is resumed with a larger budget does not go back to that.
        """
        joined = budget_used >= ADVERSARIAL_FROM or int(self.d_optimizer.iterations.numpy()) > 0
        return self.train_step if joined else self.reconstruction_step

    def reconstruction_step(self, data: Any) -> Logs:
        """Train encoder and generator by reconstruction alone."""
        real, labels, crops = self.unpack(data)
        seeds = self.seeds(4)
        noise = latent_sampling.draw_latents(self.latents, real.shape[0], seeds[0], labels)
        with tf.GradientTape() as tape:
            encoding = self._encode(real, noise, seeds[3])
            clips = self._decode(encoding.inputs)
            loss = motion_weighted_loss(clips, real)
            total = self.g_optimizer.scale_loss(loss + KL_WEIGHT * encoding.kl)
        self.schedules.set_rates(self.budget_used, self.lead)
        variables = self.g_variables()
        norm = self._g_step(lambda: tape.gradient(total, variables))
        self._enqueue(encoding.code, labels)
        self.step.assign_add(1)
        # Not the contrast: that of samples, which come later, is lower: it would seem to fall.
        clipped = batch_figures(clips, real)["batch_clipped"]
        logs = {"reconstruction_loss": loss, "kl_loss": encoding.kl, "g_norm": norm}
        logs["batch_clipped"] = clipped
        return logs | self._upsampling_step(crops, real, clips)

    def train_step(self, data: Any) -> Logs:
        """Train encoder and generator by reconstruction, and generator and discriminators as a GAN.

        The gradient of the adversarial loss is scaled such that it is, at the pixels, 1 /
        ``--reconstruction`` as large as that of the reconstruction, as in VQGAN (arXiv 2012.09841),
        so whichever loss it is, it can't outweigh it.
        """
        real, labels, crops = self.unpack(data)
        count, seeds = real.shape[0], self.seeds(4)
        noise = latent_sampling.draw_latents(self.latents, count, seeds[0], labels)
        sampled = noise | {"latent": self._sampler(noise)}
        with tf.GradientTape() as tape:
            encoding = self._encode(real, noise, seeds[3])
            pairs = {name: (encoding.inputs[name], sampled[name]) for name in sampled}
            clips = self._decode({name: tf.concat(pair, axis=0) for name, pair in pairs.items()})
            # The gradient of a split takes a fraction of the time of that of two slices.
            reconstructed, fake = tf.split(clips, 2)
            batches = self._discriminator_batches(real, fake, labels, noise, seeds[1])
        found = self._all_gradients(batches)
        logs = self._logs(found) | batch_figures(fake, real)
        with tf.GradientTape() as pixel_tape:
            pixel_tape.watch(reconstructed)
            loss = motion_weighted_loss(reconstructed, real)
            scaled = self.g_optimizer.scale_loss(loss)
        gradient = pixel_tape.gradient(scaled, reconstructed)
        adversarial = self._input_gradients(found, batches)
        norms = tf.stack([_squared_norm([gradient]), _squared_norm(adversarial)])
        pixel_norm, adversarial_norm = tf.unstack(tf.sqrt(replicas.mean(norms)))
        weight = self.config.reconstruction or 1.0
        ratio = pixel_norm / (weight * adversarial_norm + 1e-12)
        adversarial = [each * tf.cast(ratio, each.dtype) for each in adversarial]
        self.schedules.set_rates(self.budget_used, self.lead)
        logs |= self._d_step(found, batches, seeds[2])
        variables = self.g_variables()
        targets = [reconstructed, encoding.kl, *(items.both for items in batches)]
        gradients = [gradient, self.g_optimizer.scale_loss(KL_WEIGHT), *adversarial]
        logs["g_norm"] = self._g_step(
            lambda: tape.gradient(targets, variables, output_gradients=gradients)
        )
        self._enqueue(encoding.code, labels)
        logs |= self._finish_step(found[0], count)
        logs |= {"reconstruction_loss": loss, "kl_loss": encoding.kl}
        return logs | self._upsampling_step(crops, real, reconstructed)

    @property
    def _sampler(self) -> keras.Layer:
        return self.generator.get_layer(autoencoder.SAMPLER)

    def _enqueue(self, codes: tf.Tensor, labels: tf.Tensor | None) -> None:
        """Add the codes of all replicas to the queue."""
        known = None if labels is None else replicas.gather(labels)
        self._sampler.enqueue(replicas.gather(codes), known)

    def _decode(self, inputs: Noise) -> tf.Tensor:
        decoder = self.generator.get_layer(autoencoder.DECODER)
        return decoder({name: inputs[name] for name in decoder.input}, training=True)

    def _encode(self, real: tf.Tensor, noise: Noise, seed: tf.Tensor) -> Encoding:
        """Encode clips; inputs that the encoder does not predict are those of ``noise``."""
        inputs, divergences = dict(noise), []
        for index, (name, posterior) in enumerate(self.encoder(real, training=True).items()):
            mean, log_variance = moments(posterior)
            random = replicas.normal(mean.shape, tf.random.fold_in(seed, index))
            inputs[name] = mean + tf.exp(0.5 * log_variance) * random
            if name == "latent":
                code = mean
            divergences.append(
                tf.reduce_sum(0.5 * (mean**2 + tf.exp(log_variance) - 1 - log_variance))
            )
        return Encoding(inputs, code, tf.add_n(divergences) / tf.cast(tf.size(real), tf.float32))


def _squared_norm(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    return tf.square(tf.linalg.global_norm(tensors))


def moments(posterior: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return mean and log-variance, each ``(batch, *shape)``, from an output of the encoder."""
    log_variance = posterior[..., 1] + INITIAL_LOG_VARIANCE
    return posterior[..., 0], tf.clip_by_value(log_variance, MIN_LOG_VARIANCE, MAX_LOG_VARIANCE)
