"""From a run's configuration to a VideoGAN ready to train, and what other tasks need for theirs."""

import contextlib
from collections.abc import Iterator

import keras

from vidgan import models, runtime
from vidgan.config import TrainConfig
from vidgan.tasks import option_checks
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.optimizers.adam import FusedAdam
from vidgan.training.optimizers.muon import Muon
from vidgan.training.run import Run

OPTIMIZERS: dict[str, type[FusedAdam]] = {"adam": FusedAdam, "muon": Muon}


def optimizers(
    config: TrainConfig, generator: str = "adam"
) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
    """Return the generator's and the discriminators' optimizer.

    Args:
        config: the options.
        generator: what the generator learns by; discriminators always have Adam.
    """
    g_optimizer = _optimizer(OPTIMIZERS[generator], config.g_lr, config)
    return g_optimizer, _optimizer(FusedAdam, config.d_lr, config)


def _optimizer(
    kind: type[FusedAdam], rate: float, config: TrainConfig
) -> keras.optimizers.Optimizer:
    plain = kind(rate, config.beta_1, config.beta_2, epsilon=1e-8)
    if config.precision == "mixed_float16":
        # Gradients of half precision vanish below 6e-8 unless they are scaled up.
        return keras.optimizers.LossScaleOptimizer(plain)
    return plain


@contextlib.contextmanager
def building(config: TrainConfig) -> Iterator[None]:
    """Give the networks made within their seed and their precision.

    A precision of ``auto``, which the job settles when it makes a run, counts as float32 here.
    """
    runtime.seed_everything(config.seed)
    with runtime.precision("float32" if config.precision == "auto" else config.precision):
        yield


def build_gan(run: Run) -> VideoGAN:
    """Build the networks and their optimizers from the run's configuration and seed.

    Raises:
        OptionError: the size does not split, or an option is wrong.
    """
    config, model = run.train, models.resolve(run.model)
    option_checks.check(model, config)
    with building(config):
        width, height = run.size
        generator = models.build_generator(model, height, width)
        discriminators = models.build_discriminators(model, height, width)
        gan = VideoGAN(model, models.latents(model), generator, discriminators, config.seed)
    gan.compile(*optimizers(config), config)
    return gan
