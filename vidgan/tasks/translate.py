"""Translate: clips of one domain into clips of another and back, learnt without pairs."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from vidgan import models, pixels
from vidgan.config import TranslateConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError
from vidgan.models.sizes import Pyramid
from vidgan.models.translator import CONTEXT, MARGIN, MULTIPLE, bytes_per_pixel, translators
from vidgan.tasks.base import Task, clips_of, crop_of
from vidgan.tasks.build import building, optimizers
from vidgan.tasks.network_filter import clip_filter
from vidgan.tasks.translation_gan import TranslationGAN, there_and_back
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks import held_out_metrics
from vidgan.training.context import (
    GAME_COLUMNS,
    JUDGED_COLUMNS,
    NORM_COLUMNS,
    Preview,
    TrainingCallback,
    TrainingContext,
)
from vidgan.training.run import Run

# Held-out clips of each domain that are measured, and shown.
MEASURED = 12
SHOWN = 3


def settle(run: Run, manifests: Sequence[Manifest]) -> Run:
    """See that both datasets are alike in what is not to be translated.

    Raises:
        DatasetError: their frames have other sizes or rates.
        OptionError: what is cut out of frames does not split into the discriminators' levels.
    """
    a, b = manifests
    if a.size != b.size:
        raise DatasetError(
            f"{b.path}: frames are {b.width}x{b.height}, those of {a.path} {a.width}x{a.height}; "
            "preprocess both with the same --size"
        )
    if a.fps != b.fps:
        raise DatasetError(
            f"{b.path}: {b.fps:g} frames a second, {a.path} has {a.fps:g}; "
            "preprocess both with the same --fps"
        )
    Pyramid.build(run.frames, *crop_of(run, MULTIPLE))
    return run


def build(run: Run) -> TranslationGAN:
    """Build both generators, both discriminators and their optimizers."""
    assert isinstance(run.task_config, TranslateConfig)
    train, model = run.train, models.resolve(run.model)
    height, width = crop_of(run, MULTIPLE)
    with building(train):
        generators = translators(model.g_channels, (run.frames, height, width))
        discriminators = {
            name: models.build_discriminators(model, height, width)["clip"] for name in ("a", "b")
        }
        gan = TranslationGAN(
            run.task_config, generators, generator(run), discriminators, run.frames, train.seed
        )
    gan.compile(*optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build both generators for clips of any shape; see :func:`translators`."""
    return translators(run.model.g_channels)


def data(run: Run, manifests: Sequence[Manifest], skip: int) -> tf.data.Dataset:
    """Return pairs of batches, one of each dataset; see :class:`TranslationGAN`."""
    batches = [
        clips_of(
            run,
            manifest,
            skip,
            crop=crop_of(run, MULTIPLE),
        )
        for manifest in manifests
    ]
    return tf.data.Dataset.zip(tuple(batches))


def held_out(run: Run, manifests: Sequence[Manifest], count: int) -> list[list[np.ndarray]]:
    """Return each domain's held-out clips; see :func:`held_out_metrics.held_out`."""
    return [list(held_out_metrics.held_out(run, each, count, MULTIPLE)) for each in manifests]


def returned(
    gan: AdversarialModel, a: np.ndarray, b: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what clips of A, and of B, become and what comes back of that, all uint8.

    Args:
        gan: whose moving average translates.
        a: uint8 ``(frames, height, width, 3)``.
        b: likewise.
    """
    inputs = (tf.constant(pixels.to_model(clip[None])) for clip in (a, b))
    made = there_and_back(gan.generator_ema, *inputs)
    a2b, b2a, a_again, b_again = (pixels.to_uint8(clip.numpy()[0]) for clip in made)
    return [a2b, a_again], [b2a, b_again]


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Draw held-out clips, what they become and what comes back, side by side; first those of A."""
    pairs = list(zip(*held_out(run, manifests, SHOWN), strict=False))

    def draw(gan: AdversarialModel) -> np.ndarray:
        of_a, of_b = [], []
        for a, b in pairs:
            from_a, from_b = returned(gan, a, b)
            of_a += [a, *from_a]
            of_b += [b, *from_b]
        return np.stack(of_a + of_b)

    return Preview((2 * len(pairs), 3), draw)


def hooks(sitting: TrainingContext) -> list[TrainingCallback]:
    """Measure how far from held-out clips it is what comes back of them, and of others."""

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(zip(*held_out(sitting.run, sitting.manifests, MEASURED), strict=False))

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            again = [[back for _, back in returned(gan, *pair)] for pair in pairs]
            return {
                "reconstruction": _levels(pairs, again),
                "shuffled": _levels(pairs, again[1:] + again[:1]),
            }

        return f"{len(pairs)} clips of each test", score

    return [held_out_metrics.HeldOutMonitor(sitting, prepare, 2 * MEASURED, rising=False)]


def _levels(
    clips: Sequence[Sequence[np.ndarray]], made: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Return the mean distance in levels of 255 of each clip from what was made of it."""
    return (
        np.abs(np.array(clips, np.float32) - np.array(made, np.float32)).mean((2, 3, 4, 5)).ravel()
    )


def filter(run: Run, network: keras.Model, direction: str) -> Filter:
    """Return what translates a video.

    Args:
        run: the run.
        network: both of its generators.
        direction: the one to use, ``a2b`` or ``b2a``.
    """
    return Filter(
        clip_filter(network.get_layer(direction)),
        name=str(run.path.resolve()),
        context=CONTEXT,
        margin=MARGIN,
        multiple=MULTIPLE,
        bytes_per_pixel=bytes_per_pixel(run.model.g_channels),
    )


TASK = Task(
    settle=settle,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    hooks=hooks,
    columns=(
        *GAME_COLUMNS,
        "cycle_loss",
        "identity_loss",
        *JUDGED_COLUMNS,
        *NORM_COLUMNS,
        "reconstruction",
        "shuffled",
    ),
    filter=filter,
)
