"""Networks of a run, built and loaded."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from vidgan import tasks
from vidgan.training import weights
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.run import EMA_NAME, GAN_NAME, Run


def build_generator(run: Run) -> keras.Model:
    """Build the generator with fresh weights; see :class:`vidgan.tasks.base.Task`."""
    return tasks.find(run.task).generator(run)


def load_generator(run: Run, checkpoint: str = "latest") -> keras.Model:
    """Build the generator and load the moving average of its weights.

    Returns:
        For synthesis a Keras model from a dict of latents, see :meth:`Run.latents`, to float32
        clips ``(batch, frames, height, width, 3)`` in [-1, 1]; for other tasks see theirs.

    Raises:
        RunError: no such checkpoint, or one that does not fit the run's configuration.
    """
    folder = run.checkpoint(checkpoint)
    generator = build_generator(run)
    weights.load(generator, folder / EMA_NAME)
    return generator


def load_gan(run: Run, checkpoint: str = "latest") -> AdversarialModel:
    """Build everything and load all weights and both optimizers.

    Raises:
        RunError: no such checkpoint, or one that does not fit the run's configuration.
    """
    folder = run.checkpoint(checkpoint)
    gan = tasks.find(run.task).build(run)
    weights.load(gan, folder / GAN_NAME)
    return gan


def load_discriminator(run: Run, checkpoint: str = "latest") -> Callable[..., tf.Tensor]:
    """Load the discriminators of a synthesis run.

    Returns:
        A function from clips in [-1, 1], and labels of a conditional model, to the mean logit of
        each over all that the discriminators see of it, float32 ``(batch,)``.

    Raises:
        RunError: no such checkpoint, or one that does not fit the run's configuration.
    """
    gan: Any = load_gan(run, checkpoint)
    judge: Callable[..., tf.Tensor] = gan.judge
    return judge
