"""VGAN (arXiv 1609.02612): a moving foreground before a background that stands still.

Two streams start from the same vector: one makes a clip and a mask, the other a single picture.
The mask says, for each pixel of each frame, how much of the foreground is seen there.

The streams are made like :mod:`vidgan.models.dcgan`'s generator; the background's has one frame
in all levels and costs little.
"""

import keras
import numpy as np
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import Noise
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture
from vidgan.models.sizes import Pyramid

STREAMS = ("foreground", "mask", "background")
# The mask's logit at first, a mask of 0.12. What stands still is then learned by the background,
# and the mask opens where something moves; from 0 it stays grey, and clips come out worse. The
# paper has a penalty on the mask in its stead.
MASK_START = -2.0


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build both streams and put them together.

    See :class:`vidgan.models.architecture.Architecture`.
    """
    latent = keras.Input((config.latent_dim,), name="latent")
    pyramid = Pyramid.build(config.frames, height, width)

    def stream(levels: Pyramid) -> keras.KerasTensor:
        x = dcgan.features(latent, levels, config.g_channels)
        return layers.LeakyReLU(negative_slope=dcgan.SLOPE)(x)

    moving, still = stream(pyramid), stream(Pyramid.build(1, height, width))

    # One convolution makes colours and mask: a fourth channel costs less than a layer of its own.
    moving = layers.Conv3D(4, (1, 3, 3), padding="same", name="moving")(moving)
    still = layers.Conv3D(3, (1, 3, 3), padding="same", name="still")(still)

    # Splitting takes a quarter of the time of two slices.
    colours, logit = keras.ops.split(moving, [3], axis=-1)
    foreground = layers.Activation("linear", dtype="float32", name="foreground")(colours)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit + MASK_START)
    background = layers.Activation("linear", dtype="float32", name="background")(still)
    # mask · foreground + (1 − mask) · background
    difference = layers.Subtract(dtype="float32")([foreground, background])
    shown = layers.Multiply(dtype="float32")([mask, difference])
    # What is put together is bounded, not its parts: behind a mask that is nearly shut a foreground
    # of its own bounds runs into them, all white, and learns no more.
    clip = dcgan.bounded(layers.Add(dtype="float32")([background, shown]), "clip")
    return keras.Model({"latent": latent}, clip, name="generator")


def streams(network: keras.Model, noise: Noise) -> dict[str, np.ndarray]:
    """Return what a generated clip is put together from.

    Args:
        network: a generator of this model, conditional or not.
        noise: its inputs.

    Returns:
        Float32: ``foreground`` ``(batch, frames, height, width, 3)``, ``mask``
        ``(batch, frames, height, width, 1)`` in [0, 1] and ``background``
        ``(batch, 1, height, width, 3)``. A clip is mask · foreground + (1 − mask) · background,
        made colours by :func:`vidgan.models.dcgan.bounded`.
    """
    within = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    if within:
        # Labels join the latent vector outside of the generator proper.
        (inner,) = within
        joined = keras.Model(network.input, network.get_layer("joined").output)
        noise, network = {"latent": joined(noise)}, inner
    outputs = {name: network.get_layer(name).output for name in STREAMS}
    return {k: v.numpy() for k, v in keras.Model(network.input, outputs)(noise).items()}


ARCHITECTURE = Architecture(
    summary="a moving foreground before a still background: for a camera that stands",
    paper="arXiv 1609.02612",
    generator=generator,
    trunk=dcgan.trunk,
)
