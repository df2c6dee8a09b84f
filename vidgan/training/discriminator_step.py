"""One discriminator in a training step: its batch, its losses and their gradients.

A discriminator does not couple the items of a batch, except those that share a logit. So one
backward pass suffices for both networks: at a generated item, the gradients of the two losses
differ by a scalar factor, the ratio of the losses' derivatives at the item's logit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from vidgan import regularizers, replicas
from vidgan.losses import Loss, recognition
from vidgan.models.views import View

# Lower bound of the magnitude of the discriminator's derivative at a generated item, which may be
# zero (hinge loss): negligible in float32 against the gradients of other items, and large enough to
# be rescaled to the generator's derivative.
MIN_DERIVATIVE = 1e-12

Tensors = list[tf.Tensor]


@dataclass(frozen=True)
class DiscriminatorBatch:
    """The batch of one discriminator.

    Attributes:
        both: real items, then as many generated ones, ``(2 · count, frames, height, width, 3)``;
            one tensor, since splitting and concatenating costs time.
        labels: int32 ``(2 · count,)``, None for an unconditional model.
        noise: the generator's inputs, one row for each generated item.
    """

    both: tf.Tensor
    labels: tf.Tensor | None
    noise: dict[str, tf.Tensor]

    @property
    def count(self) -> int:
        """Number of real items, and of generated items."""
        return int(self.both.shape[0]) // 2


@dataclass(frozen=True)
class Gradients:
    """Gradients and logits of a discriminator on its batch.

    Attributes:
        discriminator: gradients of the discriminator's loss, for each of its trainable weights.
        input_gradients: gradient of the generator's loss with respect to
            ``DiscriminatorBatch.both``; undefined for real items.
        real_logits: ``(items, 1)``.
        fake_logits: ``(items, 1)``.
        recognition: InfoGAN's mutual-information loss, an unweighted scalar; None without codes.
    """

    discriminator: Tensors
    input_gradients: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    recognition: tf.Tensor | None


def pair_derivatives(
    loss: Loss, smoothing: float, real: tf.Tensor, fake: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the derivatives of D's loss at real and fake logits, and of G's at fake ones."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        d_loss = loss.with_smoothing(smoothing)(real, fake)
        g_loss = loss.generator(real, fake)
    d_real, d_fake = tape.gradient(d_loss, [real, fake])
    return d_real, d_fake, tape.gradient(g_loss, fake)


class DiscriminatorStep:
    """One discriminator with its view and its losses.

    Args:
        network: a discriminator of :func:`vidgan.models.build_discriminators`.
        view: the view of clips that it sees.
        loss: the adversarial loss.
        smoothing: amount of label smoothing.
        recognition: weight of the mutual-information loss.
        together: number of consecutive items that share a logit.
    """

    def __init__(
        self,
        network: keras.Model,
        view: View,
        loss: Loss,
        smoothing: float = 0.0,
        recognition: float = 1.0,
        together: int = 1,
    ) -> None:
        self.network, self.view, self.loss = network, view, loss
        self.smoothing, self.weight, self.together = smoothing, recognition, together
        self.predicts_codes = "category" in network.output

    def discriminate(
        self, items: tf.Tensor, labels: tf.Tensor | None, training: bool = True
    ) -> dict[str, tf.Tensor]:
        """Return the outputs of the network for items."""
        outputs: dict[str, tf.Tensor] = self.network(_inputs(items, labels), training=training)
        return outputs

    def _recognition(self, outputs: dict[str, tf.Tensor], items: DiscriminatorBatch) -> tf.Tensor:
        """Return the mutual-information loss of the generated items."""
        count = items.count
        generated = {name: values[count:] for name, values in outputs.items()}
        return tf.reduce_mean(recognition(generated, items.noise))

    def shared_gradients(self, items: DiscriminatorBatch) -> Gradients:
        """Compute all gradients in one backward pass, of the discriminator's loss.

        Not for a discriminator that predicts codes: the gradients of the two losses then differ by
        more than a factor.
        """
        count, both = items.count, items.both
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(both)
            logits = self.discriminate(both, items.labels)["logit"]
        real, fake = logits[:count], logits[count:]
        d_real, d_fake, g_fake = pair_derivatives(self.loss, self.smoothing, real, fake)
        d_fake = tf.where(tf.abs(d_fake) < MIN_DERIVATIVE, MIN_DERIVATIVE, d_fake)
        seeds = tf.concat([d_real, d_fake], axis=0) / count
        gradients, input_gradients = tape.gradient(
            logits, (variables, both), output_gradients=seeds
        )
        ratio = tf.concat([tf.zeros_like(g_fake), g_fake / d_fake], axis=0)
        input_gradients *= tf.cast(tf.reshape(ratio, (-1, 1, 1, 1, 1)), both.dtype)
        return Gradients(_filled(gradients, variables), input_gradients, real, fake, None)

    def separate_gradients(
        self,
        items: DiscriminatorBatch,
        d_optimizer: keras.optimizers.Optimizer,
        g_optimizer: keras.optimizers.Optimizer,
    ) -> Gradients:
        """Compute the gradients in two backward passes, each loss scaled for its optimizer.

        For discriminators that predict codes, and for float16, whose range is too small for the
        ratio of the two losses' derivatives.
        """
        count = items.count
        variables = self.network.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(items.both)
            outputs = self.discriminate(items.both, items.labels)
            real, fake = outputs["logit"][:count], outputs["logit"][count:]
            d_loss = tf.reduce_mean(self.loss.with_smoothing(self.smoothing)(real, fake))
            g_loss = tf.reduce_mean(self.loss.generator(real, fake))
            known = self._recognition(outputs, items) if self.predicts_codes else None
            if known is not None:
                d_loss, g_loss = d_loss + self.weight * known, g_loss + self.weight * known
            d_loss, g_loss = d_optimizer.scale_loss(d_loss), g_optimizer.scale_loss(g_loss)
        gradients = _filled(tape.gradient(d_loss, variables), variables)
        input_gradients = tape.gradient(g_loss, items.both)
        return Gradients(gradients, input_gradients, real, fake, known)

    def unrolled_gradient(self, items: DiscriminatorBatch, steps: int, rate: float) -> tf.Tensor:
        """Return the gradient of the generator's loss against the discriminator ``steps`` later.

        Unrolled GANs (arXiv 1611.02163): the gradient flows through the discriminator's steps, so
        the generator gains nothing by changes to which the discriminator reacts at once. Each
        weight takes steps along its gradient divided by the gradient's root mean square, which
        approximates Adam.

        Args:
            items: the batch.
            steps: number of discriminator steps on the same batch.
            rate: learning rate of the discriminator.

        Returns:
            The gradient with respect to ``items.both``.
        """
        count, network = items.count, self.network
        d_loss = self.loss.with_smoothing(self.smoothing)
        fixed = [variable.value for variable in network.non_trainable_variables]

        def forward(weights: Tensors) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
            both = _inputs(items.both, items.labels)
            outputs, _ = network.stateless_call(weights, fixed, both, training=True)
            return outputs, outputs["logit"][:count], outputs["logit"][count:]

        weights = [tf.identity(variable.value) for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(items.both)
            for _ in range(steps):
                with tf.GradientTape() as inner:
                    inner.watch(weights)
                    outputs, real, fake = forward(weights)
                    value = tf.reduce_mean(d_loss(real, fake))
                    if self.predicts_codes:
                        value += self.weight * self._recognition(outputs, items)
                gradients = replicas.mean(_filled(inner.gradient(value, weights), weights))
                weights = [
                    weight - rate * gradient / (tf.stop_gradient(_root_mean_square(gradient)))
                    for weight, gradient in zip(weights, gradients, strict=True)
                ]
            outputs, real, fake = forward(weights)
            g_loss = tf.reduce_mean(self.loss.generator(real, fake))
            if self.predicts_codes:
                g_loss += self.weight * self._recognition(outputs, items)
        return tape.gradient(g_loss, items.both)

    def penalty(self, name: str, items: DiscriminatorBatch, seed: tf.Tensor) -> tf.Tensor:
        """Return a penalty of ``vidgan.regularizers.PENALTIES``, a float32 scalar."""
        count = items.count
        labels = None if items.labels is None else items.labels[:count]

        def network(inputs: tf.Tensor) -> tf.Tensor:
            # Each logit once, also if several items share it.
            return self.discriminate(inputs, labels)["logit"][:: self.together]

        real, fake = items.both[:count], tf.stop_gradient(items.both[count:])
        return regularizers.PENALTIES[name](network, real, fake, seed)


def _inputs(items: tf.Tensor, labels: tf.Tensor | None) -> dict[str, tf.Tensor]:
    return {"clip": items} if labels is None else {"clip": items, "label": labels}


def _filled(gradients: Sequence[tf.Tensor | None], variables: Sequence[tf.Tensor]) -> Tensors:
    """Replace missing gradients by zeros, and sparse ones by dense ones."""
    return [
        tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]


def _root_mean_square(values: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_mean(tf.square(values)) + 1e-16)
