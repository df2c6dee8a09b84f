"""A discriminator of clips of any size that looks at parts of them (PatchGAN, 1611.07004)."""

import keras
from keras import layers

SLOPE = 0.2
# Each halves height and width, and sees a frame more to either side.
DEPTH = 3


def discriminator(
    channels: int, frames: int | None = None, height: int | None = None, width: int | None = None
) -> keras.Model:
    """Build a discriminator without normalisation, which would couple the items of a batch.

    Args:
        channels: of the first level; each next one has twice as many.
        frames: of a clip; None for any, here and below.
        height: in pixels.
        width: in pixels.

    Returns:
        From a dict of ``clip``, ``(batch, frames, height, width, 3)`` in [-1, 1], to a dict of
        ``logit``, float32 ``(batch, 1)``, the mean over all parts; positive means real.
    """
    clip = keras.Input((frames, height, width, 3), name="clip")
    x = clip
    for level in range(DEPTH):
        x = layers.Conv3D(
            channels << level, (3, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal"
        )(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Conv3D(1, (1, 3, 3), padding="same")(x)
    logit = layers.GlobalAveragePooling3D(dtype="float32", name="logit")(x)
    return keras.Model({"clip": clip}, {"logit": logit}, name="discriminator")
