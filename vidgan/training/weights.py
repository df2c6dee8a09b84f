"""Weight files and checks of weights."""

import io
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan import hdf5_files
from vidgan.errors import RunError, TrainingError
from vidgan.files import write_synced
from vidgan.training import safetensors_files
from vidgan.training.soundness import SAFETENSORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import keras

    from vidgan.training.adversarial import AdversarialModel


def stored_bytes(variables: "Iterable[keras.Variable]") -> int:
    """Return an upper estimate of the size of a file of variables."""
    # They are stored as float32, each with a header of one or two kilobytes.
    return sum(4 * math.prod(variable.shape) + 4096 for variable in variables)


class _MemoryFile(io.BytesIO):
    """A file in memory with the name by which Keras chooses the format."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def save_weights(model: "keras.Model", path: Path) -> str:
    """Write the weights of a model and return the SHA-256 of the file, hexadecimal.

    HDF5 ends the process when a disk is full or a file may not grow, so that it writes to memory.

    Raises:
        OSError: the file cannot be written.
    """
    content = _MemoryFile()
    model.save_weights(content)
    return write_synced(path, content.getbuffer())


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load ``.weights.h5`` or ``.safetensors`` into a built model.

    Raises:
        RunError: the file is missing, damaged or of another shape, or holds what is no finite
            weight.
    """
    variables = list(model.variables)
    for part in getattr(model, "parts", list)():  # Of an AdversarialModel.
        variables += [*part.g_optimizer.variables, *part.d_optimizer.variables]
    try:
        # Twice the size: a variable may be stored as float64.
        max_bytes = 2 * stored_bytes(variables)
        source: Path | _MemoryFile = path
        if path.suffix == SAFETENSORS:
            source = _MemoryFile()
            hdf5_files.write(source, safetensors_files.read(path, max_bytes))
        else:
            hdf5_files.check(path, max_bytes)
        with warnings.catch_warnings():
            # Keras only warns about missing weights.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(source)
    except FileNotFoundError:
        raise RunError(f"{path}: missing; the checkpoint is damaged, use another one") from None
    except (OSError, ValueError, KeyError, RuntimeError, UserWarning) as error:
        detail = " ".join(str(error).split())[:120]
        raise RunError(
            f"{path}: does not fit the run's config.json or is damaged ({detail}); "
            "use another checkpoint"
        ) from None


def check_finite(gan: "AdversarialModel", step: int) -> None:
    """Check that all weights are finite.

    Raises:
        TrainingError: a weight is not finite.
    """
    import tensorflow as tf

    for weight in gan.weights:
        if not bool(tf.reduce_all(tf.math.is_finite(tf.cast(weight, tf.float32)))):
            raise TrainingError(
                f"{weight.path} is no longer finite at step {step}: training has diverged; try "
                "half of --g-lr and --d-lr, or a larger --r1"
            )
