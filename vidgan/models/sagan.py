"""SAGAN over space and time (arXiv 1805.08318): convolutions that see near, attention far.

In one level of both networks every position, of any frame, can look at every other: what a limb
does there can depend on where the body is here. Both networks are spectrally normalised
(:mod:`vidgan.models.spectral`), and otherwise :mod:`vidgan.models.dcgan`'s: the paper's
generator has batch normalisation, which would couple the samples. The paper's loss is
``--loss hinge``.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.dcgan import SLOPE, enlarged, kernel, level_channels
from vidgan.models.sizes import Pyramid

# Attention's work grows with the square of the positions: the largest level below this has it.
MAX_POSITIONS = 800


@keras.saving.register_keras_serializable(package="vidgan")
class Gain(layers.Layer):
    """Multiplies by one learned number that begins at zero."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the number."""
        self.gain = self.add_weight(shape=(), initializer="zeros", name="gain")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Multiply."""
        return inputs * self.gain

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape


def self_attention(x: keras.KerasTensor) -> keras.KerasTensor:
    """Let each position look at all others; at first it does not.

    Args:
        x: features ``(batch, frames, height, width, channels)``.

    Returns:
        The features, and what was found added to them.
    """
    frames, height, width, channels = x.shape[1:]
    inner, half = max(1, channels // 8), max(1, channels // 2)
    query = layers.Conv3D(inner, 1, use_bias=False, name="query")(x)
    # What is looked at has half of the height and width, as in the authors' program.
    key, value = (
        layers.Conv3D(n, (1, 2, 2), (1, 2, 2), "same", use_bias=False, name=name)(x)
        for n, name in ((inner, "key"), (half, "value"))
    )
    # With the products' usual scale the softmax begins far from its ends.
    query = layers.Rescaling(inner**-0.5)(query)
    query, key, value = (layers.Reshape((-1, y.shape[-1]))(y) for y in (query, key, value))
    found = layers.Attention(name="attention")([query, value, key])
    found = layers.Reshape((frames, height, width, half))(found)
    found = layers.Conv3D(channels, 1, use_bias=False, name="found")(found)
    return layers.Add()([x, Gain(name="gain")(found)])


def _level(pyramid: Pyramid) -> int:
    """Return which level has attention: as many strides lie between it and the smallest."""
    frames, height, width = pyramid.base
    positions, level = frames * height * width, 0
    for stride in pyramid.strides[:-1]:
        positions *= stride[0] * stride[1] * stride[2]
        level += positions <= MAX_POSITIONS
    return level


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build dcgan's generator with attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    widths = level_channels(config.g_channels, len(pyramid.strides))
    attends = _level(pyramid)
    latent = keras.Input((config.latent_dim,), name="latent")
    frames, rows, columns = pyramid.base
    units = frames * rows * columns * widths[0]
    x = layers.Dense(units, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((frames, rows, columns, widths[0]))(x)
    for level, (stride, channels) in enumerate(zip(pyramid.strides, widths[1:], strict=True)):
        if level == attends:
            x = self_attention(x)
        x = enlarged(x, channels, stride)
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3D(3, (1, 3, 3), padding="same")(x)
    clip = layers.Activation("tanh", dtype="float32", name="clip")(x)
    return keras.Model({"latent": latent}, clip, name="generator")


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build dcgan's trunk with attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    pyramid = Pyramid.build(*shape)
    *deep, _, first = level_channels(config.d_channels, len(pyramid.strides))
    attends = _level(pyramid)
    clip = keras.Input((*shape, 3), name="clip")
    x = clip
    level = len(pyramid.strides)
    for stride, channels in zip(reversed(pyramid.strides), [first, *reversed(deep)], strict=True):
        x = layers.Conv3D(channels, kernel(stride), stride, "same", kernel_initializer="he_normal")(
            x
        )
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
        level -= 1
        if level == attends:
            x = self_attention(x)
    return keras.Model(clip, layers.Flatten()(x), name="trunk")


ARCHITECTURE = Architecture(
    summary="attention across space and time, spectrally normalised; made for --loss hinge",
    paper="arXiv 1805.08318",
    generator=generator,
    trunk=trunk,
    options={"spectral_norm": "both"},
)
