"""Clips of given latents, made by the moving average of the weights while it trains."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from vidgan import latents, pixels
from vidgan.training.adversarial import AdversarialModel


def rows(noise: latents.Noise, start: int, count: int = 1) -> dict[str, tf.Tensor]:
    """Return some clips' inputs: a small batch takes little memory."""
    return {name: tf.constant(values[start : start + count]) for name, values in noise.items()}


class EmaSampler:
    """Makes clips as a graph, for calling layer by layer takes long where networks are small.

    Whoever looks at clips during training shares it: tracing the graph takes seconds.

    Args:
        gan: what is trained.
        at_once: clips made together.
    """

    def __init__(self, gan: AdversarialModel, at_once: int) -> None:
        self.gan, self.at_once = gan, at_once

    @cached_property
    def _generate(self) -> Any:
        return tf.function(self.gan.call, jit_compile=False)

    def batches(self, noise: latents.Noise) -> Iterator[np.ndarray]:
        """Yield clips of these latents in their order.

        Yields:
            uint8 ``(up to at_once, frames, height, width, 3)``, RGB.
        """
        for start in range(0, len(next(iter(noise.values()))), self.at_once):
            clips = self._generate(rows(noise, start, self.at_once))
            yield pixels.to_uint8(clips.numpy())
