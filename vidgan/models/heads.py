"""What is put on any model's networks: logit, labels and codes."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import LABEL, Latent
from vidgan.models.layers.float32 import Float32Layer

# Length of the vector that stands for a label or a code in the generator: some hundred normal
# numbers beside a lone one would drown it.
CONDITION_DIM = 32
# The least variance with which a code is recognised, as a logarithm: without a bound, recognising
# it ever more exactly would pay ever more, and soon count for more than looking real.
MIN_LOG_VARIANCE = -2.0


def width_of(conditions: Sequence[Latent]) -> int:
    """Return how much longer these inputs make the latent vector."""
    return CONDITION_DIM * len(conditions)


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
    """Return what makes a vector of a label or a code, as varied as the latents beside it."""
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
    """Gives both items of a pair the sum of their values."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Return float32 ``(batch, n)`` like the input; the batch is even."""
        first, second = _pairs(values)
        return tf.repeat(first + second, 2, axis=0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape


@keras.saving.register_keras_serializable("vidgan")
class PairDifference(PairSum):
    """Gives both items of a pair the size of the difference of their values."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Return float32 ``(batch, n)`` like the input; the batch is even."""
        first, second = _pairs(values)
        return tf.repeat(tf.abs(first - second), 2, axis=0)


def discriminator(
    trunk: keras.Model, config: ModelConfig, name: str, recognises: bool, pairs: bool = False
) -> keras.Model:
    """Put the heads on a trunk.

    One that judges pairs (PacGAN, arXiv 1712.04086) gives both items of a pair one logit: what it
    thinks of each, and of how much their features differ. Generated items that are all alike are
    found out so, although each may look real; the paper lays the items themselves on one another.

    A conditional discriminator adds the inner product of the features with the label's vector
    (arXiv 1802.05637); a model with codes recognises them from the same features (arXiv
    1606.03657).

    Args:
        trunk: items → features ``(batch, n)``.
        config: resolved.
        name: the view's.
        recognises: whether this discriminator has the recognition head, where there are codes.
        pairs: whether it judges the items of a batch two by two, of which there is an even number.
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
    if pairs:
        apart = layers.Dense(1, use_bias=False, dtype="float32", name="apart")(
            PairDifference()(features)
        )
        logit = layers.Add(dtype="float32")([PairSum()(logit), apart])
    outputs = {"logit": logit}
    if config.categories and recognises:
        outputs["category"] = _recognised(features, config.categories, "category")
        if config.codes:
            mean = _recognised(features, config.codes, "codes_mean")
            spread = _recognised(features, config.codes, "codes_spread")
            above = layers.Activation("softplus", dtype="float32")(spread)
            log_variance = layers.Rescaling(1.0, MIN_LOG_VARIANCE, dtype="float32")(above)
            outputs["codes"] = layers.Concatenate(dtype="float32")([mean, log_variance])
    return keras.Model(inputs, outputs, name=f"discriminator_{name}")


def _recognised(features: keras.KerasTensor, size: int, name: str) -> keras.KerasTensor:
    return layers.Dense(size, dtype="float32", name=f"recognition_{name}")(features)
