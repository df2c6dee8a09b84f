"""What tasks share that restore clips."""

import numpy as np

from vidgan.config import RestoringConfig, check_requirements
from vidgan.errors import OptionError
from vidgan.metrics import perceptual
from vidgan.training.context import GAME_COLUMNS, JUDGED_COLUMNS, NORM_COLUMNS
from vidgan.training.run import Run

# Held-out clips that are measured, and shown.
MEASURED = 24
SHOWN = 4
# Of the log: what a step of EnhanceGAN tells.
COLUMNS = (
    "pixel_loss",
    "perceptual_loss",
    "temporal_loss",
    *GAME_COLUMNS,
    *JUDGED_COLUMNS,
    *NORM_COLUMNS,
)


def check_losses(run: Run, crop: tuple[int, int]) -> None:
    """See that the options of the losses go together, and with the size of what is learnt from.

    Raises:
        OptionError: they do not.
    """
    config = run.task_config
    assert isinstance(config, RestoringConfig)
    if config.perceptual and min(crop) < perceptual.MIN_SIDE:
        raise OptionError(
            f"--perceptual needs --crop {perceptual.MIN_SIDE} or more, and frames as large; "
            "leave it out"
        )
    check_requirements(run.train, config)


def random_of(seed: np.ndarray) -> np.random.Generator:
    """Return a source of random numbers from a stateless seed, int32 ``(2,)``."""
    key = int(seed.astype(np.uint32).astype(np.uint64) @ np.array([1, 2**32], np.uint64))
    return np.random.Generator(np.random.Philox(key))
