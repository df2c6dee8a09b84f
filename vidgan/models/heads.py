"""What is put on any model's networks: logit, labels and codes."""

from collections.abc import Sequence

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import LABEL, Latent

# Length of the vector that stands for a label in the generator.
LABEL_DIM = 32


def width_of(conditions: Sequence[Latent]) -> int:
    """Return how much longer these inputs make the latent vector."""
    return sum(LABEL_DIM if c.kind == LABEL else c.shape[0] for c in conditions)


def conditioned(
    generator: keras.Model, conditions: Sequence[Latent], latent_dim: int
) -> keras.Model:
    """Let labels and codes join the latent vector of a generator built for the longer one."""
    inputs = {
        name: keras.Input(tensor.shape[1:], name=name) for name, tensor in generator.input.items()
    }
    inputs["latent"] = keras.Input((latent_dim,), name="latent")
    parts = [inputs["latent"]]
    for condition in conditions:
        if condition.kind == LABEL:
            entry = keras.Input((), dtype="int32", name=condition.name)
            # As long as the normal latents beside it.
            part = layers.Embedding(
                condition.classes,
                LABEL_DIM,
                embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
                name="label_embedding",
            )(entry)
        else:
            part = entry = keras.Input(condition.shape, name=condition.name)
        inputs[condition.name] = entry
        parts.append(part)
    joined = layers.Concatenate(name="joined")(parts)
    own = {name: inputs[name] for name in generator.input}
    clip = generator({**own, "latent": joined})
    return keras.Model(inputs, clip, name="generator")


def discriminator(
    trunk: keras.Model, config: ModelConfig, name: str, recognises: bool
) -> keras.Model:
    """Put the heads on a trunk.

    A conditional discriminator adds the inner product of the features with the label's vector
    (arXiv 1802.05637); a model with codes recognises them from the same features (arXiv
    1606.03657).

    Args:
        trunk: items → features ``(batch, n)``.
        config: resolved.
        name: the view's.
        recognises: whether this discriminator has the recognition head, where there are codes.
    """
    clip = keras.Input(trunk.input_shape[1:], name="clip")
    inputs = {"clip": clip}
    features = trunk(clip)
    # The last layers compute in float32 whatever the others' precision.
    logit = layers.Dense(1, dtype="float32", name="logit")(features)
    if config.conditional:
        inputs["label"] = label = keras.Input((), dtype="int32", name="label")
        vector = layers.Embedding(
            len(config.labels),
            features.shape[-1],
            embeddings_initializer="zeros",
            dtype="float32",
            name="projection",
        )(label)
        wide = layers.Activation("linear", dtype="float32")(features)
        logit = layers.Add(dtype="float32")([logit, layers.Dot(1, dtype="float32")([vector, wide])])
    outputs = {"logit": logit}
    if config.categories and recognises:
        outputs["category"] = layers.Dense(config.categories, dtype="float32", name="category")(
            features
        )
        if config.codes:
            outputs["codes"] = layers.Dense(
                2 * config.codes, dtype="float32", name="codes"
            )(features)
    return keras.Model(inputs, outputs, name=f"discriminator_{name}")
