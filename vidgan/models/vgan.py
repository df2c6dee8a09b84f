"""VGAN (arXiv 1609.02612): a moving foreground over a static background.

Two streams are decoded from the same latent vector: a foreground clip with a mask, and a background
of a single frame. The mask is the opacity of the foreground at each pixel of each frame.

Both streams have the structure of :mod:`vidgan.models.dcgan`'s generator; the background's has one
frame in all levels and costs little.
"""

import keras
import numpy as np
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import Noise
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture
from vidgan.models.layers.convolutions import Conv3D
from vidgan.models.sizes import Pyramid

STREAMS = ("foreground", "mask", "background")
# Initial logit of the mask, an opacity of 0.12. The background then learns what is static, and the
# mask opens where something moves; from 0 it stays grey and clips are worse. The paper has a
# penalty on the mask instead.
MASK_START = -2.0


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build both streams and compose them.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    latent = keras.Input((config.latent_dim,), name="latent")
    pyramid = Pyramid.build(config.frames, height, width)

    def stream(levels: Pyramid) -> keras.KerasTensor:
        x = dcgan.features(latent, levels, config.g_channels)
        return layers.LeakyReLU(negative_slope=dcgan.SLOPE)(x)

    moving, still = stream(pyramid), stream(Pyramid.build(1, height, width))

    # One convolution for colours and mask: a fourth channel costs less than a layer of its own.
    moving = Conv3D(4, (1, 3, 3), padding="same", name="moving")(moving)
    still = Conv3D(3, (1, 3, 3), padding="same", name="still")(still)

    # A split takes a quarter of the time of two slices.
    colours, logit = keras.ops.split(moving, [3], axis=-1)
    foreground = layers.Activation("linear", dtype="float32", name="foreground")(colours)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit + MASK_START)
    background = layers.Activation("linear", dtype="float32", name="background")(still)
    # mask · foreground + (1 − mask) · background
    difference = layers.Subtract(dtype="float32")([foreground, background])
    shown = layers.Multiply(dtype="float32")([mask, difference])
    # The composition is bounded, not its parts: behind a nearly closed mask, a bounded foreground
    # saturates at white and stops learning.
    clip = dcgan.bound_colours(layers.Add(dtype="float32")([background, shown]), "clip")
    return keras.Model({"latent": latent}, clip, name="generator")


def streams(network: keras.Model, noise: Noise) -> dict[str, np.ndarray]:
    """Return the parts that a generated clip is composed of.

    Args:
        network: a generator of this model, conditional or not.
        noise: its inputs.

    Returns:
        Float32: ``foreground`` ``(batch, frames, height, width, 3)``, ``mask``
        ``(batch, frames, height, width, 1)`` in [0, 1] and ``background``
        ``(batch, 1, height, width, 3)``. A clip is mask · foreground + (1 − mask) · background,
        mapped to colours by :func:`vidgan.models.dcgan.bound_colours`.
    """
    within = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    if within:
        # Labels are concatenated to the latent vector outside of the inner generator.
        (inner,) = within
        joined = keras.Model(network.input, network.get_layer("joined").output)
        noise, network = {"latent": joined(noise)}, inner
    outputs = {name: network.get_layer(name).output for name in STREAMS}
    return {k: v.numpy() for k, v in keras.Model(network.input, outputs)(noise).items()}


ARCHITECTURE = Architecture(
    summary="a moving foreground over a static background: for a fixed camera",
    paper="arXiv 1609.02612",
    generator=generator,
    trunk=dcgan.trunk,
)
