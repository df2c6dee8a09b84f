"""Every model learns with every loss: a few steps of tiny networks, and nothing becomes NaN."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from matrices import some

from vidgan import runtime
from vidgan.config import MODELS, ModelConfig, TrainConfig
from vidgan.losses import LOSSES, Loss
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import Run

BATCH, FRAMES, SIDE, STEPS = 2, 8, 32, 4


def switched(names: Sequence[str], number: tf.Variable) -> Loss:
    """Return a loss that is the one of this number: one trace for all of them."""

    def side(attribute: str) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        functions = [getattr(LOSSES[name], attribute) for name in names]
        return lambda real, fake: tf.stack([f(real, fake) for f in functions])[number]

    return Loss(side("discriminator"), side("generator"))


def clips(seed: int) -> tf.Tensor:
    """Discs that move, of other colours in every clip."""
    random = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*(np.arange(n) for n in (FRAMES, SIDE, SIDE)), indexing="ij")
    made = np.empty((BATCH, FRAMES, SIDE, SIDE, 3), np.float32)
    for clip in made:
        (row, column), speed = random.uniform(8, 24, 2), random.uniform(-1, 1, 2)
        inside = np.hypot(y - row - speed[0] * t, x - column - speed[1] * t) < 6
        clip[:] = random.uniform(-1, 0, 3)
        clip[inside] = random.uniform(0, 1, 3)
    return tf.constant(made)


def networks(gan: VideoGAN) -> dict[str, keras.Model]:
    return {"generator": gan.generator, **gan.discriminators}


def weights(network: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


@pytest.mark.parametrize("name", some(MODELS, ("dcgan", "infogan", "mocogan")))
def test_model_learns_with_every_loss(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.prepare()
    number = tf.Variable(0)
    monkeypatch.setitem(LOSSES, TrainConfig.loss, switched(list(LOSSES), number))
    model = ModelConfig(model=name, frames=FRAMES, latent_dim=8, g_channels=4, d_channels=4)
    train = TrainConfig(batch_size=BATCH, penalty_every=2)
    gan = build_gan(Run(Path(), model, train, Path(), (SIDE, SIDE), 25.0))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    everything = [*gan.variables, *gan.g_optimizer.variables, *gan.d_optimizer.variables]
    start = [variable.numpy() for variable in everything]
    before = {part: weights(network) for part, network in networks(gan).items()}
    first, ends = {}, {}
    for index, loss in enumerate(LOSSES):
        number.assign(index)
        for variable, value in zip(everything, start, strict=True):
            variable.assign(value)
        logs = [step(clips(seed)) for seed in range(STEPS)]
        losses = np.array([[float(log[k]) for k in ("d_loss", "g_loss")] for log in logs])
        assert np.isfinite(losses).all(), loss
        for part, network in networks(gan).items():
            assert np.isfinite(weights(network)).all(), (loss, part)
            assert np.abs(weights(network) - before[part]).max() > 1e-4, (loss, part)
        first[loss], ends[loss] = losses[0], weights(gan.generator)
    # The test asks each loss: only these pairs have a side in common.
    same = {("non-saturating", "saturating"): 0, ("hinge", "wasserstein"): 1}
    for one, other in itertools.combinations(LOSSES, 2):
        equal = [i for i in (0, 1) if np.isclose(first[one][i], first[other][i], rtol=1e-4)]
        assert equal == [same[one, other]] if (one, other) in same else not equal
        if (one, other) != ("hinge", "wasserstein"):  # The same as long as logits are small.
            assert np.abs(ends[one] - ends[other]).max() > 1e-6, (one, other)
