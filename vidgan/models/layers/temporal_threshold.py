"""What stands still in a clip stands still exactly."""

from typing import Any

import keras
import tensorflow as tf

from vidgan.models.layers.float32 import Float32Layer


@keras.saving.register_keras_serializable(package="vidgan")
class TemporalThreshold(Float32Layer):
    """Takes small differences from a pixel's mean over time away, and makes others smaller.

    Differences are soft-thresholded: what lies within the threshold becomes zero, what lies beyond
    comes nearer by it. A network that makes every frame anew cannot else keep a wall from
    shimmering. Any clip can still be made, by differences that are larger by the threshold.

    Args:
        threshold: in units of the clip.
    """

    def __init__(self, threshold: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.threshold = threshold

    def call(self, clip: tf.Tensor) -> tf.Tensor:
        """Return the clip ``(batch, frames, height, width, channels)``, float32, stiller."""
        mean = tf.reduce_mean(clip, axis=1, keepdims=True)
        change = clip - mean
        small = tf.clip_by_value(change, -self.threshold, self.threshold)
        return mean + (change - small)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "threshold": self.threshold}
