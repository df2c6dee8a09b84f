"""The upsampler: the second network of a cascade, which enlarges the clips of the generator.

Cascades of generators from small to large frames are those of LAPGAN (arXiv 1506.05751) and of
cascaded diffusion models (2106.15282). The network is that of ``--task enhance``, on clips of the
generator.
"""

from typing import NamedTuple

import keras

from vidgan.config import ModelConfig
from vidgan.models import restorer
from vidgan.models.layers.resize import Resize
from vidgan.models.sizes import base_size

# Channels and residual blocks of the network.
CHANNELS, BLOCKS = 32, 4
# Names of a cascade, its second part, and the network in that.
CASCADE, UPSAMPLER, NETWORK = "cascade", "upsampler", "network"


class Grid(NamedTuple):
    """The sizes of an upsampler.

    Attributes:
        base: width and height of the generator's clips in pixels.
        small: width and height of the clips that the network takes: they are resized to it.
        large: width and height of those it returns, ``--upscale`` times as many; they are resized
            to the size of the frames.
    """

    base: tuple[int, int]
    small: tuple[int, int]
    large: tuple[int, int]


def sizes(config: ModelConfig, size: tuple[int, int]) -> Grid:
    """Return the sizes of an upsampler.

    Args:
        config: options of the model.
        size: width and height of the frames in pixels.
    """
    upscale = config.upscale or 1
    width, height = (-(-side // upscale) for side in size)
    return Grid(base_size(size, upscale), (width, height), (upscale * width, upscale * height))


def build_network(config: ModelConfig) -> keras.Model:
    """Build the network that enlarges clips of any size and number of frames.

    Returns:
        A Keras model from clips ``(batch, frames, height, width, 3)`` to float32 clips ``upscale``
        times as large, both in [-1, 1]. Before training it enlarges them bicubically.
    """
    network = restorer.generator(config.upscale or 1, CHANNELS, BLOCKS)
    network.name = NETWORK
    return network


def build_upsampler(config: ModelConfig, size: tuple[int, int]) -> keras.Model | None:
    """Build the upsampler: :func:`build_network`, and what fits it to the sizes.

    Args:
        config: options of the model, resolved.
        size: width and height of the frames in pixels.

    Returns:
        A Keras model from clips of the generator to float32 clips ``(batch, frames, height, width,
        3)`` in about [-1, 1]; None if the generator makes clips of that size itself.
    """
    grid = sizes(config, size)
    if grid.base == size:
        return None
    x = clip = keras.Input((None, *grid.base[::-1], 3), name="clip")
    if grid.small != grid.base:
        x = Resize(*grid.small[::-1])(x)
    if config.upscale != 1:
        x = build_network(config)(x)
    if grid.large != size:
        x = Resize(*size[::-1])(x)
    return keras.Model(clip, x, name=UPSAMPLER)


def join(generator: keras.Model, upsampler: keras.Model | None) -> keras.Model:
    """Return the cascade: a Keras model from the generator's inputs to the upsampler's output.

    Args:
        generator: the generator.
        upsampler: of :func:`build_upsampler`; None for the generator alone.
    """
    if upsampler is None:
        return generator
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in generator.input.items()
    }
    return keras.Model(inputs, upsampler(generator(inputs)), name=CASCADE)


def split(network: keras.Model) -> tuple[keras.Model, keras.Model | None]:
    """Return the arguments of :func:`join` from its result."""
    if network.name != CASCADE:
        return network, None
    generator, upsampler = (each for each in network.layers if isinstance(each, keras.Model))
    return generator, upsampler
