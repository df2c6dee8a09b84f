"""Inputs and heads that any model can have: logit, labels and codes."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import LABEL, Latent
from vidgan.models.layers.float32 import Float32Layer

# Length of the embedding of a label or a code in the generator: a single number would be lost
# among the hundred normal ones of the latent vector.
CONDITION_DIM = 32
# Lower bound of the log-variance of a predicted code: without it, ever more precise predictions
# would lower the loss without end and outweigh the adversarial loss.
MIN_LOG_VARIANCE = -2.0


def conditions_dim(conditions: Sequence[Latent]) -> int:
    """Return the number of entries that these inputs add to the latent vector."""
    return CONDITION_DIM * len(conditions)


def condition_generator(
    generator: keras.Model, conditions: Sequence[Latent], latent_dim: int
) -> keras.Model:
    """Concatenate embeddings of labels and codes to the latent vector of a generator.

    Args:
        generator: a generator that was built for the longer latent vector.
        conditions: the labels and codes.
        latent_dim: length of the latent vector alone.
    """
    inputs = {
        name: keras.Input(tensor.shape[1:], name=name) for name, tensor in generator.input.items()
    }
    inputs["latent"] = keras.Input((latent_dim,), name="latent")
    parts = [inputs["latent"]]
    for condition in conditions:
        dtype = "int32" if condition.kind == LABEL else None
        entry = inputs[condition.name] = keras.Input(
            condition.shape, dtype=dtype, name=condition.name
        )
        parts.append(_embedding(condition)(entry))
    joined = layers.Concatenate(name="joined")(parts)
    own = {name: inputs[name] for name in generator.input}
    clip = generator({**own, "latent": joined})
    return keras.Model(inputs, clip, name="generator")


def _embedding(condition: Latent) -> keras.Layer:
    """Return the embedding of a label or a code, with the variance of the latents."""
    normal = keras.initializers.RandomNormal(stddev=1.0)
    name = f"{condition.name}_embedding"
    if condition.kind == LABEL:
        return layers.Embedding(
            condition.classes, CONDITION_DIM, embeddings_initializer=normal, name=name
        )
    return layers.Dense(CONDITION_DIM, use_bias=False, kernel_initializer=normal, name=name)


def _pairs(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the first and the second items of the pairs of a batch."""
    both = tf.reshape(values, (-1, 2, values.shape[-1]))
    return both[:, 0], both[:, 1]


@keras.saving.register_keras_serializable("vidgan")
class PairSum(Float32Layer):
    """Returns the sum of the values of a pair, for both of its items."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Return float32 ``(batch, n)``, as the input; the batch size is even."""
        first, second = _pairs(values)
        return tf.repeat(first + second, 2, axis=0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape


@keras.saving.register_keras_serializable("vidgan")
class PairDifference(PairSum):
    """Returns the absolute difference of the values of a pair, for both of its items."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Return float32 ``(batch, n)``, as the input; the batch size is even."""
        first, second = _pairs(values)
        return tf.repeat(tf.abs(first - second), 2, axis=0)


def discriminator(
    trunk: keras.Model, config: ModelConfig, name: str, predicts_codes: bool, pairs: bool = False
) -> keras.Model:
    """Add the heads to a trunk.

    A discriminator of pairs (PacGAN, arXiv 1712.04086) returns one logit for both items of a pair:
    the sum of their logits and a term of the difference of their features. So it detects generated
    items that are all alike, even if each looks real. The paper stacks the items themselves.

    A conditional discriminator adds the inner product of the features with an embedding of the
    label (projection discriminator, arXiv 1802.05637). For a model with codes, a head predicts them
    from the same features (InfoGAN, arXiv 1606.03657).

    Args:
        trunk: network from items to features ``(batch, n)``.
        config: resolved options of the model.
        name: name of the view.
        predicts_codes: whether this discriminator has the head that predicts codes, if any.
        pairs: whether consecutive items of a batch, whose size is even, are paired.
    """
    clip = keras.Input(trunk.input_shape[1:], name="clip")
    inputs = {"clip": clip}
    features = trunk(clip)
    # The last layers compute in float32 in any precision.
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
    if pairs:
        apart = layers.Dense(1, use_bias=False, dtype="float32", name="apart")(
            PairDifference()(features)
        )
        logit = layers.Add(dtype="float32")([PairSum()(logit), apart])
    outputs = {"logit": logit}
    if config.categories and predicts_codes:
        outputs["category"] = _prediction(features, config.categories, "category")
        if config.codes:
            mean = _prediction(features, config.codes, "codes_mean")
            spread = _prediction(features, config.codes, "codes_spread")
            above = layers.Activation("softplus", dtype="float32")(spread)
            log_variance = layers.Rescaling(1.0, MIN_LOG_VARIANCE, dtype="float32")(above)
            outputs["codes"] = layers.Concatenate(dtype="float32")([mean, log_variance])
    return keras.Model(inputs, outputs, name=f"discriminator_{name}")


def _prediction(features: keras.KerasTensor, size: int, name: str) -> keras.KerasTensor:
    return layers.Dense(size, dtype="float32", name=f"recognition_{name}")(features)
