"""Inpaint: fill masked areas of clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.config import InpaintConfig
from vidgan.dataset.manifest import Manifest
from vidgan.degradations import masks, scratches
from vidgan.metrics.restoration import MAX_PSNR
from vidgan.models import inpainter
from vidgan.tasks.base import Task, crop_size, get_task_config, training_batches
from vidgan.tasks.exported import Exported, ExportedInput, clip_input, export_network
from vidgan.tasks.inpaint_gan import InpaintGAN
from vidgan.tasks.network_filter import single_clip_function
from vidgan.tasks.restoration import (
    BAR,
    COLUMNS,
    MEASURED,
    PANELS,
    SHOWN,
    build_discriminator,
    check_losses,
    make_random_generator,
)
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks import held_out_metrics
from vidgan.training.context import Preview, TrainingCallback, TrainingContext
from vidgan.training.initialization import initialization_scope
from vidgan.training.optimizers import make_optimizers
from vidgan.training.run import Run
from vidgan.video.optical_flow import farneback_flow, grey

# Fraction of the clips with flicker, as in old film, so that the network learns to match the
# brightness of the frame.
FLICKERING = 0.1
# Grey level of masked pixels in samples.
HOLE = 128

ClipAndMask = tuple[np.ndarray, np.ndarray]
# From a uint8 clip and a bool mask to a clip, float32 in [0, 255].
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Check that the options go together and fit the frames."""
    check_losses(run, crop_size(run, inpainter.MULTIPLE))
    return run


def build(run: Run) -> InpaintGAN:
    """Build the networks and their optimizers."""
    config, train = get_task_config(run, InpaintConfig), run.train
    shape = (run.frames, *crop_size(run, inpainter.MULTIPLE))
    with initialization_scope(train):
        network = inpainter.generator(run.model.g_channels, *shape)
        discriminator = build_discriminator(run, *shape)
        gan = InpaintGAN(config, network, generator(run), discriminator, run.frames, train.seed)
    gan.compile(*make_optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for clips of any size; see :func:`vidgan.models.inpainter.generator`."""
    return inpainter.generator(run.model.g_channels)


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of clips with masks, and of originals; see :class:`InpaintGAN`."""
    config = get_task_config(run, InpaintConfig)

    def add_mask(clip: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        random = make_random_generator(seed)
        mask = masks.draw(config.kinds, clip.shape[:3], random)
        if random.random() < FLICKERING:
            clip = scratches.flicker(clip, random)
        return clip, mask[..., None]

    def estimate_flow(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def transform(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        shape = clip.shape
        clip, mask = tf.numpy_function(add_mask, [clip, seed], (tf.uint8, tf.bool))
        clip = tf.ensure_shape(clip, shape)
        inputs = {"clip": clip, "mask": tf.ensure_shape(mask, (*shape[:3], 1))}
        if not config.temporal:
            return inputs, clip
        flow = tf.numpy_function(estimate_flow, [clip], tf.float32)
        return inputs, clip, tf.ensure_shape(flow, (shape[0] - 1, *shape[1:3], 2))

    return training_batches(
        run,
        manifests[0],
        skip,
        context,
        crop=crop_size(run, inpainter.MULTIPLE),
        change=transform,
    )


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[ClipAndMask]:
    """Yield clips and masks ``(frames, height, width)``.

    See :func:`held_out_metrics.held_out`.
    """
    kinds = get_task_config(run, InpaintConfig).kinds
    for index, clip in enumerate(
        held_out_metrics.held_out(run, manifest, count, inpainter.MULTIPLE)
    ):
        random = np.random.Generator(np.random.Philox(key=[run.train.seed, index]))
        yield clip, masks.draw(kinds, clip.shape[:3], random)


def filler(network: keras.Model) -> Fill:
    """Return a function that fills the masked pixels of a clip with a network.

    Other pixels do not change.
    """
    restore = single_clip_function(network)

    def fill(clip: np.ndarray, mask: np.ndarray) -> np.ndarray:
        inputs = {
            "clip": tf.constant(pixels.to_model(clip[None])),
            "mask": tf.constant(mask[None, ..., None], tf.float32),
        }
        return np.where(mask[..., None], restore(inputs), clip.astype(np.float32))

    return fill


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return held-out clips: masked, filled and original."""
    pairs = list(held_out(run, manifests[0], SHOWN))

    def render(gan: AdversarialModel) -> np.ndarray:
        fill, rows = filler(gan.generator_ema), []
        for clip, mask in pairs:
            masked = np.where(mask[..., None], np.uint8(HOLE), clip)
            rows += [masked, pixels.rounded(fill(clip, mask)), clip]
        return np.stack(rows)

    return Preview((len(pairs), 3), render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return a callback that measures the PSNR in the holes of held-out clips, and the base's."""
    run, manifest = context.run, context.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(held_out(run, manifest, MEASURED))
        base, fill = base_filler(), filler(context.gan.generator_ema)
        before = np.array([hole_psnr(base(*pair), *pair) for pair in pairs])

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            after = np.array([hole_psnr(fill(*pair), *pair) for pair in pairs])
            return {"psnr": after, "psnr_before": before}

        return f"the holes of {len(pairs)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(context, prepare, MEASURED)]


def hole_psnr(filled: np.ndarray, clip: np.ndarray, mask: np.ndarray) -> float:
    """Return the PSNR in dB over all masked pixels of a clip."""
    errors = pixels.rounded(filled)[mask].astype(np.float64) - clip[mask]
    square = float(np.mean(np.square(errors)))
    return min(MAX_PSNR, 10 * np.log10(255**2 / square)) if square else MAX_PSNR


def filter(run: Run, network: keras.Model) -> Filter:
    """Return the filter that fills masked areas of a video.

    Args:
        run: the run.
        network: its generator.
    """
    fill = filler(network)

    def apply(frames: np.ndarray, holes: np.ndarray | None) -> np.ndarray:
        return frames.astype(np.float32) if holes is None else fill(frames, holes)

    return Filter(
        apply,
        name=str(run.path.resolve()),
        context=inpainter.CONTEXT,
        margin=inpainter.MARGIN,
        multiple=inpainter.MULTIPLE,
        bytes_per_pixel=inpainter.bytes_per_pixel(run.model.g_channels),
        inpaints=True,
    )


def base_filler() -> Fill:
    """Return a function that fills holes as the network does before training."""
    return filler(inpainter.generator(1))


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    clip = clip_input(inpainter.MULTIPLE, "the clip with holes")
    holes = ExportedInput(
        "mask",
        (*clip.shape[:-1], 1),
        (*clip.example[:-1], 1),
        "mask",
        "1 where a pixel is to be filled, else 0; other pixels do not change",
    )

    def fill(given: Mapping[str, Any]) -> Any:
        clip, mask = given["clip"], given["mask"]
        filled = network({"clip": clip, "mask": mask})
        return keras.ops.where(mask > 0, filled, clip)

    inputs = (clip, holes)
    return Exported(export_network(inputs, fill), inputs, clip.shape)


TASK = Task(
    resolve=resolve,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    callbacks=callbacks,
    columns=(*COLUMNS, "psnr", "psnr_before"),
    panels=PANELS,
    bar=BAR,
    filter=filter,
    exported=exported,
)
