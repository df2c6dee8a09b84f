"""DCGAN in three dimensions (arXiv 1511.06434; for video 1609.02612).

Differences from the paper, each of them measured (``benchmarks/quality.md``):

- No normalisation in either network, but He initialisation: faster, and as good in equal time.
  Batch normalisation in the discriminator would couple the samples of a batch, and each loss would
  need a backward pass of its own.
- Levels that double only height and width have kernels of one frame, and the level of full size
  has few channels: most of the arithmetic is spent on motion and shape.
- A convolution after the last transposed one removes its checkerboard artefacts.
- Where the number of frames doubles, each frame has gains of its own, see
  :mod:`vidgan.models.layers.frame_gain`.
- Small changes over time are removed, so static areas do not shimmer, see
  :mod:`vidgan.models.layers.temporal_threshold`.
"""

from collections.abc import Callable

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.layers.convolutions import Conv3D, Conv3DTranspose
from vidgan.models.layers.frame_gain import FrameGain
from vidgan.models.layers.temporal_threshold import TemporalThreshold
from vidgan.models.sizes import Pyramid

# Largest multiple of the base channels: the smallest levels have few positions and need no more.
MAX_FACTOR = 8
SLOPE = 0.2
# Colours before they are clipped to [-1, 1]; see :func:`bound_colours`.
BOUND = 1.2
# Grey levels, for :func:`to_clip`; the best of those measured.
TEMPORAL_THRESHOLD = 2.5

# Maps the index of a level, 0 for the smallest, and its features to features of the same shape.
AtLevel = Callable[[int, keras.KerasTensor], keras.KerasTensor]


def kernel(stride: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the kernel size: 4 along an axis that doubles, as a multiple of the stride.

    Every output position then gets the same number of taps, which avoids checkerboards.
    """
    time, height, width = stride
    return (4 if time == 2 else 1, 4 if height == 2 else 3, 4 if width == 2 else 3)


def level_channels(channels: int, depth: int) -> list[int]:
    """Return the channels of each level, from the smallest to the full size."""
    factors = [min(MAX_FACTOR, 2 ** (depth - 1 - i)) for i in range(depth)]
    return [*(channels * factor for factor in factors), max(1, channels // 2)]


def upsample(
    x: keras.KerasTensor, channels: int, stride: tuple[int, int, int]
) -> keras.KerasTensor:
    """Upsample by a transposed convolution: double each axis whose stride is 2."""
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = Conv3DTranspose(channels, kernel(stride), stride, "same", kernel_initializer="he_normal")(x)
    return FrameGain()(x) if stride[0] == 2 else x


def features(
    latent: keras.KerasTensor, pyramid: Pyramid, channels: int, at_level: AtLevel | None = None
) -> keras.KerasTensor:
    """Decode a vector to features ``(batch, *full size, n)``: one Conv3DTranspose per doubling.

    Args:
        latent: ``(batch, n)``.
        pyramid: the levels.
        channels: channels at half of the full size; see :func:`level_channels`.
        at_level: is applied to the features of each level before upsampling; 0 is the smallest.
    """
    first, *others = level_channels(channels, len(pyramid.strides))
    frames, rows, columns = pyramid.base
    units = frames * rows * columns * first
    x = layers.Dense(units, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((frames, rows, columns, first))(x)
    for level, (stride, width) in enumerate(zip(pyramid.strides, others, strict=True)):
        if at_level is not None:
            x = at_level(level, x)
        x = upsample(x, width, stride)
    return x


def to_clip(x: keras.KerasTensor, still: float = 0.0) -> keras.KerasTensor:
    """Map features of the full size to a clip, float32 ``(…, 3)``; see :func:`bound_colours`.

    Args:
        x: ``(batch, frames, height, width, channels)``.
        still: threshold of :class:`TemporalThreshold`, in grey levels of 255; 0 for none.
    """
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = Conv3D(3, (1, 3, 3), padding="same")(x)
    if still:
        x = TemporalThreshold(still * 2 / 255, name="still")(x)
    return bound_colours(x, "clip")


def bound_colours(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Map real numbers to colours: a scaled tanh, float32 in ±``BOUND``, a little over [-1, 1].

    Black and white then lie where tanh has a slope. With plain tanh, training on videos with black
    backgrounds stalls (``benchmarks/quality.md``).
    """
    x = layers.Activation("tanh", dtype="float32")(x)
    return layers.Rescaling(BOUND, dtype="float32", name=name)(x)


def generator(
    config: ModelConfig, height: int, width: int, at_level: AtLevel | None = None
) -> keras.Model:
    """Build the generator; see :class:`vidgan.models.architecture.Architecture`.

    Args:
        config: options of the model.
        height: in pixels.
        width: in pixels.
        at_level: see :func:`features`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    latent = keras.Input((config.latent_dim,), name="latent")
    clip = to_clip(
        features(latent, pyramid, config.g_channels, at_level), config.temporal_threshold or 0
    )
    return keras.Model({"latent": latent}, clip, name="generator")


def trunk(config: ModelConfig, shape: Shape, at_level: AtLevel | None = None) -> keras.Model:
    """Build the discriminator's trunk: one Conv3D for each halving.

    See :class:`vidgan.models.architecture.Architecture`.

    Args:
        config: options of the model.
        shape: ``(frames, height, width)`` of an item.
        at_level: is applied to the features of each level; 0 is the smallest.
    """
    pyramid = Pyramid.build(*shape)
    *deep, _, first = level_channels(config.d_channels, len(pyramid.strides))
    clip = keras.Input((*shape, 3), name="clip")
    x, level = clip, len(pyramid.strides)
    for stride, channels in zip(reversed(pyramid.strides), [first, *reversed(deep)], strict=True):
        x = Conv3D(channels, kernel(stride), stride, "same", kernel_initializer="he_normal")(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
        level -= 1
        if at_level is not None:
            x = at_level(level, x)
    return keras.Model(clip, layers.Flatten()(x), name="trunk")


ARCHITECTURE = Architecture(
    summary="3-D convolutions from one latent vector: fast, the best first choice",
    paper="arXiv 1511.06434",
    generator=generator,
    trunk=trunk,
    options={"temporal_threshold": TEMPORAL_THRESHOLD, "reconstruction": 1.0},
)
