"""Tables of the layers of vidgan's networks, read from the networks themselves.

``.. network-table:: generator`` (or ``discriminator``) lists the layers of the default model for
clips of 8 frames of 32 × 32. Its content is the heading, five words separated by commas.
"""

from typing import Any

import keras
from container_tables import table
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from vidgan import models
from vidgan.config import ModelConfig
from vidgan.models.layers.frame_gain import FrameGain

CONFIG = ModelConfig(frames=8, pairs=False)
SIDE = 32


def build(name: str) -> keras.Model:
    """Build a network."""
    if name == "generator":
        return models.build_generator(CONFIG, SIDE, SIDE)
    return models.build_discriminators(CONFIG, SIDE, SIDE)["clip"]


def flat_layers(network: keras.Model) -> list[keras.Layer]:
    """Return the layers of a network and of the networks in it, whose inputs are layers of it."""
    found = []
    for layer in network.layers:
        found += flat_layers(layer)[1:] if isinstance(layer, keras.Model) else [layer]
    return found


def sizes(values: tuple[int, ...]) -> str:
    """Return a shape as it is read."""
    # Not broken between lines.
    return "\u00a0×\u00a0".join(f"{value:,}" for value in values)


def rows(network: keras.Model) -> list[list[str]]:
    """Return a row for each layer with weights, and those that change the shape."""
    found = []
    for layer in flat_layers(network):
        shape = layer.output.shape[1:]
        changes = isinstance(layer, keras.layers.InputLayer | keras.layers.Reshape)
        if isinstance(layer, FrameGain) or not (layer.count_params() or changes):
            continue
        kernel = sizes(layer.kernel_size) if hasattr(layer, "kernel_size") else ""
        stride = sizes(layer.strides) if hasattr(layer, "strides") else ""
        name = type(layer).__name__.removesuffix("Layer")
        found.append([f"`{name}`", kernel, stride, sizes(shape), f"{layer.count_params():,}"])
    return found


class NetworkTable(Directive):
    """The layers of a network."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        heading = [word.strip() for word in " ".join(self.content).split(",")]
        return [table([heading, *rows(build(self.arguments[0]))])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("network-table", NetworkTable)
    return {"parallel_read_safe": True}
