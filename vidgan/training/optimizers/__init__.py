"""Optimizers, one file for each; ``vidgan.config.OPTIMIZERS`` is their registry."""

from pkgutil import resolve_name

import keras

from vidgan.config import OPTIMIZERS, TrainConfig
from vidgan.training.optimizers.adam import FusedAdam
from vidgan.training.optimizers.loss_scaling import LossScaling


def make_optimizers(
    config: TrainConfig,
) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
    """Return the optimizers of the generator and of the discriminators.

    Args:
        config: the options of training; discriminators always have Adam.
    """
    generator_class: type[FusedAdam] = resolve_name(OPTIMIZERS[config.optimizer])
    g_optimizer = _make_optimizer(generator_class, config.g_lr, config)
    return g_optimizer, _make_optimizer(FusedAdam, config.d_lr, config)


def _make_optimizer(
    optimizer_class: type[FusedAdam], rate: float, config: TrainConfig
) -> keras.optimizers.Optimizer:
    optimizer = optimizer_class(rate, config.beta_1, config.beta_2, epsilon=1e-8)
    if config.precision == "mixed_float16":
        # Float16 gradients below 6e-8 underflow unless the loss is scaled.
        return LossScaling(optimizer)
    return optimizer
