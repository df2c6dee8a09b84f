"""Write a network as an ONNX file, a SavedModel or a LiteRT file, by Keras' own export."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from vidgan.errors import ExportError
from vidgan.models.portable import is_recurrent
from vidgan.stderr import silent_stderr
from vidgan.tasks.exported import FRAMES, Exported, ExportedInput

# Name of the model in the folder, and Keras' name of the format.
FILES = {"onnx": "model.onnx", "savedmodel": "saved_model", "litert": "model.tflite"}
_KERAS_NAMES = {"onnx": "onnx", "savedmodel": "tf_saved_model", "litert": "litert"}
_FIXED = (
    "The number of frames is that of training: LiteRT has no loops over a number of steps that is "
    "not known. Export another format for clips of other lengths."
)


def fit(exported: Exported, format: str) -> Exported:
    """Return what a format can hold of it; what it cannot do is added to the notes."""
    if format != "litert" or not is_recurrent(exported.network):
        return exported
    inputs = tuple(each.fixed() for each in exported.inputs)
    (frames,) = (each.example[0] for each in inputs if each.values == "times")
    notes = (*exported.notes, _FIXED)
    return Exported(exported.network, inputs, (frames, *exported.output[1:]), notes)


def write(exported: Exported, format: str, path: Path) -> None:
    """Write the network.

    Args:
        exported: see :func:`fit`.
        format: one of ``vidgan.config.EXPORT_FORMATS``.
        path: what to write, of the name in :data:`FILES`.

    Raises:
        ExportError: the format has no counterpart for an operation of the network.
    """
    options: dict[str, Any] = {}
    if format == "litert":
        # Only what LiteRT itself can do: the file then needs no TensorFlow.
        options["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    signature = [{each.name: _spec(each) for each in exported.inputs}]
    try:
        with _quiet():
            exported.network.export(
                str(path),
                format=_KERAS_NAMES[format],
                verbose=False,
                input_signature=signature,
                **options,
            )
    except OSError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ExportError(
            f"--format {format}: the network cannot be converted ({reason:.200}); use --format "
            "savedmodel"
        ) from error
    if format == "onnx":
        _name_dimensions(exported, path)


def _spec(given: ExportedInput) -> keras.InputSpec:
    return keras.InputSpec(shape=(None, *given.sides), dtype=given.dtype, name=given.name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Discard what the converters print, and their warnings of what is old in themselves."""
    with silent_stderr(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _name_dimensions(exported: Exported, path: Path) -> None:
    """Name the free sizes in an ONNX file, which programs show."""
    import onnx

    model = onnx.load(path)
    shapes = {each.name: each.shape for each in exported.inputs}
    for values, named in ((model.graph.input, shapes), (model.graph.output, {})):
        for value in values:
            shape = named.get(value.name, exported.output)
            sides = value.type.tensor_type.shape.dim
            for side, name in zip(sides, ("batch", *shape), strict=True):
                if isinstance(name, str):
                    side.dim_param = name
                else:
                    side.dim_value = name
    assert [value.name for value in model.graph.output] == [FRAMES]
    onnx.save(model, path)
