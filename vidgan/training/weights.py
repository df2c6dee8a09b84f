"""Weight files and checks of weights."""

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan import hdf5_files
from vidgan.errors import RunError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import keras

    from vidgan.training.adversarial import AdversarialModel


def checkpoint_bytes(gan: "AdversarialModel") -> int:
    """Return an upper estimate of the size of a checkpoint."""
    variables = [
        *gan.weights,
        *gan.generator_ema.weights,
        *gan.g_optimizer.variables,
        *gan.d_optimizer.variables,
    ]
    return stored_bytes(variables)


def stored_bytes(variables: "Iterable[keras.Variable]") -> int:
    """Return an upper estimate of the size of a file of variables."""
    # They are stored as float32, each with a header of one or two kilobytes.
    return sum(4 * math.prod(variable.shape) + 4096 for variable in variables)


def load_weights(model: "keras.Model", path: Path) -> None:
    """Load ``.weights.h5`` into a built model.

    Raises:
        RunError: the file is missing, damaged or of another shape, or holds what is no finite
            weight.
    """
    optimizers = [getattr(model, name, None) for name in ("g_optimizer", "d_optimizer")]
    variables = [*model.variables, *(v for o in optimizers if o is not None for v in o.variables)]
    try:
        # Twice the size: a variable may be stored as float64.
        hdf5_files.check(path, 2 * stored_bytes(variables))
        with warnings.catch_warnings():
            # Keras only warns about missing weights.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
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
