"""SAGAN over space and time (arXiv 1805.08318): self-attention and spectral normalisation.

In one level of both networks every position of every frame attends to all others. Both networks
have spectral normalisation (:mod:`vidgan.models.layers.spectral_norm`) and are otherwise those of
:mod:`vidgan.models.dcgan`. The paper's generator has batch normalisation, which would couple the
samples of a batch. The paper's loss is ``--loss hinge``.
"""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.sizes import Pyramid

# The cost of attention grows with the square of the number of positions: the largest level with at
# most this many has attention.
MAX_POSITIONS = 800


@keras.saving.register_keras_serializable(package="vidgan")
class Gain(layers.Layer):
    """Multiplies by a learned scalar that is initially zero."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the scalar."""
        self.gain = self.add_weight(shape=(), initializer="zeros", name="gain")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Multiply."""
        return inputs * self.gain

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape


def self_attention(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add self-attention over all positions, with a gain that is initially zero.

    Args:
        x: features ``(batch, frames, height, width, channels)``.

    Returns:
        Features of the same shape.
    """
    frames, height, width, channels = x.shape[1:]
    inner, half = max(1, channels // 8), max(1, channels // 2)
    query = Conv3D(inner, 1, use_bias=False, name="query")(x)
    # Keys and values have half of the height and width, as in the authors' code.
    key, value = (
        Conv3D(n, (1, 2, 2), (1, 2, 2), "same", use_bias=False, name=name)(x)
        for n, name in ((inner, "key"), (half, "value"))
    )
    # Scaled dot products, so that the softmax does not saturate at first.
    query = layers.Rescaling(inner**-0.5)(query)
    query, key, value = (layers.Reshape((-1, y.shape[-1]))(y) for y in (query, key, value))
    found = layers.Attention(name="attention")([query, value, key])
    found = layers.Reshape((frames, height, width, half))(found)
    found = Conv3D(channels, 1, use_bias=False, name="found")(found)
    return layers.Add()([x, Gain(name="gain")(found)])


def _attention_level(pyramid: Pyramid) -> int:
    """Return the index of the level with attention, 0 for the smallest."""
    frames, height, width = pyramid.base
    positions, level = frames * height * width, 0
    for stride in pyramid.strides[:-1]:
        positions *= stride[0] * stride[1] * stride[2]
        level += positions <= MAX_POSITIONS
    return level


def _attention_at_level(pyramid: Pyramid) -> dcgan.AtLevel:
    """Return a function that adds self-attention at one level of a network."""
    attention_level = _attention_level(pyramid)
    return lambda level, x: self_attention(x) if level == attention_level else x


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build DCGAN's generator with self-attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    at_level = _attention_at_level(Pyramid.build(config.frames, height, width))
    return dcgan.generator(config, height, width, at_level)


def trunk(config: ModelConfig, shape: Shape) -> keras.Model:
    """Build DCGAN's trunk with self-attention.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    return dcgan.trunk(config, shape, _attention_at_level(Pyramid.build(*shape)))


ARCHITECTURE = Architecture(
    summary="self-attention over space and time, spectral normalisation; use with --loss hinge",
    paper="arXiv 1805.08318",
    generator=generator,
    trunk=trunk,
    options={"spectral_norm": "both", "temporal_threshold": dcgan.TEMPORAL_THRESHOLD},
)
