"""What tasks that restore clips have in common."""

import keras
import numpy as np

from vidgan.config import RestoringConfig, check_requirements
from vidgan.errors import OptionError
from vidgan.metrics import perceptual
from vidgan.models import patch
from vidgan.tasks.base import get_task_config
from vidgan.training.context import (
    ACCURACY_BAR,
    ACCURACY_COLUMNS,
    LOSS_BAR,
    LOSS_COLUMNS,
    NORM_COLUMNS,
)
from vidgan.training.curves import ADVERSARIAL_PANELS, Panel
from vidgan.training.run import Run

# Number of held-out clips that are measured, and that are saved as samples.
MEASURED = 24
SHOWN = 4
# Columns of the log: values of a step of EnhanceGAN.
COLUMNS = (
    "pixel_loss",
    "perceptual_loss",
    "temporal_loss",
    *LOSS_COLUMNS,
    *ACCURACY_COLUMNS,
    *NORM_COLUMNS,
)
PANELS = (
    *ADVERSARIAL_PANELS,
    Panel("pixel loss", {"pixel_loss": "generator"}, logarithmic=True),
    Panel("PSNR, dB", {"psnr": "restored", "psnr_before": "without the network"}, dotted=True),
)
BAR = LOSS_BAR | {"pixel_loss": "pixels {:.4f}"} | ACCURACY_BAR


def check_losses(run: Run, crop: tuple[int, int]) -> None:
    """Check that the options of the losses go together and fit the size of the crop.

    Raises:
        OptionError: they do not.
    """
    config = get_task_config(run, RestoringConfig)
    if config.perceptual and min(crop) < perceptual.MIN_SIDE:
        raise OptionError(
            f"--perceptual needs --crop {perceptual.MIN_SIDE} or more, and frames of that size; "
            "leave it out"
        )
    check_requirements(run.train, config)


def build_discriminator(run: Run, frames: int, height: int, width: int) -> keras.Model | None:
    """Build the discriminator of clips of a size; None without an adversarial loss."""
    if not get_task_config(run, RestoringConfig).adversarial:
        return None
    return patch.discriminator(run.model.d_channels, frames, height, width)


def make_random_generator(seed: np.ndarray) -> np.random.Generator:
    """Return a random generator for a stateless seed, int32 ``(2,)``."""
    key = int(seed.astype(np.uint32).astype(np.uint64) @ np.array([1, 2**32], np.uint64))
    return np.random.Generator(np.random.Philox(key))
