"""DCGAN in three dimensions (arXiv 1511.06434; for video 1609.02612).

Where it leaves the textbook, each by measurement (``benchmarks/quality.md``):

- No normalisation in either network, He initialisation in its place: as good after equal minutes,
  and faster. The discriminator must do without batch normalisation anyway, which would couple the
  samples of a batch: each loss would then need a backward pass of its own.
- Levels that double only the picture have kernels of one frame, and the level of full size is
  thin: most of the arithmetic goes where motion and shape are made.
- A plain convolution behind the last transposed one takes its checkerboard away.
- Each frame has gains of its own where frames double, see :mod:`vidgan.models.frame_gain`.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.frame_gain import FrameGain
from vidgan.models.sizes import Pyramid

# Channels stop growing here: the smallest levels hold few positions and gain nothing from more.
MAX_FACTOR = 8
SLOPE = 0.2


def kernel(stride: tuple[int, int, int]) -> tuple[int, int, int]:
    """Four taps along an axis that doubles: a multiple of its stride reaches all places alike."""
    time, height, width = stride
    return (4 if time == 2 else 1, 4 if height == 2 else 3, 4 if width == 2 else 3)


def level_channels(channels: int, depth: int) -> list[int]:
    """Return the channels from the smallest level to the full size: halving, and half of that."""
    factors = [min(MAX_FACTOR, 2 ** (depth - 1 - i)) for i in range(depth)]
    return [*(channels * factor for factor in factors), max(1, channels // 2)]


def enlarged(
    x: keras.KerasTensor, channels: int, stride: tuple[int, int, int]
) -> keras.KerasTensor:
    """Double the axes that ``stride`` says."""
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3DTranspose(
        channels, kernel(stride), stride, "same", kernel_initializer="he_normal"
    )(x)
    return FrameGain()(x) if stride[0] == 2 else x


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator: a dense layer, then one Conv3DTranspose a doubling.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    widths = level_channels(config.g_channels, len(pyramid.strides))
    latent = keras.Input((config.latent_dim,), name="latent")
    frames, rows, columns = pyramid.base
    units = frames * rows * columns * widths[0]
    x = layers.Dense(units, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((frames, rows, columns, widths[0]))(x)
    for stride, channels in zip(pyramid.strides, widths[1:], strict=True):
        x = enlarged(x, channels, stride)
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3D(3, (1, 3, 3), padding="same")(x)
    clip = layers.Activation("tanh", dtype="float32", name="clip")(x)
    return keras.Model({"latent": latent}, clip, name="generator")


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build the discriminator's trunk: one Conv3D a halving.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    pyramid = Pyramid.build(*shape)
    *deep, _, first = level_channels(config.d_channels, len(pyramid.strides))
    clip = keras.Input((*shape, 3), name="clip")
    x = clip
    for stride, channels in zip(reversed(pyramid.strides), [first, *reversed(deep)], strict=True):
        x = layers.Conv3D(channels, kernel(stride), stride, "same", kernel_initializer="he_normal")(
            x
        )
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    return keras.Model(clip, layers.Flatten()(x), name="trunk")


ARCHITECTURE = Architecture(
    summary="convolutions over space and time from one vector: fast, the best first choice",
    paper="arXiv 1511.06434",
    generator=generator,
    trunk=trunk,
)
