"""DCGAN in three dimensions (arXiv 1511.06434; for video 1609.02612).

Where it leaves the textbook, each by measurement (``benchmarks/quality.md``):

- No normalisation in either network, He initialisation in its place: as good after equal minutes,
  and faster. The discriminator must do without batch normalisation anyway, which would couple the
  samples of a batch: each loss would then need a backward pass of its own.
- Levels that double only the picture have kernels of one frame, and the level of full size is
  thin: most of the arithmetic goes where motion and shape are made.
- A plain convolution behind the last transposed one takes its checkerboard away.
- Each frame has gains of its own where frames double, see :mod:`vidgan.models.layers.frame_gain`.
- What stands still does not shimmer, see :mod:`vidgan.models.layers.temporal_threshold`.
"""

from collections.abc import Callable

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.architecture import Architecture, Shape
from vidgan.models.layers.frame_gain import FrameGain
from vidgan.models.layers.temporal_threshold import TemporalThreshold
from vidgan.models.sizes import Pyramid

# Channels stop growing here: the smallest levels hold few positions and gain nothing from more.
MAX_FACTOR = 8
SLOPE = 0.2
# Colours before they are clipped to [-1, 1]; see :func:`bounded`.
BOUND = 1.2
# Grey levels, for :func:`as_clip`; by measurement, too.
TEMPORAL_THRESHOLD = 2.5

# From a level, 0 being the smallest, and its features to other features of the same shape.
AtLevel = Callable[[int, keras.KerasTensor], keras.KerasTensor]


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


def features(
    latent: keras.KerasTensor, pyramid: Pyramid, channels: int, at_level: AtLevel | None = None
) -> keras.KerasTensor:
    """Turn a vector into features ``(batch, *full size, n)``: one Conv3DTranspose a doubling.

    Args:
        latent: ``(batch, n)``.
        pyramid: the levels.
        channels: at half of the full size; see :func:`level_channels`.
        at_level: changes the features of a level before it is enlarged; the smallest is level 0.
    """
    first, *others = level_channels(channels, len(pyramid.strides))
    frames, rows, columns = pyramid.base
    units = frames * rows * columns * first
    x = layers.Dense(units, kernel_initializer="he_normal")(latent)
    x = layers.Reshape((frames, rows, columns, first))(x)
    for level, (stride, width) in enumerate(zip(pyramid.strides, others, strict=True)):
        if at_level is not None:
            x = at_level(level, x)
        x = enlarged(x, width, stride)
    return x


def as_clip(x: keras.KerasTensor, still: float = 0.0) -> keras.KerasTensor:
    """Turn features of the full size into a clip, float32 ``(…, 3)``; see :func:`bounded`.

    Args:
        x: ``(batch, frames, height, width, channels)``.
        still: smaller changes over time, in grey levels, are removed; :class:`TemporalThreshold`.
    """
    x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3D(3, (1, 3, 3), padding="same")(x)
    if still:
        x = TemporalThreshold(still * 2 / 255, name="still")(x)
    return bounded(x, "clip")


def bounded(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Turn numbers into colours, float32 in ±``BOUND``: [-1, 1] and a little room.

    Black and white lie where tanh still has a slope: on videos with black backgrounds tanh alone
    stops learning (``benchmarks/quality.md``).
    """
    x = layers.Activation("tanh", dtype="float32")(x)
    return layers.Rescaling(BOUND, dtype="float32", name=name)(x)


def generator(
    config: ModelConfig, height: int, width: int, at_level: AtLevel | None = None
) -> keras.Model:
    """Build the generator; see :class:`vidgan.models.architecture.Architecture`.

    Args:
        config: the model's.
        height: in pixels.
        width: in pixels.
        at_level: see :func:`features`.
    """
    pyramid = Pyramid.build(config.frames, height, width)
    latent = keras.Input((config.latent_dim,), name="latent")
    clip = as_clip(
        features(latent, pyramid, config.g_channels, at_level), config.temporal_threshold or 0
    )
    return keras.Model({"latent": latent}, clip, name="generator")


def trunk(config: ModelConfig, shape: Shape, at_level: AtLevel | None = None) -> keras.Model:
    """Build the discriminator's trunk: one Conv3D a halving.

    See :class:`vidgan.models.architecture.Architecture`.

    Args:
        config: the model's.
        shape: of an item.
        at_level: changes the features of a level once it is reached; the smallest is level 0.
    """
    pyramid = Pyramid.build(*shape)
    *deep, _, first = level_channels(config.d_channels, len(pyramid.strides))
    clip = keras.Input((*shape, 3), name="clip")
    x, level = clip, len(pyramid.strides)
    for stride, channels in zip(reversed(pyramid.strides), [first, *reversed(deep)], strict=True):
        x = layers.Conv3D(channels, kernel(stride), stride, "same", kernel_initializer="he_normal")(
            x
        )
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
        level -= 1
        if at_level is not None:
            x = at_level(level, x)
    return keras.Model(clip, layers.Flatten()(x), name="trunk")


ARCHITECTURE = Architecture(
    summary="convolutions over space and time from one vector: fast, the best first choice",
    paper="arXiv 1511.06434",
    generator=generator,
    trunk=trunk,
    options={"temporal_threshold": TEMPORAL_THRESHOLD},
)
