"""The generators that make clips of one domain from clips of another, and back.

Encoder, residual blocks and decoder of CycleGAN (arXiv 1703.10593), over clips: Conv3D and
Conv3DTranspose. Where they leave the paper:

- No normalisation, as in :mod:`vidgan.models.dcgan`; a residual block begins as the identity
  instead, its last layer at zero (arXiv 1901.09321).
- Frames are never halved, and few layers look beyond a frame: what becomes of a frame depends on
  :data:`CONTEXT` frames before and behind it, not on where a clip happens to begin.
- The last layer also sees the clip itself, so that what both domains share stays as sharp as it
  was.
"""

import keras
from keras import layers

from vidgan.models.dcgan import SLOPE, bounded

Shape = tuple[int | None, int | None, int | None]
ANY_SHAPE: Shape = (None, None, None)

# Residual blocks; each sees one more frame before and behind, and 4 pixels more around.
BLOCKS = 4
# On how many frames before and behind, and on how many pixels around, a pixel depends at most.
CONTEXT, MARGIN = BLOCKS, 4 * BLOCKS + 10
# Width and height are multiples of this: they are halved twice.
MULTIPLE = 4
# So many times its channels a generator keeps for each pixel while it runs: measured 1.6 at most.
_LIVE = 2


def _active(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=SLOPE)(x)


def _halved(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return layers.Conv3D(channels, (1, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal")(x)


def _doubled(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return layers.Conv3DTranspose(
        channels, (1, 4, 4), (1, 2, 2), "same", kernel_initializer="he_normal"
    )(x)


def _block(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add to features what they and their neighbours make of them."""
    channels = x.shape[-1]
    change = layers.Conv3D(channels, 3, padding="same", kernel_initializer="he_normal")(_active(x))
    last = layers.Conv3D(channels, 1, kernel_initializer="zeros")
    return layers.Add()([x, last(_active(change))])


def translator(channels: int, name: str, shape: Shape = ANY_SHAPE) -> keras.Model:
    """Build one generator.

    Args:
        channels: at half of the full size; a quarter of it has twice as many.
        name: the model's.
        shape: frames, height and width of a clip, where they are known.

    Returns:
        A Keras model from float32 ``(batch, frames, height, width, 3)`` in [-1, 1] to the same,
        which may lie a little beyond; see :func:`vidgan.models.dcgan.bounded`.
    """
    clip = keras.Input((*shape, 3), name="clip")
    x = _halved(clip, channels)
    x = _halved(_active(x), 2 * channels)
    for _ in range(BLOCKS):
        x = _block(x)
    x = _doubled(_active(x), channels)
    x = _doubled(_active(x), max(1, channels // 2))
    x = layers.Concatenate()([_active(x), clip])
    # A plain convolution behind the last transposed one takes its checkerboard away.
    x = layers.Conv3D(3, (1, 3, 3), padding="same")(x)
    return keras.Model(clip, bounded(x, "translated"), name=name)


def translators(channels: int, shape: Shape = ANY_SHAPE) -> keras.Model:
    """Build both generators as one model; each is a layer of it, ``a2b`` and ``b2a``.

    Args:
        channels: see :func:`translator`.
        shape: likewise.

    Returns:
        A Keras model from a dict of clips, ``a`` of one domain and ``b`` of the other, to a dict of
        ``a2b`` and ``b2a``, what they become in the other one.
    """
    clips = {name: keras.Input((*shape, 3), name=name) for name in ("a", "b")}
    made = {name: translator(channels, name, shape)(clips[name[0]]) for name in ("a2b", "b2a")}
    return keras.Model(clips, made, name="translators")


def bytes_per_pixel(channels: int) -> int:
    """Return the memory that a pixel of a clip takes on its way through a generator."""
    return 4 * (_LIVE * channels + 4 * 3)
