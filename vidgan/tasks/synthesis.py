"""Synthesis: new clips from noise."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from vidgan import latents, models, pixels
from vidgan.dataset.manifest import Manifest
from vidgan.tasks.base import Task, clips_of
from vidgan.tasks.build import build_gan
from vidgan.training import distances
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.context import (
    GAME_COLUMNS,
    JUDGED_COLUMNS,
    NORM_COLUMNS,
    Preview,
    TrainingCallback,
    TrainingContext,
)
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler, rows

SAMPLES = 8
GRID = (2, 4)


def settle(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Fill in the options that are the model's own, and the labels of a conditional one."""
    model = models.resolve(run.model)
    if model.conditional:
        model = model.replace(labels=tuple(manifests[0].labels))
    return run.replace(model=model)


def generator(run: Run) -> keras.Model:
    """Build the generator: a dict of latents → clips in [-1, 1]."""
    return models.build_generator(run.model, run.size[1], run.size[0])


def data(run: Run, manifests: Sequence[Manifest], skip: int) -> tf.data.Dataset:
    """Return batches of clips, with labels for a conditional model."""
    return clips_of(
        run,
        manifests[0],
        skip,
        labels=run.model.conditional,
    )


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Draw clips of fixed latents."""
    inputs = run.latents()
    # Labels and categories in their order, so that a look tells what each has become.
    noise = latents.cycle_classes(inputs, latents.from_seeds(inputs, range(SAMPLES)))

    def draw(gan: AdversarialModel) -> np.ndarray:
        clips = [gan.generator_ema(rows(noise, i), training=False) for i in range(SAMPLES)]
        return np.concatenate([pixels.to_uint8(clip.numpy()) for clip in clips])

    return Preview(GRID, draw)


def hooks(sitting: TrainingContext) -> list[TrainingCallback]:
    """Measure distances to real clips, and watch the training's health."""
    from vidgan.training.callbacks.distance import DistanceMonitor
    from vidgan.training.callbacks.health import HealthMonitor

    run, manifest, progress = sitting.run, sitting.manifests[0], sitting.progress
    # A step holds twice its batch, real and generated clips, and what gradients need.
    sampler = EmaSampler(sitting.gan, 2 * (run.train.batch_size or 1))
    made: list[TrainingCallback] = []
    if distances.parse(run.train.metrics):
        made.append(
            DistanceMonitor(
                run, manifest, progress, sampler, sitting.save, sitting.tell, sitting.clock
            )
        )
    if run.train.health:
        made.append(HealthMonitor(run, manifest, progress, sampler, sitting.tell, sitting.clock))
    return made


TASK = Task(
    settle=settle,
    build=build_gan,
    generator=generator,
    data=data,
    preview=preview,
    hooks=hooks,
    columns=(
        *GAME_COLUMNS,
        *JUDGED_COLUMNS,
        "gradient_penalty",
        "recognition",
        "augment_share",
        *NORM_COLUMNS,
        "diversity",
        "motion_diversity",
        "novelty",
        "overfitting",
        *map(distances.column, distances.METRICS),
    ),
)
