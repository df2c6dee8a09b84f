"""What ``vidgan export`` writes of a run: a network for inference and the description of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import keras
from keras import ops

Dimension = int | str

# The only output of an exported network, and the first input of those that restore clips.
FRAMES, CLIP = "frames", "clip"
RGB = "RGB, from -1 (black) to 1 (white): pixels / 127.5 - 1"


@dataclass(frozen=True)
class ExportedInput:
    """An input of an exported network.

    Attributes:
        name: its name.
        shape: without the batch: numbers, and names of sizes that are free, such as ``height``.
        example: a shape that is possible, in numbers; for generators that of training.
        values: kind of values: of :mod:`vidgan.latents` for generators, else ``clip``, ``mask`` …
        text: what it means, one sentence without a full stop.
        dtype: its dtype.
        classes: number of labels, for labels.
    """

    name: str
    shape: tuple[Dimension, ...]
    example: tuple[int, ...]
    values: str
    text: str
    dtype: str = "float32"
    classes: int | None = None

    @property
    def sides(self) -> tuple[int | None, ...]:
        """The shape with None for sizes that are free, as Keras writes it."""
        return tuple(None if isinstance(side, str) else side for side in self.shape)

    def fixed(self) -> Self:
        """Return it with no free sizes but the batch."""
        return replace(self, shape=self.example)


@dataclass(frozen=True)
class Exported:
    """A network for inference.

    Attributes:
        network: a Keras model from a dict of :attr:`inputs` to a dict of ``frames``, float32
            ``(batch, frames, height, width, 3)`` in [-1, 1].
        inputs: its inputs; for generators in the order in which they are drawn.
        output: shape of a clip, as that of an input.
        notes: what a user has to know, one sentence each.
    """

    network: keras.Model
    inputs: tuple[ExportedInput, ...]
    output: tuple[Dimension, ...]
    notes: tuple[str, ...] = ()


def export_network(
    inputs: tuple[ExportedInput, ...], call: Callable[[Mapping[str, Any]], Any]
) -> keras.Model:
    """Build the network of :class:`Exported`.

    Args:
        inputs: its inputs.
        call: a function of the inputs by name that returns clips in about [-1, 1].
    """
    tensors = {
        each.name: keras.Input(each.sides, dtype=each.dtype, name=each.name) for each in inputs
    }
    return keras.Model(tensors, {FRAMES: ops.clip(call(tensors), -1.0, 1.0)})


def clip_input(multiple: int, text: str, channels: int = 3) -> ExportedInput:
    """Return the input of networks that restore clips of any size.

    Args:
        multiple: height and width must be multiples of this.
        text: what the clip shows.
        channels: of a pixel.
    """
    sides = "" if multiple == 1 else f"; height and width are multiples of {multiple}"
    return ExportedInput(
        CLIP,
        (FRAMES, "height", "width", channels),
        (8, 8 * multiple, 8 * multiple, channels),
        CLIP,
        f"{text}, {RGB}{sides}",
    )
