"""The generator's inputs of a training step."""

from collections.abc import Sequence

import tensorflow as tf

from vidgan.latents import CATEGORICAL, LABEL, NORMAL, TIMES, UNIFORM, Latent


def draw(
    latents: Sequence[Latent], batch: int, seed: tf.Tensor, labels: tf.Tensor | None
) -> dict[str, tf.Tensor]:
    """Draw inputs for a batch.

    Args:
        latents: what the generator takes.
        batch: clips.
        seed: int32 ``(2,)``, stateless.
        labels: int32 ``(batch,)``: the labels of the clips to make, those of the real ones.

    Returns:
        For each name ``(batch, *shape)``.
    """
    made = {}
    for index, latent in enumerate(latents):
        shape, own = (batch, *latent.shape), tf.random.fold_in(seed, index)
        if latent.kind == NORMAL:
            made[latent.name] = tf.random.stateless_normal(shape, own)
        elif latent.kind == UNIFORM:
            made[latent.name] = tf.random.stateless_uniform(shape, own, -1, 1)
        elif latent.kind == CATEGORICAL:
            size = latent.shape[0]
            chosen = tf.random.stateless_uniform((batch,), own, 0, size, tf.int32)
            made[latent.name] = tf.one_hot(chosen, size)
        elif latent.kind == LABEL:
            made[latent.name] = labels
        elif latent.kind == TIMES:
            start = tf.random.stateless_uniform((batch, 1), own, 0, latent.latest)
            made[latent.name] = start + latent.spacing * tf.range(latent.shape[0], dtype=tf.float32)
    return made
