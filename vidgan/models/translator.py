"""The generators of unpaired translation between two domains, in both directions.

Encoder, residual blocks and decoder of CycleGAN (arXiv 1703.10593) over clips: Conv3D and
Conv3DTranspose. Differences from the paper:

- No normalisation, as in :mod:`vidgan.models.dcgan`; instead, a residual block is initially the
  identity, with its last layer at zero (Fixup, arXiv 1901.09321).
- No downsampling in time, and few layers with kernels over time: a frame depends on
  :data:`CONTEXT` frames before and after it, not on where a clip starts.
- The last layer also receives the input clip, so that what both domains have in common stays sharp.
"""

import keras
from keras import layers

from vidgan.models.dcgan import SLOPE, bound_colours
from vidgan.models.layers.convolutions import Conv3D, Conv3DTranspose

Shape = tuple[int | None, int | None, int | None]
ANY_SHAPE: Shape = (None, None, None)

# Residual blocks; each adds a frame and 4 pixels to either side of the receptive field.
BLOCKS = 4
# Radius of the receptive field in frames and in pixels.
CONTEXT, MARGIN = BLOCKS, 4 * BLOCKS + 10
# Height and width are multiples of this: they are halved twice.
MULTIPLE = 4
# Peak memory for each pixel as a multiple of the channels; 1.6 was measured.
_LIVE = 2


def _active(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=SLOPE)(x)


def _halved(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return Conv3D(channels, (1, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal")(x)


def _doubled(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return Conv3DTranspose(channels, (1, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal")(
        x
    )


def _block(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply a residual block."""
    channels = x.shape[-1]
    residual = Conv3D(channels, 3, padding="same", kernel_initializer="he_normal")(_active(x))
    last = Conv3D(channels, 1, kernel_initializer="zeros")
    return layers.Add()([x, last(_active(residual))])


def translator(channels: int, name: str, shape: Shape = ANY_SHAPE) -> keras.Model:
    """Build one generator.

    Args:
        channels: channels at half of the full size; twice as many at a quarter of it.
        name: name of the model.
        shape: frames, height and width of a clip; None where they are free.

    Returns:
        A Keras model from float32 ``(batch, frames, height, width, 3)`` in [-1, 1] to the same
        shape in about [-1, 1]; see :func:`vidgan.models.dcgan.bound_colours`.
    """
    clip = keras.Input((*shape, 3), name="clip")
    x = _halved(clip, channels)
    x = _halved(_active(x), 2 * channels)
    for _ in range(BLOCKS):
        x = _block(x)
    x = _doubled(_active(x), channels)
    x = _doubled(_active(x), max(1, channels // 2))
    x = layers.Concatenate()([_active(x), clip])
    # A convolution after the last transposed one removes its checkerboard artefacts.
    x = Conv3D(3, (1, 3, 3), padding="same")(x)
    return keras.Model(clip, bound_colours(x, "translated"), name=name)


def translators(channels: int, shape: Shape = ANY_SHAPE) -> keras.Model:
    """Build both generators as one model, with the layers ``a2b`` and ``b2a``.

    Args:
        channels: see :func:`translator`.
        shape: see :func:`translator`.

    Returns:
        A Keras model from a dict of clips, ``a`` of one domain and ``b`` of the other, to a dict of
        their translations, ``a2b`` and ``b2a``.
    """
    clips = {name: keras.Input((*shape, 3), name=name) for name in ("a", "b")}
    translated = {
        name: translator(channels, name, shape)(clips[name[0]]) for name in ("a2b", "b2a")
    }
    return keras.Model(clips, translated, name="translators")


def bytes_per_pixel(channels: int) -> int:
    """Return the peak memory of a generator in bytes per pixel of a clip."""
    return 4 * (_LIVE * channels + 4 * 3)
