"""AdversarialModel: the base class for adversarially trained models."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from vidgan import replicas
from vidgan.config import TrainConfig
from vidgan.losses import LOSSES
from vidgan.models.views import VIEWS, View
from vidgan.regularizers import PENALTIES
from vidgan.training.discriminator_step import DiscriminatorBatch, DiscriminatorStep, Gradients
from vidgan.training.schedules import Schedules

Logs = dict[str, tf.Tensor]
# A training step: takes a batch and returns the logs.
TrainStep = Callable[[Any], Logs]


class AdversarialModel(keras.Model):
    """Base class for adversarially trained models.

    It holds a generator, the moving average of its weights, and discriminators. Subclasses define
    ``train_step(batch) -> logs``: every value is a scalar, and those that must stay finite have
    names that end in ``loss``. All randomness of a step comes from :meth:`seeds`, so that a resumed
    run draws the same numbers.

    Args:
        generator: the network to train; several networks are wrapped in one Keras model. Its shapes
            are those of a training clip.
        discriminators: by name; may be empty.
        frames: frames of a training clip.
        seed: seed of all randomness in a step.
        name: name of the model.
        average: the network for the moving average, if it has other shapes than ``generator``; by
            default a copy.

    Attributes:
        generator_ema: the generator with the moving average of the weights, for inference.
        step: number of training steps taken.
        lead: running mean of the discriminator's accuracy; of the first one, if there are several.
        budget_used: fraction of the training budget that is used, 0…1; set by the training loop.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminators: Mapping[str, keras.Model],
        frames: int,
        seed: int,
        name: str,
        average: keras.Model | None = None,
    ) -> None:
        super().__init__(name=name)
        self.frames, self.seed = frames, seed
        self.generator = generator
        self.discriminators = dict(discriminators)
        self.generator_ema = keras.models.clone_model(generator) if average is None else average
        self.generator_ema.trainable = False
        self.generator_ema.set_weights(generator.get_weights())
        self.step = self._state("step", "int64")
        self.lead = self._state("lead", "float32", 0.75)
        self.budget_used = tf.Variable(0.0, trainable=False, name="budget_used")
        self.built = True

    def _state(self, name: str, dtype: str, value: float = 0) -> keras.Variable:
        initializer = keras.initializers.Constant(value)
        return self.add_weight(
            shape=(), dtype=dtype, initializer=initializer, trainable=False, name=name
        )

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        train: TrainConfig,
        share_backward: bool = True,
    ) -> None:
        """Set optimizers and losses.

        Args:
            g_optimizer: optimizer of the generator.
            d_optimizer: optimizer of all discriminators.
            train: the options of training.
            share_backward: use one backward pass for both networks where it is exact enough.
        """
        # XLA is very slow for Conv3DTranspose on a CPU. Keras' compile takes a single optimizer.
        super().compile(optimizer=None, jit_compile=False)
        self.train_config = train
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        g_optimizer.build(self.g_variables())
        d_optimizer.build(self._d_variables())
        self.schedules = Schedules(train, g_optimizer, d_optimizer)
        self.loss_functions = LOSSES[train.loss]
        self.penalties = {name: getattr(train, name) for name in PENALTIES if getattr(train, name)}
        weight = 1.0 if train.recognition is None else train.recognition
        self.discriminator_steps = [
            DiscriminatorStep(
                network,
                self.view(name),
                self.loss_functions,
                train.label_smoothing,
                weight,
                self.items_per_logit(name),
            )
            for name, network in self.discriminators.items()
        ]
        scaled = isinstance(d_optimizer, keras.optimizers.LossScaleOptimizer)
        self.shares_backward = share_backward and not scaled

    def parts(self) -> "list[AdversarialModel]":
        """Return this model, and those that are trained beside it."""
        return [self]

    def inference_network(self) -> keras.Model:
        """Return the network of checkpoints, with the moving average of the weights."""
        return self.generator_ema

    def generators(self) -> dict[keras.Model, int]:
        """Return the networks that the generator's optimizer trains, and their passes per clip."""
        return {self.generator: 1}

    def g_params(self) -> int:
        """Return the number of weights of the generator."""
        return int(self.generator.count_params())

    def g_variables(self) -> list[keras.Variable]:
        """Return the weights that the generator's optimizer updates."""
        networks = self.generators()
        return [variable for network in networks for variable in network.trainable_variables]

    def step_at(self, budget_used: float) -> TrainStep:
        """Return the training step for a fraction of the budget; most models have one only."""
        step: TrainStep = self.train_step
        return step

    def view(self, name: str) -> View:
        """Return the view of a discriminator; the whole clip by default."""
        return VIEWS["clip"]

    def items_per_clip(self, name: str) -> int:
        """Return the number of items that a discriminator sees of each clip."""
        return 1

    def items_per_logit(self, name: str) -> int:
        """Return the number of consecutive items that share a logit of a discriminator."""
        return 1

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Apply the generator with the moving average of its weights."""
        return self.generator_ema(inputs, training=training)

    def seeds(self, count: int) -> tf.Tensor:
        """Return stateless seeds for this step, int32 ``(count, 2)``."""
        return tf.random.split((self.seed, tf.cast(self.step % 2**31, tf.int32)), count)

    def _d_variables(self) -> list[keras.Variable]:
        networks = self.discriminators.values()
        return [variable for network in networks for variable in network.trainable_variables]

    def _gradients(self, step: DiscriminatorStep, items: DiscriminatorBatch) -> Gradients:
        if self.shares_backward and not step.predicts_codes:
            return step.shared_gradients(items)
        return step.separate_gradients(items, self.d_optimizer, self.g_optimizer)

    def _all_gradients(self, batches: Sequence[DiscriminatorBatch]) -> list[Gradients]:
        """Return the gradients of each discriminator on its batch."""
        pairs = zip(self.discriminator_steps, batches, strict=True)
        return [self._gradients(step, items) for step, items in pairs]

    def _logs(self, found: Sequence[Gradients]) -> Logs:
        """Return losses, summed over the discriminators, and accuracies, averaged over them."""
        loss, d_loss, g_loss, real_right, fake_right = self.loss_functions, [], [], [], []
        for each in found:
            real, fake = each.real_logits, each.fake_logits
            d_loss.append(tf.reduce_mean(loss.discriminator(real, fake)))
            g_loss.append(tf.reduce_mean(loss.generator(real, fake)))
            right = loss.accuracy(real, fake)
            real_right.append(right[0])
            fake_right.append(right[1])
        logs = {
            "d_loss": tf.add_n(d_loss),
            "g_loss": tf.add_n(g_loss),
            "d_acc_real": tf.add_n(real_right) / len(found),
            "d_acc_fake": tf.add_n(fake_right) / len(found),
        }
        known = [each.recognition for each in found if each.recognition is not None]
        if known:
            logs["recognition"] = tf.add_n(known)
        return logs

    def _d_step(
        self, found: Sequence[Gradients], batches: Sequence[DiscriminatorBatch], seed: tf.Tensor
    ) -> Logs:
        """Take the discriminators' step, if it is due; return its logs.

        Among them the gradient's norm, NaN at steps with lazy penalties, which weigh more there.

        Args:
            found: gradients of each discriminator.
            batches: the batch of each discriminator.
            seed: seed of the penalties.
        """
        gradients = [gradient for each in found for gradient in each.discriminator]
        logs: Logs = {}
        if self.penalties:
            gradients, logs = self._add_penalties(gradients, batches, seed)
        gradients = replicas.mean(gradients)
        self.schedules.run_every(
            self.step,
            self.train_config.d_every,
            lambda: self.d_optimizer.apply(gradients, self._d_variables()),
        )
        norm = tf.linalg.global_norm(gradients) / self.d_optimizer.scale_loss(1.0)
        if self.penalties and self.train_config.penalty_every > 1:
            norm = tf.where(self._penalties_due(), float("nan"), norm)
        return logs | {"d_norm": norm}

    def _add_penalties(
        self, gradients: list[tf.Tensor], batches: Sequence[DiscriminatorBatch], seed: tf.Tensor
    ) -> tuple[list[tf.Tensor], Logs]:
        """Add gradients of lazy penalties (StyleGAN2, arXiv 1912.04958); return the values, too."""
        every, variables = self.train_config.penalty_every, self._d_variables()

        def penalised() -> tuple[list[tf.Tensor], Logs]:
            values = {}
            with tf.GradientTape() as tape:
                for index, name in enumerate(self.penalties):
                    own = tf.random.fold_in(seed, index)
                    pairs = zip(self.discriminator_steps, batches, strict=True)
                    values[name] = tf.add_n([d.penalty(name, items, own) for d, items in pairs])
                total = tf.add_n([self.penalties[name] * values[name] for name in values])
                loss = self.d_optimizer.scale_loss(total * every)
            # None where the penalty does not depend on a variable, such as the last bias.
            added = tape.gradient(loss, variables)
            both = zip(gradients, added, strict=True)
            return [tf.identity(g) if a is None else g + a for g, a in both], values

        def plain() -> tuple[list[tf.Tensor], Logs]:
            nothing = {name: tf.constant(float("nan")) for name in self.penalties}
            return [tf.identity(g) for g in gradients], nothing

        result: tuple[list[tf.Tensor], Logs] = tf.cond(self._penalties_due(), penalised, plain)
        return result

    def _penalties_due(self) -> tf.Tensor:
        """Return whether penalties are added at this step.

        Only when the discriminators are trained, too: else the penalties would be lost.
        """
        every, d_every = self.train_config.penalty_every, self.train_config.d_every
        return tf.equal(self.step % (every * d_every), d_every - 1)

    def _g_step(self, gradients: Callable[[], list[tf.Tensor]]) -> tf.Tensor:
        """Take the generator's step, if it is due; return the gradient's norm, else NaN.

        Args:
            gradients: computes the gradient of each trainable weight of the generator, scaled by
                ``g_optimizer.scale_loss``.
        """

        every, variables = self.train_config.g_every, self.g_variables()
        found = replicas.mean(self.schedules.compute_every(self.step, every, gradients, variables))

        def act() -> tf.Tensor:
            self.g_optimizer.apply(found, variables)
            self._update_average()
            return tf.linalg.global_norm(found) / self.g_optimizer.scale_loss(1.0)

        return self.schedules.run_every(self.step, every, act)

    def _update_lead(self, found: Gradients) -> None:
        """Update the running mean of a discriminator's accuracy."""
        right = tf.add_n(self.loss_functions.accuracy(found.real_logits, found.fake_logits)) / 2
        self.lead.assign_add(0.02 * (replicas.mean(right) - self.lead))

    def _update_average(self) -> None:
        """Update the moving average, with a smaller decay at first."""
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.train_config.ema, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            if weight.trainable:
                average.assign_add((weight - average) * (1.0 - decay))
            else:  # Statistics of a normalisation are averages already.
                average.assign(weight)
