"""Draw the generator's inputs in a training step."""

from collections.abc import Sequence

import tensorflow as tf

from vidgan import replicas
from vidgan.latents import CATEGORICAL, LABEL, NORMAL, TIMES, UNIFORM, Latent


def draw_latents(
    latents: Sequence[Latent], batch: int, seed: tf.Tensor, labels: tf.Tensor | None
) -> dict[str, tf.Tensor]:
    """Draw the inputs for a batch.

    Args:
        latents: the generator's inputs.
        batch: number of clips of this replica.
        seed: stateless seed, int32 ``(2,)``.
        labels: int32 ``(batch,)``: labels of the clips, the same as those of the real clips.

    Returns:
        For each name ``(batch, *shape)``.
    """
    noise = {}
    for index, latent in enumerate(latents):
        shape, own = (batch, *latent.shape), tf.random.fold_in(seed, index)
        if latent.kind == NORMAL:
            noise[latent.name] = replicas.normal(shape, own)
        elif latent.kind == UNIFORM:
            noise[latent.name] = replicas.uniform(shape, own, -1, 1)
        elif latent.kind == CATEGORICAL:
            size = latent.shape[0]
            chosen = replicas.uniform((batch,), own, 0, size, tf.int32)
            noise[latent.name] = tf.one_hot(chosen, size)
        elif latent.kind == LABEL:
            noise[latent.name] = labels
        elif latent.kind == TIMES:
            start = replicas.uniform((batch, 1), own, 0, latent.latest)
            noise[latent.name] = start + latent.spacing * tf.range(
                latent.shape[0], dtype=tf.float32
            )
    return noise
