"""Resizing the frames of clips."""

from typing import Any

import keras
import tensorflow as tf

from vidgan.models.layers.float32 import Float32Layer


@keras.saving.register_keras_serializable("vidgan")
class Resize(Float32Layer):
    """Resizes each frame, bicubic (Keys' kernel), with antialiasing where it shrinks.

    Args:
        height: of the output in pixels.
        width: of the output in pixels.
    """

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return ``(batch, frames, height, width, channels)``."""
        shape = tf.shape(clips)
        frames = tf.reshape(clips, (-1, shape[2], shape[3], clips.shape[-1]))
        resized = tf.image.resize(frames, (self.height, self.width), "bicubic", antialias=True)
        return tf.reshape(resized, (shape[0], shape[1], self.height, self.width, clips.shape[-1]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output of :meth:`call`."""
        return (*input_shape[:2], self.height, self.width, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "height": self.height, "width": self.width}
