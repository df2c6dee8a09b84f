"""Synthesis: new clips from noise."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from vidgan import latents, models, pixels
from vidgan.dataset.manifest import Manifest
from vidgan.models import autoencoder, upsampler
from vidgan.tasks import cascade, option_checks
from vidgan.tasks.base import Task, training_batches
from vidgan.tasks.exported import Exported, export_network
from vidgan.tasks.generator_inputs import generator_inputs
from vidgan.tasks.vae_gan import VAEGAN
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training import batch_figures, distance_metrics, sample_quality
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.context import (
    ACCURACY_BAR,
    ACCURACY_COLUMNS,
    LOSS_BAR,
    LOSS_COLUMNS,
    NORM_COLUMNS,
    Preview,
    TrainingCallback,
    TrainingContext,
)
from vidgan.training.curves import ADVERSARIAL_PANELS, Panel
from vidgan.training.initialization import initialization_scope
from vidgan.training.optimizers import make_optimizers
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler, slice_noise
from vidgan.training.state import distance_column

SAMPLES = 8
GRID = (2, 4)


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Fill in the model's default options, and the labels of a conditional model."""
    model = models.resolve(run.model)
    if model.conditional:
        model = model.replace(labels=tuple(manifests[0].labels))
    return run.replace(model=model)


def build_gan(run: Run) -> VideoGAN:
    """Build the networks and their optimizers.

    Raises:
        OptionError: no network can be built for the size, or options do not go together.
    """
    config, model = run.train, models.resolve(run.model)
    option_checks.check(model, config)
    with initialization_scope(config):
        width, height = run.base.size
        network = base_generator(run)
        discriminators = models.build_discriminators(model, height, width)
        arguments = (model, run.latents(), network, discriminators)
        larger = upsampler.build_upsampler(model, run.size)
        second = (larger, None if model.upscale == 1 else cascade.build_stage(run, larger))
        if run.model.reconstruction:
            encoder = autoencoder.build_encoder(model, height, width)
            gan: VideoGAN = VAEGAN(*arguments, encoder, config.seed, *second)
        else:
            gan = VideoGAN(*arguments, config.seed, *second)
    gan.compile(*make_optimizers(config), config)
    return gan


def base_generator(run: Run) -> keras.Model:
    """Build the generator, from a dict of latents to clips of its own size in [-1, 1]."""
    width, height = run.base.size
    network = models.build_generator(run.model, height, width)
    return autoencoder.add_sampler(network, run.model) if run.model.reconstruction else network


def generator(run: Run) -> keras.Model:
    """Build the generator and, of a cascade, the upsampler: from latents to clips in [-1, 1]."""
    model = models.resolve(run.model)
    return upsampler.join(base_generator(run), upsampler.build_upsampler(model, run.size))


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of clips, with labels for a conditional model; see :class:`VideoGAN`."""
    if (run.model.upscale or 1) > 1:
        return cascade.data(run, manifests[0], skip, context)
    manifest = manifests[0].resized(run.base.size)
    return training_batches(run, manifest, skip, context, labels=run.model.conditional)


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return samples of fixed latents."""
    inputs = run.latents()
    # One sample for each label and category, in order.
    noise = latents.cycle_classes(inputs, latents.from_seeds(inputs, range(SAMPLES)))

    def render(gan: AdversarialModel) -> np.ndarray:
        network = gan.inference_network()
        clips = [network(slice_noise(noise, i), training=False) for i in range(SAMPLES)]
        return np.concatenate([pixels.to_uint8(clip.numpy()) for clip in clips])

    return Preview(GRID, render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return callbacks that measure distances to real clips and check health rules."""
    from vidgan.training.callbacks.distance import DistanceMonitor
    from vidgan.training.callbacks.health import HealthMonitor

    # Of a cascade the generator is measured: what the upsampler adds are details.
    run, progress = context.run.base, context.progress
    manifest = context.manifests[0].resized(run.size)
    # A training step holds real and generated clips and their gradients, so twice its batch fits.
    sampler = EmaSampler(context.gan, 2 * (run.train.batch_size or 1))
    monitors: list[TrainingCallback] = []
    if distance_metrics.parse(run.train.metrics):
        monitors.append(
            DistanceMonitor(
                run, manifest, progress, sampler, context.save, context.notify, context.clock
            )
        )
    if run.train.health:
        monitors.append(
            HealthMonitor(run, manifest, progress, sampler, context.health, context.clock)
        )
    return monitors


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    inputs = generator_inputs(run)
    width, height = run.size
    free = any(each.values == latents.TIMES for each in inputs)
    return Exported(
        export_network(inputs, network),
        inputs,
        ("frames" if free else run.frames, height, width, 3),
    )


TASK = Task(
    resolve=resolve,
    build=build_gan,
    generator=generator,
    data=data,
    preview=preview,
    callbacks=callbacks,
    columns=(
        *LOSS_COLUMNS,
        *ACCURACY_COLUMNS,
        "reconstruction_loss",
        "kl_loss",
        "upsampling_loss",
        "gradient_penalty",
        "recognition",
        "augment_share",
        *NORM_COLUMNS,
        "diversity",
        "motion_diversity",
        "novelty",
        "overfitting",
        *sample_quality.FIGURES,
        *batch_figures.COLUMNS,
        *map(distance_column, distance_metrics.METRICS),
    ),
    panels=(
        *ADVERSARIAL_PANELS,
        Panel("ADA probability", {"augment_share": "augmented"}, (-0.05, 1.05)),
        Panel(
            "diversity, share of real clips'",
            {"diversity": "clips", "motion_diversity": "motion"},
            dotted=True,
            level=1,
        ),
        *distance_metrics.PANELS,
    ),
    bar={"reconstruction_loss": "R {:.3f}"} | LOSS_BAR | ACCURACY_BAR,
    exported=exported,
)
