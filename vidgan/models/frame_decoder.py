"""Decode each frame on its own: the second half of generators with a motion code.

The motion code of a frame is added to the clip's content at the smallest level. From there every
frame is decoded independently by dcgan's levels, with kernels of one frame, so a clip can have any
length.
"""

from collections.abc import Callable

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.dcgan import level_channels, to_clip, upsample
from vidgan.models.sizes import Pyramid


def decode_frames(
    config: ModelConfig,
    height: int,
    width: int,
    content: keras.KerasTensor,
    motion: keras.KerasTensor,
    motion_share: float,
    modulate: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    """Decode content and motion codes to a clip.

    Args:
        config: options of the model.
        height: in pixels.
        width: in pixels.
        content: ``(batch, n)``, with a standard deviation of 1.
        motion: ``(batch, frames, m)``, with a standard deviation of 1.
        motion_share: initial variance of the motion's features at the smallest level, relative to
            the content's. With much less the generator learns still frames, with much more frames
            that have no content in common.
        modulate: is applied to the features ``(batch, frames, height, width, channels)`` of levels
            1 and 2.

    Returns:
        Float32 ``(batch, frames, height, width, 3)``; see
        :func:`vidgan.models.dcgan.bound_colours`.
    """
    pyramid = Pyramid.build(1, height, width)
    _, rows, columns = pyramid.base
    first, *others = level_channels(config.g_channels, len(pyramid.strides))
    units = rows * columns * first
    still = layers.Dense(units, kernel_initializer="he_normal", name="content_features")(content)
    moving = layers.Dense(
        units,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(2 * motion_share),
        name="motion_features",
    )(motion)
    x = layers.Add()(
        [
            layers.Reshape((1, rows, columns, first))(still),
            layers.Reshape((-1, rows, columns, first))(moving),
        ]
    )
    for level, (stride, channels) in enumerate(zip(pyramid.strides, others, strict=True)):
        if modulate is not None and level in (1, 2):
            x = modulate(x)
        x = upsample(x, channels, stride)
    return to_clip(x)
