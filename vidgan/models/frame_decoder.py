"""Pictures made frame by frame: the half of a generator in which time has no say any more.

A motion code a frame joins the clip's content at the smallest level; from there on every frame is
made by itself, by dcgan's levels with kernels of one frame, so that a clip can have any length.
"""

from collections.abc import Callable

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models.dcgan import as_clip, enlarged, level_channels
from vidgan.models.sizes import Pyramid


def pictures(
    config: ModelConfig,
    height: int,
    width: int,
    content: keras.KerasTensor,
    motion: keras.KerasTensor,
    motion_share: float,
    modulate: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    """Turn content and motion into a clip.

    Args:
        config: the model's.
        height: in pixels.
        width: in pixels.
        content: ``(batch, n)``, of deviation 1.
        motion: ``(batch, frames, m)``, of deviation 1.
        motion_share: variance of the motion's features at the smallest level at first, the
            content's being 1. With much less the generator learns pictures that stand still, with
            much more such as share no content.
        modulate: changes the features ``(batch, frames, height, width, channels)`` of the small
            levels.

    Returns:
        float32 ``(batch, frames, height, width, 3)``, see :func:`vidgan.models.dcgan.bounded`.
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
        x = enlarged(x, channels, stride)
    return as_clip(x)
