"""Translate: unpaired translation of clips between two domains."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from vidgan import models, pixels
from vidgan.config import DIRECTIONS, TranslateConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError
from vidgan.models.sizes import Pyramid
from vidgan.models.translator import CONTEXT, MARGIN, MULTIPLE, bytes_per_pixel, translators
from vidgan.tasks.base import Task, crop_size, get_task_config, training_batches
from vidgan.tasks.exported import Exported, clip_input, export_network
from vidgan.tasks.network_filter import clip_filter
from vidgan.tasks.translation_gan import TranslationGAN, translate_cycle
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks import held_out_metrics
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

# Number of held-out clips of each domain that are measured, and that are saved as samples.
MEASURED = 12
SHOWN = 3


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Check that both datasets have the same frame size and rate.

    Raises:
        DatasetError: they do not.
        OptionError: no discriminator can be built for the size of the crop.
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
    Pyramid.build(run.frames, *crop_size(run, MULTIPLE))
    return run


def build(run: Run) -> TranslationGAN:
    """Build both generators, both discriminators and their optimizers."""
    train, model = run.train, models.resolve(run.model)
    height, width = crop_size(run, MULTIPLE)
    with initialization_scope(train):
        generators = translators(model.g_channels, (run.frames, height, width))
        discriminators = {
            name: models.build_discriminators(model, height, width)["clip"] for name in ("a", "b")
        }
        gan = TranslationGAN(
            get_task_config(run, TranslateConfig),
            generators,
            generator(run),
            discriminators,
            run.frames,
            train.seed,
        )
    gan.compile(*make_optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build both generators for clips of any shape; see :func:`translators`."""
    return translators(run.model.g_channels)


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return pairs of batches, one of each dataset; see :class:`TranslationGAN`."""
    batches = [
        training_batches(
            run,
            manifest,
            skip,
            context,
            crop=crop_size(run, MULTIPLE),
        )
        for manifest in manifests
    ]
    return tf.data.Dataset.zip(tuple(batches))


def held_out(run: Run, manifests: Sequence[Manifest], count: int) -> list[list[np.ndarray]]:
    """Return each domain's held-out clips; see :func:`held_out_metrics.held_out`."""
    return [list(held_out_metrics.held_out(run, each, count, MULTIPLE)) for each in manifests]


def translate_pair(
    gan: AdversarialModel, a: np.ndarray, b: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Translate a clip of each domain to the other one and back, with the moving average.

    Args:
        gan: the model.
        a: clip of A, uint8 ``(frames, height, width, 3)``.
        b: clip of B, of the same shape.

    Returns:
        For each clip its translation and its reconstruction, uint8.
    """
    inputs = (tf.constant(pixels.to_model(clip[None])) for clip in (a, b))
    cycle = translate_cycle(gan.generator_ema, *inputs)
    a2b, b2a, a_back, b_back = (pixels.to_uint8(clip.numpy()[0]) for clip in cycle)
    return [a2b, a_back], [b2a, b_back]


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return held-out clips of A, then of B: original, translated and reconstructed."""
    pairs = list(zip(*held_out(run, manifests, SHOWN), strict=False))

    def render(gan: AdversarialModel) -> np.ndarray:
        rows_a, rows_b = [], []
        for a, b in pairs:
            from_a, from_b = translate_pair(gan, a, b)
            rows_a += [a, *from_a]
            rows_b += [b, *from_b]
        return np.stack(rows_a + rows_b)

    return Preview((2 * len(pairs), 3), render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return a callback that measures the reconstruction error of held-out clips.

    As a reference, each clip is also compared with the reconstruction of another one.
    """

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(zip(*held_out(context.run, context.manifests, MEASURED), strict=False))

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            reconstructed = [[back for _, back in translate_pair(gan, *pair)] for pair in pairs]
            return {
                "reconstruction": _mean_errors(pairs, reconstructed),
                "shuffled": _mean_errors(pairs, reconstructed[1:] + reconstructed[:1]),
            }

        return f"{len(pairs)} clips of each test", score

    return [held_out_metrics.HeldOutMonitor(context, prepare, 2 * MEASURED, rising=False)]


def _mean_errors(
    clips: Sequence[Sequence[np.ndarray]], others: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Return the mean absolute error of each clip, in levels of 255."""
    errors = np.abs(np.array(clips, np.float32) - np.array(others, np.float32))
    means: np.ndarray = errors.mean((2, 3, 4, 5))
    return means.ravel()


def filter(run: Run, network: keras.Model, direction: str) -> Filter:
    """Return the filter that translates a video.

    Args:
        run: the run.
        network: both of its generators.
        direction: ``a2b`` or ``b2a``.
    """
    return Filter(
        clip_filter(network.get_layer(direction)),
        name=str(run.path.resolve()),
        context=CONTEXT,
        margin=MARGIN,
        multiple=MULTIPLE,
        bytes_per_pixel=bytes_per_pixel(run.model.g_channels),
    )


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    direction = direction or DIRECTIONS[0]
    translator = network.get_layer(direction)
    clip = clip_input(MULTIPLE, f"a clip of domain {direction[0]}")
    return Exported(
        export_network((clip,), lambda given: translator(given["clip"])), (clip,), clip.shape
    )


TASK = Task(
    resolve=resolve,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    callbacks=callbacks,
    columns=(
        *LOSS_COLUMNS,
        "cycle_loss",
        "identity_loss",
        *ACCURACY_COLUMNS,
        *NORM_COLUMNS,
        "reconstruction",
        "shuffled",
    ),
    panels=(
        *ADVERSARIAL_PANELS,
        Panel("cycle loss", {"cycle_loss": "generators"}, logarithmic=True),
        Panel(
            "reconstruction error, levels",
            {"reconstruction": "held-out clips", "shuffled": "against other clips"},
            dotted=True,
        ),
    ),
    bar=LOSS_BAR | {"cycle_loss": "cycle {:.3f}"} | ACCURACY_BAR,
    filter=filter,
    exported=exported,
)
