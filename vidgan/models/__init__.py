"""The networks: a registry, shared blocks and one file an architecture.

A new model is a module with ``generator`` and ``discriminator`` (see :mod:`vidgan.models.dcgan`)
and one line in :data:`MODELS`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from vidgan.config import ModelConfig

if TYPE_CHECKING:
    import keras

MODELS = {
    "dcgan": "vidgan.models.dcgan",
}


def build_generator(config: ModelConfig, height: int, width: int) -> "keras.Model":
    """Build a generator: float32 latents ``(batch, latent_dim)`` → clips in [-1, 1].

    Returns:
        A Keras model whose output is float32 ``(batch, frames, height, width, 3)``.

    Raises:
        OptionError: the size does not split, or the model is unknown.
    """
    return import_module(MODELS[config.model]).generator(config, height, width)


def build_discriminator(config: ModelConfig, height: int, width: int) -> "keras.Model":
    """Build a discriminator: clips ``(batch, frames, height, width, 3)`` in [-1, 1] → logits.

    Returns:
        A Keras model whose output is float32 ``(batch, 1)``; positive means real. No sample's
        logit depends on the other samples of its batch.
    """
    return import_module(MODELS[config.model]).discriminator(config, height, width)
