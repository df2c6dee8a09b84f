"""DVD-GAN (arXiv 1907.06571): a convolutional recurrent state, decoded frame by frame.

The smallest level of the generator is recurrent over the frames (:class:`ConvGRU`). From there each
frame is decoded on its own, by upsampling and residual blocks; TGANv2 (arXiv 1811.09245) has the
same structure. There are two discriminators, of single frames at full size and of whole clips at
half size (:mod:`vidgan.models.views`), both DCGAN's with more channels.

Differences from the paper, for a network that can be trained on a CPU:

- The recurrent input is not the same for all frames, which causes little motion at first, but is
  interpolated between a few.
- No normalisation and no attention. Residual branches start small.
- One recurrent level, and residual blocks of one convolution, only below half of the full size.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.layers.conv_gru import ConvGRU
from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.sizes import Pyramid

# Frames between consecutive inputs of the recurrent unit.
SPACING = 4
# Variance of the weights of a residual branch, relative to He initialisation.
BRANCH = 0.1
# Levels at the end without a residual block.
PLAIN = 2
# Factor of the discriminators' channels to DCGAN's, whose discriminator sees more of a clip.
WIDER = 2


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add a residual block: a convolution of each frame."""
    branch = layers.LeakyReLU(negative_slope=dcgan.SLOPE)(x)
    branch = Conv3D(
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
    # All frames exist at the smallest level: only height and width double.
    pyramid = Pyramid.build(1, height, width)
    _, rows, columns = pyramid.base
    # The state has as many channels as the next level: there is one for every frame.
    _, *widths = dcgan.level_channels(config.g_channels, len(pyramid.strides))
    inputs, first = config.frames // SPACING + 1, widths[0]
    latent = keras.Input((config.latent_dim,), name="latent")
    x = layers.Dense(inputs * rows * columns * first, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((inputs, rows, columns, first))(x)
    x = ConvGRU(first, config.frames)(x)
    for level, (stride, channels) in enumerate(zip(pyramid.strides, widths, strict=True), 1):
        x = dcgan.upsample(x, channels, stride)
        if level <= len(widths) - PLAIN:
            x = _residual(x)
    return keras.Model({"latent": latent}, dcgan.to_clip(x), name="generator")


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build a discriminator's trunk: DCGAN's with more channels, since a view has few pixels.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    return dcgan.trunk(config.replace(d_channels=WIDER * config.d_channels), shape)


ARCHITECTURE = Architecture(
    summary="a recurrent state over the frames, decoded frame by frame: fast, sharp frames",
    paper="arXiv 1907.06571",
    generator=generator,
    trunk=trunk,
    options={"discriminators": "frames,small"},
)
