"""AdversarialModel: what all that is trained against discriminators has in common."""

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from vidgan.config import TrainConfig
from vidgan.losses import LOSSES
from vidgan.models.views import VIEWS, View
from vidgan.regularizers import PENALTIES
from vidgan.training.discriminator_step import DiscriminatorBatch, DiscriminatorStep, Gradients
from vidgan.training.schedules import Schedules

Logs = dict[str, tf.Tensor]


class AdversarialModel(keras.Model):
    """A generator, its moving average, discriminators, and how each takes a step.

    Subclasses have ``train_step(batch) -> logs``, in which every value is a scalar and those that
    must stay finite end in ``loss``. Everything random in a step comes from :meth:`seeds`, so that
    a run taken up again draws what it would have drawn.

    Args:
        generator: what is trained; of several networks a Keras model that holds them all. Its
            shapes are those of a training clip.
        discriminators: by name; none for a task that goes without.
        frames: of a training clip.
        seed: of all that is random in a step.
        name: of the model.
        average: a network that the generator's weights fit into, for the moving average, where that
            is to take clips of other shapes than those of training; by default a copy.

    Attributes:
        generator_ema: the moving average of the generator, which is what is used.
        share: how much of the training's budget is used, 0…1; the loop sets it.
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
        self.share = tf.Variable(0.0, trainable=False, name="share")
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
        """Set how the networks are trained.

        Args:
            g_optimizer: the generator's.
            d_optimizer: that of all discriminators together.
            train: the options of training.
            share_backward: use one backward pass for both networks where that is exact enough.
        """
        # XLA is ruinous for Conv3DTranspose on a CPU; the two optimizers are kept here.
        super().compile(optimizer=None, jit_compile=False)
        self.train_config = train
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self._d_variables())
        self.pace = Schedules(train, g_optimizer, d_optimizer)
        self.loss_functions = LOSSES[train.loss]
        self.penalties = {name: getattr(train, name) for name in PENALTIES if getattr(train, name)}
        weight = 1.0 if train.recognition is None else train.recognition
        self.critics = [
            DiscriminatorStep(
                network,
                self.view(name),
                self.loss_functions,
                train.label_smoothing,
                weight,
                self.items_together(name),
            )
            for name, network in self.discriminators.items()
        ]
        scaled = isinstance(d_optimizer, keras.optimizers.LossScaleOptimizer)
        self.shares_backward = share_backward and not scaled

    def view(self, name: str) -> View:
        """Return how a discriminator looks at clips: whole, unless a subclass knows better."""
        return VIEWS["clip"]

    def items_of_clip(self, name: str) -> int:
        """Return how many items of a clip a discriminator judges."""
        return 1

    def items_together(self, name: str) -> int:
        """Return how many neighbouring items a discriminator gives one logit."""
        return 1

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Generate clips with the moving average of the generator's weights."""
        return self.generator_ema(inputs, training=training)

    def seeds(self, count: int) -> tf.Tensor:
        """Return as many stateless seeds of this step, int32 ``(count, 2)``."""
        return tf.random.split((self.seed, tf.cast(self.step % 2**31, tf.int32)), count)

    def _d_variables(self) -> list[keras.Variable]:
        networks = self.discriminators.values()
        return [variable for network in networks for variable in network.trainable_variables]

    def _gradients(self, critic: DiscriminatorStep, items: DiscriminatorBatch) -> Gradients:
        if self.shares_backward and not critic.recognises:
            return critic.shared_gradients(items)
        return critic.separate_gradients(items, self.d_optimizer, self.g_optimizer)

    def _logs(self, found: Sequence[Gradients]) -> Logs:
        """Return losses, summed over the critics, and accuracies, their means."""
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
        self, found: Sequence[Gradients], seen: Sequence[DiscriminatorBatch], seed: tf.Tensor
    ) -> Logs:
        """Take the discriminators' step, if it is due, and return what there is to log of it.

        Args:
            found: what each critic made of its items.
            seen: the items of each.
            seed: of the penalties.
        """
        gradients = [gradient for each in found for gradient in each.discriminator]
        logs = {"d_norm": tf.linalg.global_norm(gradients) / self.d_optimizer.scale_loss(1.0)}
        if self.penalties:
            gradients, penalties = self._add_penalties(gradients, seen, seed)
            logs |= penalties
        self.pace.at_every(
            self.step,
            self.train_config.d_every,
            lambda: self.d_optimizer.apply(gradients, self._d_variables()),
        )
        return logs

    def _add_penalties(
        self, gradients: list[tf.Tensor], seen: Sequence[DiscriminatorBatch], seed: tf.Tensor
    ) -> tuple[list[tf.Tensor], Logs]:
        """Add the gradients of the lazy penalties (arXiv 1912.04958); return the penalties too."""
        every, d_every = self.train_config.penalty_every, self.train_config.d_every
        variables = self._d_variables()

        def penalised() -> tuple[list[tf.Tensor], Logs]:
            values = {}
            with tf.GradientTape() as tape:
                for index, name in enumerate(self.penalties):
                    own = tf.random.fold_in(seed, index)
                    each = [
                        c.penalty(name, i, own) for c, i in zip(self.critics, seen, strict=True)
                    ]
                    values[name] = tf.add_n(each)
                total = tf.add_n([self.penalties[name] * values[name] for name in values])
                loss = self.d_optimizer.scale_loss(total * every)
            # None where the penalty does not depend on a variable, such as the last bias.
            added = tape.gradient(loss, variables)
            both = zip(gradients, added, strict=True)
            return [tf.identity(g) if a is None else g + a for g, a in both], values

        def plain() -> tuple[list[tf.Tensor], Logs]:
            nothing = {name: tf.constant(float("nan")) for name in self.penalties}
            return [tf.identity(g) for g in gradients], nothing

        # Steps at which D learns are counted: at others a penalty would be lost.
        due = tf.equal(self.step % (every * d_every), d_every - 1)
        return tf.cond(due, penalised, plain)

    def _g_step(self, gradients: Callable[[], list[tf.Tensor]]) -> tf.Tensor:
        """Take the generator's step, if it is due; return the norm of its gradient, else NaN.

        Args:
            gradients: works out the gradient of each of the generator's trainable weights, scaled
                by ``g_optimizer.scale_loss``.
        """

        def act() -> tf.Tensor:
            found = gradients()
            self.g_optimizer.apply(found, self.generator.trainable_variables)
            self._update_average()
            return tf.linalg.global_norm(found) / self.g_optimizer.scale_loss(1.0)

        return self.pace.at_every(self.step, self.train_config.g_every, act)

    def _follow_lead(self, found: Gradients) -> None:
        """Note how well a critic tells real from generated of late."""
        right = tf.add_n(self.loss_functions.accuracy(found.real_logits, found.fake_logits)) / 2
        self.lead.assign_add(0.02 * (right - self.lead))

    def _update_average(self) -> None:
        """Move the average towards the weights; faster at first, when they are worth little."""
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.train_config.ema, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            if weight.trainable:
                average.assign_add((weight - average) * (1.0 - decay))
            else:  # Such as a normalisation's statistics, which are averages already.
                average.assign(weight)
