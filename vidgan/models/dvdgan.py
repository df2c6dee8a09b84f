"""DVD-GAN (arXiv 1907.06571): a recurrent state that moves, a picture drawn from each state.

The generator's smallest level is recurrent over the frames (:class:`ConvGRU`), above it each frame
is a picture of its own, enlarged and refined by residual blocks; TGANv2 (arXiv 1811.09245) is
built the same way. Two discriminators judge it: single frames at full size, and motion at half of
it (:mod:`vidgan.models.views`), both DCGAN's and wider.

Where it leaves the paper, for a network that a CPU can train:

- Its input is not the same for all frames, which sets little in motion at first, but glides
  through a few.
- No normalisation and no attention. Residual branches begin small.
- One recurrent level, and blocks of one convolution, which end below half of the full size.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.layers.conv_gru import ConvGRU
from vidgan.models.sizes import Pyramid

# Frames from one input of the recurrent unit to the next.
SPACING = 4
# Variance of a residual branch's weights, against He's.
BRANCH = 0.1
# Levels at the end that are enlarged without a residual block.
PLAIN = 2
# How much wider the discriminators are than DCGAN's, which sees more of a clip.
WIDER = 2


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add to each frame what a convolution finds missing."""
    branch = layers.LeakyReLU(negative_slope=dcgan.SLOPE)(x)
    branch = layers.Conv3D(
        x.shape[-1],
        (1, 3, 3),
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(2.0 * BRANCH, "fan_in"),
    )(branch)
    return layers.Add()([x, branch])


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    # The frames are all there from the start: only the picture doubles.
    pyramid = Pyramid.build(1, height, width)
    _, rows, columns = pyramid.base
    # The state is as wide as the level above it: every frame has one of its own.
    _, *widths = dcgan.level_channels(config.g_channels, len(pyramid.strides))
    inputs, first = config.frames // SPACING + 1, widths[0]
    latent = keras.Input((config.latent_dim,), name="latent")
    x = layers.Dense(inputs * rows * columns * first, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((inputs, rows, columns, first))(x)
    x = ConvGRU(first, config.frames)(x)
    for level, (stride, channels) in enumerate(zip(pyramid.strides, widths, strict=True), 1):
        x = dcgan.enlarged(x, channels, stride)
        if level <= len(widths) - PLAIN:
            x = _residual(x)
    return keras.Model({"latent": latent}, dcgan.as_clip(x), name="generator")


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build a discriminator's trunk: DCGAN's, wider, since a view has few pixels.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    return dcgan.trunk(config.replace(d_channels=WIDER * config.d_channels), shape)


ARCHITECTURE = Architecture(
    summary="a recurrent state that moves and a picture from each: fast, sharp frames",
    paper="arXiv 1907.06571",
    generator=generator,
    trunk=trunk,
    options={"discriminators": "frames,small"},
)
