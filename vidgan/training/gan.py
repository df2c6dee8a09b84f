"""VideoGAN: a generator, its discriminators and the step that trains them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from vidgan import augment
from vidgan.config import ModelConfig, TrainConfig
from vidgan.latents import Latent
from vidgan.losses import LOSSES
from vidgan.models.views import VIEWS
from vidgan.regularizers import PENALTIES
from vidgan.training import noise
from vidgan.training.critic import Critic, Gradients, Items
from vidgan.training.pace import Pace

Logs = dict[str, tf.Tensor]
# Real clips that it takes the adaptive augmentation from never to always, at the fastest.
ADA_CLIPS = 20_000


class VideoGAN(keras.Model):
    """Trains a generator against its discriminators.

    A batch is float32 ``(batch, frames, height, width, 3)`` in [-1, 1] with a static batch size; of
    a conditional model a pair of that and int32 labels ``(batch,)``. Everything random in a step
    comes from the seed and the number of the step, so that a run taken up again draws what it would
    have drawn.

    Args:
        model: the networks' options, resolved.
        latents: the generator's inputs.
        generator: a dict of latents → clips.
        discriminators: for each view's name its network; see
            :func:`vidgan.models.build_discriminators`.
        seed: of latents, augmentation, noise and views.

    Attributes:
        share: how much of the training's budget is used, 0…1; the loop sets it.
    """

    def __init__(
        self,
        model: ModelConfig,
        latents: Sequence[Latent],
        generator: keras.Model,
        discriminators: Mapping[str, keras.Model],
        seed: int = 0,
    ) -> None:
        super().__init__(name="video_gan")
        self.config, self.latents, self.seed = model, tuple(latents), seed
        self.generator = generator
        self.discriminators = dict(discriminators)
        self.generator_ema = keras.models.clone_model(generator)
        self.generator_ema.trainable = False
        self.generator_ema.set_weights(generator.get_weights())
        self.step = self._state("step", "int64")
        self.lead = self._state("lead", "float32", 0.75)
        self.augment_share = self._state("augment_share", "float32")
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
        self.pace = Pace(train, g_optimizer, d_optimizer)
        self.loss_functions = LOSSES[train.loss]
        self.policies = augment.parse(train.augment)
        self.penalties = {name: getattr(train, name) for name in PENALTIES if getattr(train, name)}
        weight = 1.0 if train.recognition is None else train.recognition
        self.critics = [
            Critic(network, VIEWS[name], self.loss_functions, train.label_smoothing, weight)
            for name, network in self.discriminators.items()
        ]
        scaled = isinstance(d_optimizer, keras.optimizers.LossScaleOptimizer)
        self.shares_backward = share_backward and not scaled

    def _d_variables(self) -> list[keras.Variable]:
        networks = self.discriminators.values()
        return [variable for network in networks for variable in network.trainable_variables]

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Generate clips with the moving average of the generator's weights."""
        return self.generator_ema(inputs, training=training)

    def judge(self, clips: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Return the mean logit of each clip, float32 ``(batch,)``, as outside of training.

        Args:
            clips: float32 ``(batch, frames, height, width, 3)`` in [-1, 1].
            labels: int32 ``(batch,)``, of a conditional model.
        """
        # Keras refuses tensors and NumPy arrays side by side, as a view and its labels may be.
        clips, means = tf.convert_to_tensor(clips), []
        for critic in self.critics:
            of_clip = critic.view.count(self.config)
            items = critic.view.see(clips, self.config, tf.constant((self.seed, 0)))
            repeated = None if labels is None else tf.repeat(labels, of_clip)
            logits = critic.judge(items, repeated, training=False)["logit"]
            means.append(tf.reduce_mean(tf.reshape(logits, (-1, of_clip)), axis=1))
        return tf.add_n(means) / len(means)

    def train_step(self, data: Any) -> Logs:
        """Take one step of the networks; see the class."""
        real, labels = data if self.config.conditional else (data, None)
        seeds = tf.random.split((self.seed, tf.cast(self.step % 2**31, tf.int32)), 4)
        drawn = noise.draw(self.latents, real.shape[0], seeds[0], labels)
        with tf.GradientTape() as tape:
            fake = self.generator(drawn, training=True)
            seen = self._see(real, fake, labels, drawn, seeds[1])
        found = [
            self._gradients(critic, items) for critic, items in zip(self.critics, seen, strict=True)
        ]
        logs = self._logs(found)
        d_gradients = [gradient for each in found for gradient in each.discriminator]
        logs["d_norm"] = tf.linalg.global_norm(d_gradients) / self.d_optimizer.scale_loss(1.0)
        if self.penalties:
            d_gradients, penalties = self._add_penalties(d_gradients, seen, seeds[2])
            logs |= penalties
        at_items = [each.at_items for each in found]
        if self.train_config.unroll:
            at_items = [
                critic.unrolled_gradient(items, self.train_config.unroll, self.train_config.d_lr)
                for critic, items in zip(self.critics, seen, strict=True)
            ]
        self.pace.set_rates(self.share, self.lead)
        self.pace.at_every(
            self.step,
            self.train_config.d_every,
            lambda: self.d_optimizer.apply(d_gradients, self._d_variables()),
        )
        logs["g_norm"] = self.pace.at_every(
            self.step, self.train_config.g_every, lambda: self._step_generator(tape, seen, at_items)
        )
        self._adapt(found, real.shape[0])
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
    ) -> list[Items]:
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
                Items(
                    critic.view.see(both, self.config, own),
                    None if labels is None else tf.repeat(tf.tile(labels, [2]), of_clip),
                    {name: tf.repeat(values, of_clip, axis=0) for name, values in drawn.items()},
                )
            )
        return made

    def _gradients(self, critic: Critic, items: Items) -> Gradients:
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

    def _add_penalties(
        self, gradients: list[tf.Tensor], seen: Sequence[Items], seed: tf.Tensor
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

    def _step_generator(
        self, tape: tf.GradientTape, seen: Sequence[Items], at_items: list[tf.Tensor]
    ) -> tf.Tensor:
        """Take the generator's step and return the norm of its gradient."""
        variables = self.generator.trainable_variables
        gradients = tape.gradient([s.both for s in seen], variables, output_gradients=at_items)
        self.g_optimizer.apply(gradients, variables)
        self._update_average()
        return tf.linalg.global_norm(gradients) / self.g_optimizer.scale_loss(1.0)

    def _adapt(self, found: Sequence[Gradients], batch: int) -> None:
        """Follow who leads, and how often clips must be augmented (ADA, arXiv 2006.06676)."""
        first = found[0]
        right = tf.add_n(self.loss_functions.accuracy(first.real_logits, first.fake_logits)) / 2
        self.lead.assign_add(0.02 * (right - self.lead))
        target = self.train_config.ada
        if target is not None:
            sign = tf.reduce_mean(tf.sign(first.real_logits))
            change = tf.sign(sign - target) * (batch / ADA_CLIPS)
            self.augment_share.assign(tf.clip_by_value(self.augment_share + change, 0.0, 1.0))

    def _update_average(self) -> None:
        """Move the average towards the weights; faster at first, when they are worth little."""
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.train_config.ema, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            if weight.trainable:
                average.assign_add((weight - average) * (1.0 - decay))
            else:  # Such as a normalisation's statistics, which are averages already.
                average.assign(weight)
