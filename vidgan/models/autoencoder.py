"""What a generator needs to be trained by reconstruction: an encoder and a sampler of codes.

With an encoder, the architecture's generator is a decoder: its normal inputs are codes of real
clips. New clips are decoded from codes that a :class:`CodeSampler` draws near those of real ones.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers

from vidgan import models
from vidgan.config import ModelConfig
from vidgan.latents import CATEGORICAL, NORMAL, Latent
from vidgan.models.layers import code_sampler
from vidgan.models.layers.code_sampler import CodeSampler

# Names of layers of the generator.
DECODER, SAMPLER = "decoder", "code_sampler"


def sampler_latents(inputs: Sequence[Latent]) -> tuple[Latent, ...]:
    """Return the inputs of a generator with a sampler, from those of its architecture."""
    return (Latent("anchor", (code_sampler.SIZE,), CATEGORICAL), *inputs)


def add_sampler(generator: keras.Model, config: ModelConfig) -> keras.Model:
    """Put a sampler of codes before a generator.

    Args:
        generator: a generator of :func:`vidgan.models.build_generator`; the layer ``DECODER`` of
            the result.
        config: its options, resolved.

    Returns:
        A Keras model whose inputs are those of :func:`sampler_latents`.
    """
    decoder = generator
    decoder.name = DECODER
    inputs = {}
    for name, tensor in decoder.input.items():
        inputs[name] = keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
    inputs["anchor"] = keras.Input((code_sampler.SIZE,), name="anchor")
    used = {name: inputs[name] for name in ("anchor", "latent")}
    classes = len(config.labels) if config.conditional else 0
    if classes:
        used["label"] = inputs["label"]
    code = CodeSampler(config.latent_dim, classes, name=SAMPLER)(used)
    clip = decoder({name: inputs[name] for name in decoder.input} | {"latent": code})
    return keras.Model(inputs, clip, name="generator")


def encoded_latents(config: ModelConfig) -> tuple[Latent, ...]:
    """Return the inputs of a generator that an encoder predicts: the normal ones."""
    return tuple(latent for latent in models.latents(config) if latent.kind == NORMAL)


def build_encoder(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the encoder: the trunk of the model's discriminator and a head for each normal input.

    Args:
        config: options of the model, resolved.
        height: in pixels.
        width: in pixels.

    Returns:
        A Keras model from clips, float32 ``(batch, frames, height, width, 3)`` in [-1, 1], to a
        dict from the names of inputs to float32 ``(batch, *shape, 2)``: mean and log-variance.
    """
    # Half of the size is enough to tell clips apart, for a quarter of the arithmetic.
    small = (config.frames, height // 2, width // 2)
    trunk = models.find_architecture(config.model).trunk(config, small)
    clip = keras.Input((config.frames, height, width, 3), name="clip")
    features = trunk(layers.AveragePooling3D((1, 2, 2), dtype="float32")(clip))
    outputs = {}
    for latent in encoded_latents(config):
        size = 2 * math.prod(latent.shape)
        values = layers.Dense(size, dtype="float32", name=f"{latent.name}_posterior")(features)
        outputs[latent.name] = layers.Reshape((*latent.shape, 2), dtype="float32")(values)
    return keras.Model(clip, outputs, name="encoder")
