"""From a run's configuration to a VideoGAN ready to train."""

import keras

from vidgan import augment, runtime
from vidgan.config import TrainConfig
from vidgan.training.gan import VideoGAN
from vidgan.training.run import Run


def _optimizer(config: TrainConfig, rate: float) -> keras.optimizers.Optimizer:
    adam = keras.optimizers.Adam(rate, config.beta_1, config.beta_2, epsilon=1e-8)
    if config.precision == "mixed_float16":
        # Gradients of half precision vanish below 6e-8 unless they are scaled up.
        return keras.optimizers.LossScaleOptimizer(adam)
    return adam


def build_gan(run: Run) -> VideoGAN:
    """Build both networks and their optimizers from the run's configuration and seed.

    Raises:
        OptionError: the size does not split, or an option is wrong.
    """
    config = run.train
    names = augment.parse(config.augment)
    runtime.seed_everything(config.seed)
    runtime.set_precision(config.precision)
    try:
        gan = VideoGAN(run.build_generator(), run.build_discriminator(), config.seed)
    finally:
        runtime.set_precision("float32")
    gan.compile(
        _optimizer(config, config.g_lr),
        _optimizer(config, config.d_lr),
        loss=config.loss,
        augmentation=names,
        r1=config.r1,
        r1_every=config.r1_every,
        ema=config.ema,
    )
    return gan
