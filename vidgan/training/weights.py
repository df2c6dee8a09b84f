"""Weights in files, and whether they are sound."""

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan.errors import RunError, TrainingError

if TYPE_CHECKING:
    import keras

    from vidgan.training.adversarial import AdversarialModel


def checkpoint_bytes(gan: "AdversarialModel") -> int:
    """Return the size of a checkpoint, rather more than less."""
    variables = [
        *gan.weights,
        *gan.generator_ema.weights,
        *gan.g_optimizer.variables,
        *gan.d_optimizer.variables,
    ]
    # A variable is kept as float32 and has a header of a kilobyte or two.
    return sum(4 * math.prod(variable.shape) + 4096 for variable in variables)


def load(model: "keras.Model", path: Path) -> None:
    """Load ``.weights.h5`` into a built model.

    Raises:
        RunError: the file is missing, damaged or of another shape.
    """
    try:
        with warnings.catch_warnings():
            # Keras goes on without what it does not find, and only warns.
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
    """See that training has not broken the weights.

    Raises:
        TrainingError: a weight is no longer finite.
    """
    import tensorflow as tf

    for weight in gan.weights:
        if not bool(tf.reduce_all(tf.math.is_finite(tf.cast(weight, tf.float32)))):
            raise TrainingError(
                f"{weight.path} is no longer finite at step {step}: training has diverged; try "
                "half of --g-lr and --d-lr, or a larger --r1"
            )
