"""PatchGAN (arXiv 1611.07004): a discriminator of overlapping patches, for clips of any size."""

import keras
from keras import layers

from vidgan.models.layers.convolutions import Conv3D

SLOPE = 0.2
# Levels: each halves height and width, and adds a frame to either side of the receptive field.
DEPTH = 3


def discriminator(
    channels: int, frames: int | None = None, height: int | None = None, width: int | None = None
) -> keras.Model:
    """Build a discriminator, without normalisation, which would couple the items of a batch.

    Args:
        channels: channels of the first level; each further level has twice as many.
        frames: frames of a clip; None for any number.
        height: in pixels; None for any.
        width: in pixels; None for any.

    Returns:
        A Keras model from a dict of ``clip``, ``(batch, frames, height, width, 3)`` in [-1, 1], to
        a dict of ``logit``, float32 ``(batch, 1)``, the mean over all patches; positive means real.
    """
    clip = keras.Input((frames, height, width, 3), name="clip")
    x = clip
    for level in range(DEPTH):
        x = Conv3D(channels << level, (3, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal")(
            x
        )
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = Conv3D(1, (1, 3, 3), padding="same")(x)
    logit = layers.GlobalAveragePooling3D(dtype="float32", name="logit")(x)
    return keras.Model({"clip": clip}, {"logit": logit}, name="discriminator")
