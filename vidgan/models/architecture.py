"""What a model of the registry is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from vidgan.config import ModelConfig
from vidgan.latents import Latent

Shape = tuple[int, int, int]


def content(config: ModelConfig, frames: int, spacing: float) -> tuple[Latent, ...]:
    """Return the inputs of a generator that makes a clip from one vector."""
    return (Latent("latent", (config.latent_dim,)),)


@dataclass(frozen=True)
class Architecture:
    """A model: ``ARCHITECTURE`` in its file.

    Attributes:
        summary: what it is and what it is good for, one line.
        paper: the paper it follows, as ``arXiv 1511.06434``.
        generator: from config, height and width to a Keras model whose inputs are a dict of the
            latents by name and whose output is float32 clips ``(batch, frames, height, width, 3)``
            for [-1, 1], which may lie a little beyond; see :func:`vidgan.models.dcgan.bounded`.
        trunk: from config and ``(frames, height, width)`` to a Keras model from items
            ``(batch, frames, height, width, 3)`` to features ``(batch, n)``: a discriminator
            without its head. No item's features may depend on the others of its batch. ``frames``
            is 1 where single frames are judged.
        latents: from config, frames and the time from frame to frame (1 is that of training) to
            the generator's inputs, in the order in which they are drawn; one is named ``latent``
            and is ``(latent_dim,)``.
        options: fields of :class:`~vidgan.config.ModelConfig` that are None by default, with this
            model's values. Those among ``motion_dim``, ``categories``, ``codes`` and
            ``temporal_threshold``
            that are missing here have no meaning for the model.
        any_length: whether it makes clips of any number of frames. It then has an input ``times``
            of kind ``TIMES``, and what a frame shows depends on its own time alone.
        any_rate: whether it makes frames at any times.
    """

    summary: str
    paper: str
    generator: Callable[[ModelConfig, int, int], keras.Model]
    trunk: Callable[[ModelConfig, Shape], keras.Model]
    latents: Callable[[ModelConfig, int, float], tuple[Latent, ...]] = content
    options: Mapping[str, Any] = field(default_factory=dict)
    any_length: bool = False
    any_rate: bool = False
