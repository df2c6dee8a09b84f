"""The description of a model of the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from vidgan.config import ModelConfig
from vidgan.latents import Latent, Noise

Shape = tuple[int, int, int]


def content(config: ModelConfig, frames: int, spacing: float) -> tuple[Latent, ...]:
    """Return the inputs of a generator whose only input is the latent vector."""
    return (Latent("latent", (config.latent_dim,)),)


@dataclass(frozen=True)
class Architecture:
    """A model: ``ARCHITECTURE`` in its file.

    Attributes:
        summary: what it is and when to use it, one line.
        paper: the paper it follows, such as ``arXiv 1511.06434``.
        generator: a function of config, height and width that builds a Keras model. Its inputs are
            a dict of the latents by name, its output is float32 clips ``(batch, frames, height,
            width, 3)`` in about [-1, 1]; see :func:`vidgan.models.dcgan.bound_colours`.
        trunk: a function of config and ``(frames, height, width)`` that builds a Keras model from
            items ``(batch, frames, height, width, 3)`` to features ``(batch, n)``: a discriminator
            without its head. The features of an item must not depend on other items of the batch.
            ``frames`` is 1 for a discriminator of single frames.
        latents: a function of config, frames and spacing (time between consecutive frames; 1 in
            training) that returns the generator's inputs in the order in which they are drawn. One
            is named ``latent`` and has the shape ``(latent_dim,)``.
        options: this model's defaults for fields of :class:`~vidgan.config.ModelConfig` that are
            None by default. A model does not have the options that are missing here, apart from
            ``discriminators``, ``spectral_norm`` and ``pairs``, which all models have.
        any_length: whether it generates clips of any number of frames. It then has an input
            ``times`` of kind ``TIMES``, and a frame depends on no other frame's time.
        any_rate: whether it generates frames at any times.
        periodic: for a model with ``any_length``, a function of inputs for clips of so many frames
            that returns inputs for as many frames, whose last frame leads to the first one.
    """

    summary: str
    paper: str
    generator: Callable[[ModelConfig, int, int], keras.Model]
    trunk: Callable[[ModelConfig, Shape], keras.Model]
    latents: Callable[[ModelConfig, int, float], tuple[Latent, ...]] = content
    options: Mapping[str, Any] = field(default_factory=dict)
    any_length: bool = False
    any_rate: bool = False
    periodic: Callable[[Noise], Noise] | None = None
