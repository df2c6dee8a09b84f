"""Parts of a U-Net over space (arXiv 1505.04597), for clips of any size and length.

The first level is at half of the full size, each further one has half of the size before.
"""

from collections.abc import Sequence
from typing import Any

from keras import layers

from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.restorer import Shuffle

_SLOPE = 0.2


def convolved(x: Any, channels: int, in_time: int = 1, stride: int = 1) -> Any:
    """Apply a convolution of 3 × 3 pixels and of some frames, and a leaky ReLU."""
    convolution = Conv3D(
        channels,
        (in_time, 3, 3),
        (1, stride, stride),
        padding="same",
        kernel_initializer="he_normal",
    )
    return layers.LeakyReLU(negative_slope=_SLOPE)(convolution(x))


def residual(x: Any, channels: int, blocks: int, in_time: int = 1) -> Any:
    """Apply convolutions, each with a skip connection."""
    for _ in range(blocks):
        x = layers.Add()([x, convolved(x, channels, in_time)])
    return x


def joined(x: Any, skip: Any, channels: int, in_time: int = 1) -> Any:
    """Double the size of ``x`` and merge it with the level above, which has ``channels``."""
    x = Shuffle(2)(Conv3D(4 * channels, 1)(x))
    return convolved(layers.Concatenate()([x, skip]), channels, in_time)


def pixels(x: Any, outputs: int) -> Any:
    """Return outputs for every pixel of the full size, float32; zero before training."""
    x = Conv3D(4 * outputs, (1, 3, 3), padding="same", kernel_initializer="zeros")(x)
    return layers.Activation("linear", dtype="float32")(Shuffle(2)(x))


def levels(x: Any, widths: Sequence[int]) -> list[Any]:
    """Return the features of every level, from frames of the full size.

    Args:
        x: ``(batch, frames, height, width, channels)``.
        widths: channels of the levels.
    """
    found = [convolved(Shuffle(-2)(x), widths[0])]
    for width in widths[1:]:
        found.append(convolved(found[-1], width, stride=2))
    return found
