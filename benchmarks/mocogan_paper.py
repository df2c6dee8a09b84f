"""MoCoGAN (arXiv 1707.04993) with the settings of the authors' code.

A frame is generated from 50 content and 10 motion dimensions; a GRU with a random initial state
generates the latter from noise. Channels 64 to 512; one discriminator for patches of single frames,
one for clips, both with noise of standard deviation 0.1 before their layers; batch normalisation in
all networks; 32 clips and 32 frames per step (the code falls back to 3 and 10); Adam 2e-4 with 0.5
and 0.999, weight decay 1e-5. Each network is updated on its own samples; clips are generated with
the running means of batch normalisation. The code takes every second frame; here the dataset
decides.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from baselines import (  # noqa: E402
    FRAMES,
    SIDE,
    Budget,
    Trained,
    adam,
    apply,
    fake,
    real,
    run,
    sample,
)
from keras import layers  # noqa: E402

from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402

# PyTorch's defaults, which the authors' code leaves as they are.
INIT = {"class_name": "VarianceScaling", "config": {"scale": 1 / 3, "distribution": "uniform"}}
CONTENT, MOTION, NOISE = 50, 10, 0.1


def normalised(x: Any) -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


class MocoganGenerator(keras.Model):
    """Content and motion → frames."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        bound = MOTION**-0.5
        uniform = keras.initializers.RandomUniform(-bound, bound)
        noise, state = keras.Input((FRAMES, MOTION)), keras.Input((MOTION,))
        gru = layers.GRU(
            MOTION,
            return_sequences=True,
            unroll=True,
            kernel_initializer=uniform,
            recurrent_initializer=uniform,
            bias_initializer=uniform,
        )
        self.motion = keras.Model([noise, state], gru(noise, initial_state=state))
        latent = keras.Input((CONTENT + MOTION,))
        x = layers.Reshape((1, 1, CONTENT + MOTION))(latent)
        x = layers.Conv2DTranspose(8 * channels, 4, kernel_initializer=INIT, use_bias=False)(x)
        for factor in (4, 2, 1):
            x = layers.ReLU()(normalised(x))
            x = layers.Conv2DTranspose(
                factor * channels, 4, 2, "same", kernel_initializer=INIT, use_bias=False
            )(x)
        x = layers.ReLU()(normalised(x))
        x = layers.Conv2DTranspose(3, 4, 2, "same", kernel_initializer=INIT, use_bias=False)(x)
        self.picture = keras.Model(latent, layers.Activation("tanh")(x))
        self.built = True

    def latents(self, count: int) -> tf.Tensor:
        """Draw ``(count, FRAMES, CONTENT + MOTION)``."""
        content = tf.repeat(tf.random.normal((count, 1, CONTENT)), FRAMES, axis=1)
        noise = tf.random.normal((count, FRAMES, MOTION)), tf.random.normal((count, MOTION))
        return tf.concat([content, self.motion(list(noise))], axis=2)

    def clips(self, count: int, training: bool = True) -> tf.Tensor:
        """Make clips in [-1, 1]."""
        latents = tf.reshape(self.latents(count), (count * FRAMES, CONTENT + MOTION))
        frames = self.picture(latents, training=training)
        return tf.reshape(frames, (count, FRAMES, SIDE, SIDE, 3))

    def images(self, count: int) -> tf.Tensor:
        """Make single frames, each of another clip."""
        return self.picture(one_frame(self.latents(count)), training=True)


def one_frame(clips: tf.Tensor) -> tf.Tensor:
    """Take a frame at random of each of ``(clips, FRAMES, …)``."""
    chosen = tf.random.uniform((clips.shape[0],), 0, FRAMES, tf.int32)
    return tf.gather(clips, chosen, axis=1, batch_dims=1)


def image_discriminator(channels: int) -> keras.Model:
    """Judge patches of a frame."""
    image = keras.Input((SIDE, SIDE, 3))
    x = image
    for factor in (1, 2, 4):
        x = layers.GaussianNoise(NOISE)(x)
        x = layers.Conv2D(factor * channels, 4, 2, "same", kernel_initializer=INIT, use_bias=False)(
            x
        )
        x = layers.LeakyReLU(negative_slope=0.2)(x if factor == 1 else normalised(x))
    x = layers.GaussianNoise(NOISE)(x)
    return keras.Model(
        image, layers.Conv2D(1, 4, 2, "same", kernel_initializer=INIT, use_bias=False)(x)
    )


def video_discriminator(channels: int) -> keras.Model:
    """Judge a clip; every layer takes three frames off its ends until one is left."""
    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = clip
    for factor in (1, 2, 4, 8):
        x = layers.ZeroPadding3D((0, 1, 1))(layers.GaussianNoise(NOISE)(x))
        x = layers.Conv3D(factor * channels, 4, (1, 2, 2), kernel_initializer=INIT, use_bias=False)(
            x
        )
        x = layers.LeakyReLU(negative_slope=0.2)(x if factor == 1 else normalised(x))
    return keras.Model(clip, layers.Conv3D(1, 4, kernel_initializer=INIT, use_bias=False)(x))


def mocogan(
    manifest: Manifest,
    budgets: Sequence[Budget],
    seed: int,
    samples: int,
    *,
    mirror: bool = True,
    batch: int = 32,
    images: int = 32,
    channels: int = 64,
) -> Iterator[Trained]:
    """Train, and sample as each budget is used up; see the module."""
    runtime.seed_everything(seed)
    decay = 1e-5
    generator = MocoganGenerator(channels)
    of_images, of_videos = image_discriminator(channels), video_discriminator(channels)
    g_optimizer, i_optimizer, v_optimizer = map(adam, (generator, of_images, of_videos))

    def learn(
        optimizer: keras.optimizers.Adam, judge: keras.Model, true: tf.Tensor, made: tf.Tensor
    ) -> None:
        with tf.GradientTape() as tape:
            loss = real(judge(true, training=True)) + fake(judge(made, training=True))
        apply(optimizer, tape, loss, judge, decay)

    def step(clips: tf.Tensor) -> tf.Tensor:
        # Frames come from clips of their own; with fewer clips than frames some share a clip.
        shown = tf.gather(clips, tf.random.shuffle(tf.range(images) % batch))
        learn(i_optimizer, of_images, one_frame(shown), generator.images(images))
        learn(v_optimizer, of_videos, clips, generator.clips(batch))
        with tf.GradientTape() as tape:
            loss = real(of_images(generator.images(images), training=True))
            loss += real(of_videos(generator.clips(batch), training=True))
        apply(g_optimizer, tape, loss, generator, decay)
        return loss

    data = training_clips(manifest, FRAMES, batch, mirror=mirror, seed=seed)
    for steps, seconds, step_flops in run(step, data, budgets):
        clips = sample(partial(generator.clips, training=False), samples)
        yield Trained(clips, steps, seconds, step_flops, batch)
