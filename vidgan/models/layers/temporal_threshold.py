"""Removes small changes over time, so that static areas do not shimmer."""

from typing import Any

import keras
import tensorflow as tf

from vidgan.models.layers.float32 import Float32Layer


@keras.saving.register_keras_serializable(package="vidgan")
class TemporalThreshold(Float32Layer):
    """Soft-thresholds the difference of each pixel from its mean over time.

    Differences within the threshold become zero, others are reduced by it. Any clip can still be
    generated, by differences that are larger by the threshold.

    Args:
        threshold: in units of the clip.
    """

    def __init__(self, threshold: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.threshold = threshold

    def call(self, clip: tf.Tensor) -> tf.Tensor:
        """Return the thresholded clip, float32 ``(batch, frames, height, width, channels)``."""
        mean = tf.reduce_mean(clip, axis=1, keepdims=True)
        change = clip - mean
        # The gradient of tf.clip_by_value takes several times as long.
        above = tf.nn.relu(change - self.threshold)
        below = tf.nn.relu(-self.threshold - change)
        return mean + (above - below)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "threshold": self.threshold}
