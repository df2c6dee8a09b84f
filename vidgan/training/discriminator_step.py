"""A discriminator at work: what it sees of a batch, and the gradients that follow.

A discriminator does not couple the items of a batch, but for those that share a logit. Then one
backward pass through it serves both networks: what arrives at a generated item differs between the
two losses by a factor, the ratio of the losses' derivatives at the item's logit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from vidgan import regularizers
from vidgan.losses import Loss, recognition
from vidgan.models.views import View

# Where the discriminator's derivative at a generated item is smaller, even zero (hinge), it is
# taken for this: far below what float32 can tell from zero beside any other item's share of the
# gradient, and enough to be rescaled to the generator's.
MIN_DERIVATIVE = 1e-12

Tensors = list[tf.Tensor]


@dataclass(frozen=True)
class DiscriminatorBatch:
    """What one discriminator sees of a batch.

    Attributes:
        both: real items, then as many generated ones, ``(2 · count, frames, height, width, 3)``;
            in one tensor, since taking them apart and together again costs time.
        labels: int32 ``(2 · count,)``, None for an unconditional model.
        noise: the generator's inputs, one row a generated item.
    """

    both: tf.Tensor
    labels: tf.Tensor | None
    noise: dict[str, tf.Tensor]

    @property
    def count(self) -> int:
        """How many real items there are, and generated ones."""
        return self.both.shape[0] // 2


@dataclass(frozen=True)
class Gradients:
    """What a critic makes of its items.

    Attributes:
        discriminator: of its loss, for each of its trainable weights.
        at_items: of the generator's loss, at ``DiscriminatorBatch.both``; real items: anything.
        real_logits: ``(items, 1)``.
        fake_logits: ``(items, 1)``.
        recognition: how ill codes are recognised, a scalar without its weight; None without codes.
    """

    discriminator: Tensors
    at_items: tf.Tensor
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
        view: how it looks at clips.
        loss: the adversarial loss.
        smoothing: amount of label smoothing.
        recognition: weight of recognising codes.
        together: neighbouring items that share a logit.
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
        self.recognises = "category" in network.output

    def judge(
        self, items: tf.Tensor, labels: tf.Tensor | None, training: bool = True
    ) -> dict[str, tf.Tensor]:
        """Return the network's outputs at items."""
        return self.network(_inputs(items, labels), training=training)

    def _recognition(self, outputs: dict[str, tf.Tensor], items: DiscriminatorBatch) -> tf.Tensor:
        """Return the loss of recognising the codes of the generated items."""
        count = items.count
        found = {name: values[count:] for name, values in outputs.items()}
        return tf.reduce_mean(recognition(found, items.noise))

    def shared_gradients(self, items: DiscriminatorBatch) -> Gradients:
        """Return all gradients from one backward pass with the discriminator's derivatives.

        Not for a discriminator that recognises codes, which is another function of the same
        weights: the two losses' gradients differ by more than a factor then.
        """
        count, both = items.count, items.both
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(both)
            logits = self.judge(both, items.labels)["logit"]
        real, fake = logits[:count], logits[count:]
        d_real, d_fake, g_fake = pair_derivatives(self.loss, self.smoothing, real, fake)
        d_fake = tf.where(tf.abs(d_fake) < MIN_DERIVATIVE, MIN_DERIVATIVE, d_fake)
        seeds = tf.concat([d_real, d_fake], axis=0) / count
        gradients, at_items = tape.gradient(logits, (variables, both), output_gradients=seeds)
        ratio = tf.concat([tf.zeros_like(g_fake), g_fake / d_fake], axis=0)
        at_items *= tf.cast(tf.reshape(ratio, (-1, 1, 1, 1, 1)), both.dtype)
        return Gradients(_filled(gradients, variables), at_items, real, fake, None)

    def separate_gradients(
        self,
        items: DiscriminatorBatch,
        d_optimizer: keras.optimizers.Optimizer,
        g_optimizer: keras.optimizers.Optimizer,
    ) -> Gradients:
        """Return the same from two passes, each loss scaled as its optimizer wants it.

        One goes to the weights, the other to the items alone. For recognising codes, and for
        float16, which has too little range for the ratio of the two losses' derivatives.
        """
        count = items.count
        variables = self.network.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(items.both)
            outputs = self.judge(items.both, items.labels)
            real, fake = outputs["logit"][:count], outputs["logit"][count:]
            d_loss = tf.reduce_mean(self.loss.with_smoothing(self.smoothing)(real, fake))
            g_loss = tf.reduce_mean(self.loss.generator(real, fake))
            known = self._recognition(outputs, items) if self.recognises else None
            if known is not None:
                d_loss, g_loss = d_loss + self.weight * known, g_loss + self.weight * known
            d_loss, g_loss = d_optimizer.scale_loss(d_loss), g_optimizer.scale_loss(g_loss)
        gradients = _filled(tape.gradient(d_loss, variables), variables)
        at_items = tape.gradient(g_loss, items.both)
        return Gradients(gradients, at_items, real, fake, known)

    def unrolled_gradient(self, items: DiscriminatorBatch, steps: int, rate: float) -> tf.Tensor:
        """Return G's gradient at the items against D as it would be ``steps`` later.

        Unrolled GANs (arXiv 1611.02163): the gradient goes through D's steps too, so that G cannot
        gain by a move which D would undo at once. D's optimizer is imitated by steps along the
        gradient over its root mean square, a weight each, which have Adam's length.

        Args:
            items: what the discriminator sees.
            steps: of D on the same items.
            rate: D's learning rate.
        """
        count, network = items.count, self.network
        d_loss = self.loss.with_smoothing(self.smoothing)
        fixed = [variable.value for variable in network.non_trainable_variables]

        def judge(weights: Tensors) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
            both = _inputs(items.both, items.labels)
            outputs, _ = network.stateless_call(weights, fixed, both, training=True)
            return outputs, outputs["logit"][:count], outputs["logit"][count:]

        weights = [tf.identity(variable.value) for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(items.both)
            for _ in range(steps):
                with tf.GradientTape() as inner:
                    inner.watch(weights)
                    outputs, real, fake = judge(weights)
                    value = tf.reduce_mean(d_loss(real, fake))
                    if self.recognises:
                        value += self.weight * self._recognition(outputs, items)
                gradients = _filled(inner.gradient(value, weights), weights)
                weights = [
                    weight - rate * gradient / (tf.stop_gradient(_root_mean_square(gradient)))
                    for weight, gradient in zip(weights, gradients, strict=True)
                ]
            outputs, real, fake = judge(weights)
            g_loss = tf.reduce_mean(self.loss.generator(real, fake))
            if self.recognises:
                g_loss += self.weight * self._recognition(outputs, items)
        return tape.gradient(g_loss, items.both)

    def penalty(self, name: str, items: DiscriminatorBatch, seed: tf.Tensor) -> tf.Tensor:
        """Return a penalty of ``vidgan.regularizers.PENALTIES`` on this discriminator."""
        count = items.count
        labels = None if items.labels is None else items.labels[:count]

        def network(seen: tf.Tensor) -> tf.Tensor:
            # Each logit once, however many items share it.
            return self.judge(seen, labels)["logit"][:: self.together]

        real, fake = items.both[:count], tf.stop_gradient(items.both[count:])
        return regularizers.PENALTIES[name](network, real, fake, seed)


def _inputs(items: tf.Tensor, labels: tf.Tensor | None) -> dict[str, tf.Tensor]:
    return {"clip": items} if labels is None else {"clip": items, "label": labels}


def _filled(gradients: Sequence[tf.Tensor | None], variables: Sequence[tf.Tensor]) -> Tensors:
    """Put zeros where a loss does not depend on a weight, and make all gradients dense."""
    return [
        tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]


def _root_mean_square(values: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_mean(tf.square(values)) + 1e-16)
