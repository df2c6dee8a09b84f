"""SAGAN over space and time (arXiv 1805.08318): convolutions that see near, attention far.

In one level of both networks every position, of any frame, can look at every other: what a limb
does there can depend on where the body is here. Both networks are spectrally normalised
(:mod:`vidgan.models.layers.spectral_norm`), and otherwise :mod:`vidgan.models.dcgan`'s: the paper's
generator has batch normalisation, which would couple the samples. The paper's loss is
``--loss hinge``.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture, Shape
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


def _attending(pyramid: Pyramid) -> dcgan.AtLevel:
    """Return what gives one level of a network attention."""
    attends = _level(pyramid)
    return lambda level, x: self_attention(x) if level == attends else x


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build dcgan's generator with attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    attending = _attending(Pyramid.build(config.frames, height, width))
    return dcgan.generator(config, height, width, attending)


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build dcgan's trunk with attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    return dcgan.trunk(config, shape, _attending(Pyramid.build(*shape)))


ARCHITECTURE = Architecture(
    summary="attention across space and time, spectrally normalised; made for --loss hinge",
    paper="arXiv 1805.08318",
    generator=generator,
    trunk=trunk,
    options={"spectral_norm": "both", "temporal_threshold": dcgan.TEMPORAL_THRESHOLD},
)
