"""Refining codes by gradient steps, in the latent space of the decoder alone."""

from collections.abc import Collection
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan.latents import Noise

# Rate of the steps (Adam, arXiv 1412.6980); it falls to 0 along a cosine.
RATE = 0.1
BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8
# Weight of the squared distance to the first codes, against the squared error of a pixel.
PULL = 1e-2


class Refiner:
    """Moves codes so that the clips begin as given frames do.

    An encoder gives a code at once, gradient steps from there a better one (arXiv 1609.03552).

    Args:
        decoder: Keras model from codes to clips in [-1, 1].
        device: TensorFlow name of the device.
    """

    def __init__(self, decoder: Any, device: str) -> None:
        self._decoder, self._device = decoder, device
        self._gradients = tf.function(
            self._compute, reduce_retracing=True, autograph=False, jit_compile=False
        )

    def __call__(
        self, codes: Noise, free: Collection[str], target: np.ndarray, steps: int
    ) -> tuple[Noise, np.ndarray]:
        """Refine the codes of several clips, each by itself.

        Args:
            codes: of the clips.
            free: names of the codes that may move.
            target: float32 ``(clips, frames, height, width, 3)`` in [-1, 1], the first frames.
            steps: number of steps; 0 only measures.

        Returns:
            The best codes on the way, and the mean squared error of each clip, float32
            ``(clips,)``.
        """
        fixed = {name: tf.constant(codes[name]) for name in codes if name not in free}
        start = {name: tf.constant(codes[name]) for name in free}
        best, least = {name: codes[name] for name in free}, np.full(len(target), np.inf, np.float32)
        with tf.device(self._device):
            moved = {name: keras.Variable(codes[name], dtype="float32") for name in free}
            rate = keras.optimizers.schedules.CosineDecay(RATE, max(1, steps))
            optimizer = keras.optimizers.Adam(rate, BETA_1, BETA_2, EPSILON)
            goal = tf.constant(target)
            for _ in range(steps + 1):
                values = {name: tf.identity(variable.value) for name, variable in moved.items()}
                error, gradients = self._gradients(values, fixed, start, goal)
                better = error.numpy() < least
                least = np.where(better, error, least)
                for name, value in values.items():
                    chosen = better.reshape(-1, *([1] * (value.ndim - 1)))
                    best[name] = np.where(chosen, value, best[name])
                optimizer.apply([gradients[name] for name in moved], list(moved.values()))
        return codes | best, least

    def _compute(
        self,
        free: dict[str, tf.Tensor],
        fixed: dict[str, tf.Tensor],
        start: dict[str, tf.Tensor],
        target: tf.Tensor,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Return the error of each clip, and the gradients of the sum of all losses."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(free)
            clips = self._decoder({**free, **fixed}, training=False)[:, : tf.shape(target)[1]]
            difference = tf.cast(clips, tf.float32) - target
            error = tf.reduce_mean(tf.square(difference), axis=(1, 2, 3, 4))
            distances = [tf.reduce_mean(tf.square(free[name] - start[name])) for name in free]
            count = tf.cast(tf.shape(target)[0], tf.float32)
            total = tf.reduce_sum(error) + PULL * count * tf.add_n(distances)
        return error, tape.gradient(total, free)
