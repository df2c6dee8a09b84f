"""Inpaint: from clips with holes to whole ones."""

from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.config import InpaintConfig
from vidgan.dataset.manifest import Manifest
from vidgan.degradations import masks, scratches
from vidgan.metrics.restoration import MAX_PSNR
from vidgan.models import inpainter, patch
from vidgan.tasks.base import Task, clips_of, crop_of
from vidgan.tasks.build import building, optimizers
from vidgan.tasks.inpaint_gan import InpaintGAN
from vidgan.tasks.network_filter import on_one_clip
from vidgan.tasks.restoration import COLUMNS, MEASURED, SHOWN, check_losses, random_of
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks import held_out_metrics
from vidgan.training.context import Preview, TrainingCallback, TrainingContext
from vidgan.training.run import Run
from vidgan.video.optical_flow import farneback_flow, grey

# This share of the clips flickers, as old film does, so that holes learn to follow their frame.
FLICKERING = 0.1
HOLE = 128

Holed = tuple[np.ndarray, np.ndarray]
# Uint8 clip and bool mask to float32 in [0, 255].
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def config_of(run: Run) -> InpaintConfig:
    """Return the task's options."""
    assert isinstance(run.task_config, InpaintConfig)
    return run.task_config


def settle(run: Run, manifests: Sequence[Manifest]) -> Run:
    """See that the options go together, and with the size of the frames."""
    check_losses(run, crop_of(run, inpainter.MULTIPLE))
    return run


def build(run: Run) -> InpaintGAN:
    """Build the networks and their optimizers."""
    config, train = config_of(run), run.train
    shape = (run.frames, *crop_of(run, inpainter.MULTIPLE))
    with building(train):
        network = inpainter.generator(run.model.g_channels, *shape)
        judge = patch.discriminator(run.model.d_channels, *shape) if config.adversarial else None
        gan = InpaintGAN(config, network, generator(run), judge, run.frames, train.seed)
    gan.compile(*optimizers(train, config.optimizer), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for clips of any size; see :func:`vidgan.models.inpainter.generator`."""
    return inpainter.generator(run.model.g_channels)


def data(run: Run, manifests: Sequence[Manifest], skip: int) -> tf.data.Dataset:
    """Return batches of clips with their masks, and as they were, see :class:`InpaintGAN`."""
    config = config_of(run)

    def hidden(clip: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        random = random_of(seed)
        mask = masks.draw(config.kinds, clip.shape[:3], random)
        if random.random() < FLICKERING:
            clip = scratches.flicker(clip, random)
        return clip, mask[..., None]

    def motion(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def change(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        shape = clip.shape
        clip, mask = tf.numpy_function(hidden, [clip, seed], (tf.uint8, tf.bool))
        clip = tf.ensure_shape(clip, shape)
        damaged = {"clip": clip, "mask": tf.ensure_shape(mask, (*shape[:3], 1))}
        if not config.temporal:
            return damaged, clip
        flow = tf.numpy_function(motion, [clip], tf.float32)
        return damaged, clip, tf.ensure_shape(flow, (shape[0] - 1, *shape[1:3], 2))

    return clips_of(
        run,
        manifests[0],
        skip,
        crop=crop_of(run, inpainter.MULTIPLE),
        change=change,
    )


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[Holed]:
    """Yield clips and masks ``(frames, height, width)``.

    See :func:`held_out_metrics.held_out`.
    """
    kinds = config_of(run).kinds
    for index, clip in enumerate(
        held_out_metrics.held_out(run, manifest, count, inpainter.MULTIPLE)
    ):
        random = np.random.Generator(np.random.Philox(key=[run.train.seed, index]))
        yield clip, masks.draw(kinds, clip.shape[:3], random)


def filler(network: keras.Model) -> Fill:
    """Return what fills holes with a network.

    Outside of the holes the clip comes out as it was.
    """
    filled = on_one_clip(network)

    def fill(clip: np.ndarray, mask: np.ndarray) -> np.ndarray:
        inputs = {
            "clip": tf.constant(pixels.to_model(clip[None])),
            "mask": tf.constant(mask[None, ..., None], tf.float32),
        }
        return np.where(mask[..., None], filled(inputs), clip.astype(np.float32))

    return fill


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Draw held-out clips: with holes, filled and as they were."""
    pairs = list(held_out(run, manifests[0], SHOWN))

    def draw(gan: AdversarialModel) -> np.ndarray:
        fill, rows = filler(gan.generator_ema), []
        for clip, mask in pairs:
            holed = np.where(mask[..., None], np.uint8(HOLE), clip)
            rows += [holed, _rounded(fill(clip, mask)), clip]
        return np.stack(rows)

    return Preview((len(pairs), 3), draw)


def hooks(sitting: TrainingContext) -> list[TrainingCallback]:
    """Measure the PSNR within the holes of held-out clips, and what the base has."""
    run, manifest = sitting.run, sitting.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(held_out(run, manifest, MEASURED))
        start, fill = base(), filler(sitting.gan.generator_ema)
        before = np.array([hole_psnr(start(*pair), *pair) for pair in pairs])

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            after = np.array([hole_psnr(fill(*pair), *pair) for pair in pairs])
            return {"psnr": after, "psnr_before": before}

        return f"the holes of {len(pairs)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(sitting, prepare, MEASURED)]


def hole_psnr(filled: np.ndarray, clip: np.ndarray, mask: np.ndarray) -> float:
    """Return the PSNR in dB over all pixels of a clip's holes."""
    errors = _rounded(filled)[mask].astype(np.float64) - clip[mask]
    square = float(np.mean(np.square(errors)))
    return min(MAX_PSNR, 10 * np.log10(255**2 / square)) if square else MAX_PSNR


def filter(run: Run, network: keras.Model) -> Filter:
    """Return what fills the holes of a video.

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


def base() -> Fill:
    """Return what fills holes as the network does before it is trained."""
    return filler(inpainter.generator(1))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


TASK = Task(
    settle=settle,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    hooks=hooks,
    columns=(
        *COLUMNS,
        "psnr",
        "psnr_before",
    ),
    filter=filter,
)
