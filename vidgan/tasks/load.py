"""Build the networks of a run and load their weights."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from vidgan import models, tasks
from vidgan.errors import RunError
from vidgan.models import autoencoder
from vidgan.training import weights
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.run import Run
from vidgan.training.soundness import (
    EMA_NAME,
    GAN_NAME,
    SHARED_EMA_NAME,
    SHARED_ENCODER_NAME,
    is_shared,
)


def build_generator(run: Run) -> keras.Model:
    """Build the generator with initial weights; see :class:`vidgan.tasks.base.Task`."""
    return tasks.find_task(run.task).generator(run)


def load_generator(run: Run, checkpoint: str = "latest") -> keras.Model:
    """Build the generator and load the moving average of its weights.

    Returns:
        For synthesis a Keras model from a dict of latents, see :meth:`Run.latents`, to float32
        clips ``(batch, frames, height, width, 3)`` in [-1, 1]; for other tasks see their modules.

    Raises:
        RunError: there is no such checkpoint, or it does not fit the run's configuration.
    """
    folder = run.checkpoint(checkpoint)
    generator = build_generator(run)
    weights.load_weights(generator, folder / (SHARED_EMA_NAME if is_shared(folder) else EMA_NAME))
    return generator


def load_gan(run: Run, checkpoint: str = "latest") -> AdversarialModel:
    """Build the model and load all weights and the state of both optimizers.

    Raises:
        RunError: there is no such checkpoint, it does not fit the run's configuration, or the run
            was shared without what only trains.
    """
    folder = run.checkpoint(checkpoint)
    if is_shared(folder):
        raise RunError(
            f"{folder}: was shared without discriminators and optimizers, which this needs; use "
            "the run that it was made from"
        )
    gan = tasks.find_task(run.task).build(run)
    weights.load_weights(gan, folder / GAN_NAME)
    return gan


def load_encoder(run: Run, checkpoint: str = "latest") -> keras.Model:
    """Load the encoder of a synthesis run; see :func:`vidgan.models.autoencoder.build_encoder`.

    It has no moving average; with that of the generator it is at least as good as with the
    generator that it was trained with.

    Raises:
        RunError: the run has no encoder, or there is no such checkpoint, or it does not fit the
            run's configuration.
    """
    run.check_encoder()
    folder = run.checkpoint(checkpoint)
    if is_shared(folder):
        width, height = run.base.size
        encoder = autoencoder.build_encoder(models.resolve(run.model), height, width)
        weights.load_weights(encoder, folder / SHARED_ENCODER_NAME)
        return encoder
    gan: Any = load_gan(run, checkpoint)
    return gan.encoder


def load_discriminator(run: Run, checkpoint: str = "latest") -> Callable[..., tf.Tensor]:
    """Load the discriminators of a synthesis run.

    Returns:
        A function of clips in [-1, 1] and, for a conditional model, labels, that returns the mean
        logit of each clip over all discriminators, float32 ``(batch,)``.

    Raises:
        RunError: there is no such checkpoint, or it does not fit the run's configuration.
    """
    gan: Any = load_gan(run, checkpoint)
    discriminate: Callable[..., tf.Tensor] = gan.discriminate
    return discriminate
