"""Generate clips with the moving average during training."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from vidgan import latents, pixels
from vidgan.training.adversarial import AdversarialModel


def slice_noise(noise: latents.Noise, start: int, count: int = 1) -> dict[str, tf.Tensor]:
    """Return the inputs of ``count`` clips as tensors."""
    return {name: tf.constant(values[start : start + count]) for name, values in noise.items()}


class EmaSampler:
    """Generates clips with the moving average, in graph mode, which is faster for small networks.

    Callbacks share one sampler, since tracing takes seconds.

    Args:
        gan: the model.
        at_once: batch size.
    """

    def __init__(self, gan: AdversarialModel, at_once: int) -> None:
        self.gan, self.at_once = gan, at_once

    @cached_property
    def _generate(self) -> Any:
        return tf.function(self.gan.call, autograph=False, jit_compile=False)

    def batches(self, noise: latents.Noise) -> Iterator[np.ndarray]:
        """Generate clips in the order of the latents.

        Yields:
            uint8 ``(up to at_once, frames, height, width, 3)``, RGB.
        """
        for start in range(0, len(next(iter(noise.values()))), self.at_once):
            clips = self._generate(slice_noise(noise, start, self.at_once))
            yield pixels.to_uint8(clips.numpy())
