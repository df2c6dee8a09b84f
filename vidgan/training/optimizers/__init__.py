"""Optimizers: a registry, and one file for each."""

import keras

from vidgan.config import TrainConfig
from vidgan.training.optimizers.adam import FusedAdam
from vidgan.training.optimizers.muon import Muon

OPTIMIZERS: dict[str, type[FusedAdam]] = {"adam": FusedAdam, "muon": Muon}


def make_optimizers(
    config: TrainConfig, generator: str = "adam"
) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
    """Return the optimizers of the generator and of the discriminators.

    Args:
        config: the options of training.
        generator: the generator's optimizer, a name of :data:`OPTIMIZERS`; discriminators always
            have Adam.
    """
    g_optimizer = _make_optimizer(OPTIMIZERS[generator], config.g_lr, config)
    return g_optimizer, _make_optimizer(FusedAdam, config.d_lr, config)


def _make_optimizer(
    optimizer_class: type[FusedAdam], rate: float, config: TrainConfig
) -> keras.optimizers.Optimizer:
    optimizer = optimizer_class(rate, config.beta_1, config.beta_2, epsilon=1e-8)
    if config.precision == "mixed_float16":
        # Float16 gradients below 6e-8 underflow unless the loss is scaled.
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
