"""VideoGAN: a generator, a discriminator and the step that trains both."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from vidgan import augment, regularizers
from vidgan.losses import LOSSES, Loss

# Keeps the shared backward pass from dividing by zero; far below what float32 can tell from zero
# beside any other sample's share of the gradient.
MIN_DERIVATIVE = 1e-12

Tensors = Sequence[tf.Tensor]


def _derivative(function: Any, logits: tf.Tensor) -> tf.Tensor:
    """Return the derivative of an elementwise function at ``logits``."""
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = function(logits)
    return tape.gradient(values, logits)


class VideoGAN(keras.Model):
    """Trains a generator against a discriminator.

    A batch is float32 ``(batch, frames, height, width, 3)`` in [-1, 1] with a static batch size.
    Everything random in a step comes from the seed and the number of the step, so that a run
    taken up again draws what it would have drawn.

    The discriminator must not couple the samples of a batch. Then, for a loss with
    ``shares_backward``, one backward pass through it serves both networks: a sample's gradients
    of the two losses differ by a factor, the ratio of the losses' derivatives at its logit.

    Args:
        generator: latents ``(batch, latent_dim)`` → clips.
        discriminator: clips → logits ``(batch, 1)``.
        seed: seed of latents and augmentation.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, seed: int = 0) -> None:
        super().__init__(name="video_gan")
        self.generator = generator
        self.discriminator = discriminator
        self.generator_ema = keras.models.clone_model(generator)
        self.generator_ema.trainable = False
        self.generator_ema.set_weights(generator.get_weights())
        self.latent_dim = int(generator.input_shape[-1])
        self.seed = seed
        self.step = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step"
        )
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        loss: str | Loss = "non-saturating",
        augmentation: tuple[str, ...] = (),
        r1: float = 0.0,
        r1_every: int = 16,
        ema: float = 0.999,
        share_backward: bool = True,
    ) -> None:
        """Set how the networks are trained.

        Args:
            g_optimizer: the generator's.
            d_optimizer: the discriminator's.
            loss: a name in ``vidgan.losses.LOSSES``, or a loss.
            augmentation: names in ``vidgan.augment.POLICIES``.
            r1: weight of the R1 penalty.
            r1_every: apply it, as many times as strong, at every so many steps (arXiv 1912.04958).
            ema: decay of the generator's moving average.
            share_backward: use the shared backward pass where the loss allows it.
        """
        # XLA is ruinous for Conv3DTranspose on a CPU; the two optimizers are kept here.
        super().compile(optimizer=None, jit_compile=False)
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)
        self.loss_functions = LOSSES[loss] if isinstance(loss, str) else loss
        self.augmentation = augmentation
        self.r1, self.r1_every, self.ema = r1, r1_every, ema
        scaled = any(
            isinstance(o, keras.optimizers.LossScaleOptimizer) for o in (g_optimizer, d_optimizer)
        )
        # float16 has too little range for the ratio of the two losses' derivatives.
        self.shares_backward = share_backward and self.loss_functions.shares_backward and not scaled

    def call(self, latents: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Generate clips with the moving average of the generator's weights."""
        return self.generator_ema(latents, training=training)

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take one step of both networks; see the class."""
        real = data
        seeds = tf.random.split((self.seed, tf.cast(self.step % 2**31, tf.int32)), 3)
        latents = tf.random.stateless_normal((real.shape[0], self.latent_dim), seeds[0])
        with tf.GradientTape() as tape:
            fake = self.generator(latents, training=True)
        gradients = self._shared_gradients if self.shares_backward else self._separate_gradients
        d_gradients, fake_gradient, logs = gradients(real, fake, seeds[1])
        if self.r1 > 0:
            d_gradients, logs["r1"] = self._add_r1(d_gradients, real, seeds[2])
        g_gradients = tape.gradient(
            fake, self.generator.trainable_variables, output_gradients=fake_gradient
        )
        self.d_optimizer.apply(d_gradients, self.discriminator.trainable_variables)
        self.g_optimizer.apply(g_gradients, self.generator.trainable_variables)
        self._update_average()
        self.step.assign_add(1)
        return logs

    def _discriminate(self, clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self.discriminator(augment.augment(clips, self.augmentation, seed), training=True)

    def _logs(self, real: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
        loss = self.loss_functions
        d_loss = loss.discriminator_real(real) + loss.discriminator_fake(fake)
        return {
            "d_loss": tf.reduce_mean(d_loss),
            "g_loss": tf.reduce_mean(loss.generator(fake)),
            "d_acc_real": tf.reduce_mean(tf.cast(real > 0, tf.float32)),
            "d_acc_fake": tf.reduce_mean(tf.cast(fake < 0, tf.float32)),
        }

    def _shared_gradients(
        self, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor, dict[str, tf.Tensor]]:
        """Return D's gradients, the generator loss's gradient at ``fake``, and the logs.

        One forward pass over real and fake, one backward pass with the discriminator's
        derivatives; what arrives at a fake clip is rescaled to the generator's.
        """
        count, loss = real.shape[0], self.loss_functions
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(fake)
            logits = self._discriminate(tf.concat([real, fake], axis=0), seed)
        on_real, on_fake = logits[:count], logits[count:]
        d_real = _derivative(loss.discriminator_real, on_real)
        d_fake = tf.maximum(_derivative(loss.discriminator_fake, on_fake), MIN_DERIVATIVE)
        d_gradients, fake_gradient = tape.gradient(
            logits, (variables, fake), output_gradients=tf.concat([d_real, d_fake], axis=0) / count
        )
        ratio = _derivative(loss.generator, on_fake) / d_fake
        fake_gradient *= tf.reshape(ratio, (-1, 1, 1, 1, 1))
        return d_gradients, fake_gradient, self._logs(on_real, on_fake)

    def _separate_gradients(
        self, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor, dict[str, tf.Tensor]]:
        """Return the same as :meth:`_shared_gradients` in two passes, for any loss."""
        count, loss = real.shape[0], self.loss_functions
        variables = self.discriminator.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(fake)
            logits = self._discriminate(tf.concat([real, fake], axis=0), seed)
            on_real, on_fake = logits[:count], logits[count:]
            d_loss = tf.reduce_mean(loss.discriminator_real(on_real)) + tf.reduce_mean(
                loss.discriminator_fake(on_fake)
            )
            d_loss = self.d_optimizer.scale_loss(d_loss)
            g_loss = self.g_optimizer.scale_loss(tf.reduce_mean(loss.generator(on_fake)))
        d_gradients = tape.gradient(d_loss, variables)
        fake_gradient = tape.gradient(g_loss, fake)
        return d_gradients, fake_gradient, self._logs(on_real, on_fake)

    def _add_r1(
        self, gradients: list[tf.Tensor], real: tf.Tensor, seed: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Add the lazy R1 penalty's gradients and return them with the penalty."""
        variables = self.discriminator.trainable_variables

        def penalised() -> tuple[list[tf.Tensor], tf.Tensor]:
            with tf.GradientTape() as tape:
                penalty = regularizers.r1(lambda clips: self._discriminate(clips, seed), real)
                loss = self.d_optimizer.scale_loss(penalty * (self.r1 * self.r1_every))
            # None where the penalty does not depend on a variable, such as the last bias.
            added = tape.gradient(loss, variables)
            both = zip(gradients, added, strict=True)
            return [tf.identity(g) if a is None else g + a for g, a in both], penalty

        def plain() -> tuple[list[tf.Tensor], tf.Tensor]:
            return [tf.identity(g) for g in gradients], tf.constant(float("nan"))

        return tf.cond(tf.equal(self.step % self.r1_every, 0), penalised, plain)

    def _update_average(self) -> None:
        """Move the average towards the weights; faster at first, when they are worth little."""
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.ema, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            average.assign_add((weight - average) * (1.0 - decay))
