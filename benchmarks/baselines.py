"""The textbook recipe, and a training loop for recipes that are not vidgan's.

Such recipes follow their papers and share only the data pipeline with vidgan.

``textbook``: DCGAN (arXiv 1511.06434) with a time axis (1609.02612) as it is usually taught:
channels 32 to 256, 4 × 4 × 4 kernels of stride 2, batch normalisation and ReLU in G, normal weights
of deviation 0.02, alternating steps of the non-saturating loss, batch 16, Adam 2e-4 with 0.5 and
0.999; sampled from the weights themselves with batch statistics, as such code does.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidgan import pixels, runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402
from vidgan.models import flops  # noqa: E402

FRAMES, SIDE = 16, 64
CLIP = FRAMES, SIDE, SIDE
# Length of the textbook's latent vector.
LATENT = 100


@dataclass(frozen=True)
class Budget:
    """Training budget: minutes of a clock that returns seconds, or steps."""

    minutes: float
    steps: int | None = None
    clock: Callable[[], float] = time.perf_counter


@dataclass
class Trained:
    """Result of a training.

    Attributes:
        clips: generated, uint8 ``(samples, FRAMES, SIDE, SIDE, 3)``.
        steps: training steps taken.
        seconds: by the budget's clock.
        step_flops: of a training step, counted on its graph.
        batch: real clips a step.
        health: health rules that were violated at the end.
    """

    clips: np.ndarray
    steps: int
    seconds: float
    step_flops: float
    batch: int
    health: tuple[str, ...] = ()


def run(
    step: Callable[[tf.Tensor], Any], data: tf.data.Dataset, budgets: Sequence[Budget]
) -> Iterator[tuple[int, float, float]]:
    """Train; yield steps, seconds and FLOPs per step whenever a budget is used up.

    The time of the caller does not count.
    """
    traced = tf.function(step, autograph=False, jit_compile=False)
    batches, steps, used = iter(data), 0, 0.0
    for budget in budgets:
        while used < 60 * budget.minutes and steps != budget.steps:
            start = budget.clock()
            batch = next(batches)
            float(traced(batch))
            steps, used = steps + 1, used + budget.clock() - start
        yield steps, used, flops.count_graph_flops(traced.get_concrete_function(batch))


def adam(network: keras.Model) -> keras.optimizers.Adam:
    optimizer = keras.optimizers.Adam(2e-4, 0.5, 0.999)
    optimizer.build(network.trainable_variables)
    return optimizer


def apply(
    optimizer: keras.optimizers.Adam,
    tape: tf.GradientTape,
    loss: tf.Tensor,
    network: keras.Model,
    decay: float = 0.0,
) -> None:
    """Take a step on ``loss``; weight decay is added to the gradient (L2 regularisation)."""
    variables = network.trainable_variables
    gradients = tape.gradient(loss, variables)
    if decay:
        gradients = [g + decay * v for g, v in zip(gradients, variables, strict=True)]
    optimizer.apply(gradients, variables)


def real(logits: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of logits with the target real."""
    return tf.reduce_mean(tf.nn.softplus(-logits))


def fake(logits: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of logits with the target generated."""
    return tf.reduce_mean(tf.nn.softplus(logits))


def sample(make: Callable[[int], tf.Tensor], count: int) -> np.ndarray:
    """Generate ``count`` clips in batches of 32, as uint8."""
    parts = [make(min(32, count - start)).numpy() for start in range(0, count, 32)]
    clips: np.ndarray = pixels.to_uint8(np.concatenate(parts))
    return clips


def textbook_networks(channels: int) -> tuple[keras.Model, keras.Model]:
    def init() -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(0.0, 0.02)

    latent = keras.Input((LATENT,))
    x = layers.Dense(2 * 4 * 4 * 8 * channels, kernel_initializer=init())(latent)
    x = layers.Reshape((2, 4, 4, 8 * channels))(x)
    for factor in (4, 2, 1):
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Conv3DTranspose(factor * channels, 4, 2, "same", kernel_initializer=init())(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv3DTranspose(3, 4, (1, 2, 2), "same", kernel_initializer=init())(x)
    generator = keras.Model(latent, layers.Activation("tanh")(x))
    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = clip
    for factor, stride in ((1, (1, 2, 2)), (2, 2), (4, 2), (8, 2)):
        x = layers.Conv3D(factor * channels, 4, stride, "same", kernel_initializer=init())(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    return generator, keras.Model(clip, layers.Dense(1)(layers.Flatten()(x)))


def textbook(
    manifest: Manifest,
    budgets: Sequence[Budget],
    seed: int,
    samples: int,
    *,
    mirror: bool = True,
    batch: int = 16,
    channels: int = 32,
) -> Iterator[Trained]:
    """Train, and sample whenever a budget is used up; see the module."""
    runtime.seed_everything(seed)
    generator, discriminator = textbook_networks(channels)
    g_optimizer, d_optimizer = adam(generator), adam(discriminator)

    def generate(count: int) -> tf.Tensor:
        return generator(tf.random.normal((count, LATENT)), training=True)

    def step(clips: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as g_tape:
            made = generate(batch)
        with tf.GradientTape() as d_tape:
            d_loss = real(discriminator(clips)) + fake(discriminator(tf.stop_gradient(made)))
        apply(d_optimizer, d_tape, d_loss, discriminator)
        with g_tape:  # Continue recording after the step of D.
            g_loss = real(discriminator(made))
        apply(g_optimizer, g_tape, g_loss, generator)
        return d_loss

    data = training_clips(manifest, FRAMES, batch, mirror=mirror, seed=seed)
    for steps, seconds, step_flops in run(step, data, budgets):
        yield Trained(sample(generate, samples), steps, seconds, step_flops, batch)
