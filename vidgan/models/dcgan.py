"""DCGAN in three dimensions (arXiv 1511.06434; for video 1609.02612).

Against the textbook: no batch normalisation (the discriminator must not couple the samples of a
batch, so that one backward pass can serve both networks), He initialisation in its place, and a
plain convolution behind the last transposed one, which takes its checkerboard away.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.sizes import Pyramid

# Channels stop growing here: the smallest levels hold few positions and gain nothing from more.
MAX_FACTOR = 8
SLOPE = 0.2


def _kernel(stride: tuple[int, int, int]) -> tuple[int, ...]:
    """Four taps along an axis that doubles (a multiple of its stride reaches all alike), else 3."""
    return tuple(4 if s == 2 else 3 for s in stride)


def _factors(depth: int) -> list[int]:
    """Return the channel factor of each level's input, from the smallest level on."""
    return [min(MAX_FACTOR, 2 ** (depth - 1 - i)) for i in range(depth)]


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator: a dense layer, then one Conv3DTranspose a doubling.

    See :func:`vidgan.models.build_generator`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    factors = _factors(len(pyramid.strides))
    latent = keras.Input((config.latent_dim,), name="latent")
    channels = config.g_channels * factors[0]
    frames, rows, columns = pyramid.base
    x = layers.Dense(frames * rows * columns * channels, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((frames, rows, columns, channels))(x)
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    for stride, factor in zip(pyramid.strides, [*factors[1:], 0.5], strict=True):
        x = layers.Conv3DTranspose(
            max(4, int(config.g_channels * factor)),
            _kernel(stride),
            stride,
            "same",
            kernel_initializer="he_normal",
        )(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3D(3, 3, padding="same")(x)
    clip = layers.Activation("tanh", dtype="float32", name="clip")(x)
    return keras.Model(latent, clip, name="generator")


def discriminator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the discriminator: one Conv3D a halving, then a dense layer to one logit.

    See :func:`vidgan.models.build_discriminator`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    factors = _factors(len(pyramid.strides))
    clip = keras.Input((config.frames, height, width, 3), name="clip")
    x = clip
    for stride, factor in zip(reversed(pyramid.strides), reversed(factors), strict=True):
        x = layers.Conv3D(
            config.d_channels * factor,
            _kernel(stride),
            stride,
            "same",
            kernel_initializer="he_normal",
        )(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Flatten()(x)
    logit = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(clip, logit, name="discriminator")
