"""Colorize: colours for grey clips."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.config import ColorizeConfig
from vidgan.dataset.manifest import Manifest
from vidgan.metrics.consistency import colour_flicker
from vidgan.metrics.restoration import MAX_PSNR, psnr
from vidgan.models import colorizer
from vidgan.tasks.base import Task, crop_size, get_task_config, training_batches
from vidgan.tasks.colorize_gan import ColorizeGAN
from vidgan.tasks.exported import Exported, ExportedInput, clip_input, export_network
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
from vidgan.video.chroma import turn_colours
from vidgan.video.optical_flow import farneback_flow, grey
from vidgan.video.reference_frame import read_reference, reduced

# Fraction of the training clips that have a reference, and of those the fraction whose colours are
# turned, and the reference's alike: there only the reference tells them.
REFERENCED, TURNED = 0.6, 0.5
# Factors of the saturation of turned colours.
GAINS = (0.5, 1.5)
# Sides of the reference in training, relative to those of the crop.
REFERENCE_SIDE = 2

# From a uint8 clip and a uint8 reference ``(height, width, 3)`` or None to a clip in colour,
# float32 in [0, 255].
Colorize = Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def reference_size(run: Run) -> tuple[int, int]:
    """Return height and width of references in training."""
    crop, frame = crop_size(run, colorizer.MULTIPLE), (run.size[1], run.size[0])
    height, width = (
        min(REFERENCE_SIDE * side, whole // colorizer.MULTIPLE * colorizer.MULTIPLE)
        for side, whole in zip(crop, frame, strict=True)
    )
    return height, width


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Check that the options go together and fit the frames."""
    check_losses(run, crop_size(run, colorizer.MULTIPLE))
    return run


def build(run: Run) -> ColorizeGAN:
    """Build the networks and their optimizers."""
    config, train = get_task_config(run, ColorizeConfig), run.train
    shape = (run.frames, *crop_size(run, colorizer.MULTIPLE))
    with initialization_scope(train):
        network = colorizer.generator(run.model.g_channels, *shape, reference_size(run))
        discriminator = build_discriminator(run, *shape)
        gan = ColorizeGAN(config, network, generator(run), discriminator, run.frames, train.seed)
    gan.compile(*make_optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for clips of any size; see :func:`vidgan.models.colorizer.generator`."""
    return colorizer.generator(run.model.g_channels)


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of grey clips with references, and of originals; see :class:`ColorizeGAN`."""
    config = get_task_config(run, ColorizeConfig)
    crop, wide = crop_size(run, colorizer.MULTIPLE), reference_size(run)

    def take_colours(clip: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, ...]:
        random = make_random_generator(seed)
        frame = clip[random.integers(len(clip))]
        reference = without_reference(*wide)
        clip = clip[:, *_random_area(clip.shape[1:3], crop, random)]
        if random.random() < REFERENCED:
            frame = frame[_random_area(frame.shape[:2], wide, random)]
            if random.random() < 0.5:
                frame = frame[:, ::-1]
            if random.random() < TURNED:
                turn = random.uniform(0, 2 * np.pi), random.uniform(*GAINS)
                clip, frame = turn_colours(clip, *turn), turn_colours(frame, *turn)
            reference = with_presence(frame)
        return grey(clip)[..., None], reference[None], clip

    def estimate_flow(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def transform(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        types = (tf.uint8, tf.uint8, tf.uint8)
        dull, reference, clip = tf.numpy_function(take_colours, [clip, seed], types)
        shape = (run.frames, *crop)
        inputs = {
            "grey": tf.ensure_shape(dull, (*shape, 1)),
            "reference": tf.ensure_shape(reference, (1, *wide, 4)),
        }
        clip = tf.ensure_shape(clip, (*shape, 3))
        if not config.temporal:
            return inputs, clip
        flow = tf.numpy_function(estimate_flow, [clip], tf.float32)
        return inputs, clip, tf.ensure_shape(flow, (run.frames - 1, *crop, 2))

    return training_batches(run, manifests[0], skip, context, change=transform)


def _random_area(
    whole: tuple[int, int], size: tuple[int, int], random: np.random.Generator
) -> tuple[slice, slice]:
    """Return the rows and columns of a random rectangle of a size."""
    starts = [int(random.integers(a - b + 1)) for a, b in zip(whole, size, strict=True)]
    rows, columns = (slice(at, at + side) for at, side in zip(starts, size, strict=True))
    return rows, columns


def with_presence(frame: np.ndarray) -> np.ndarray:
    """Return a reference as the network takes it, uint8 ``(height, width, 4)``."""
    return np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])


def without_reference(height: int, width: int) -> np.ndarray:
    """Return what the network takes if there is no reference, uint8 ``(height, width, 4)``."""
    return np.zeros((height, width, 4), np.uint8)


def colorizing(network: keras.Model) -> Colorize:
    """Return a function that gives clips colours by a network; their own are not looked at."""
    restore = single_clip_function(network)
    absent = without_reference(colorizer.MULTIPLE, colorizer.MULTIPLE)

    def colorize(clip: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        guide = absent if reference is None else with_presence(reference)
        inputs = {"grey": grey(clip)[None, ..., None], "reference": guide[None, None]}
        return restore({name: tf.constant(pixels.to_model(x)) for name, x in inputs.items()})

    return colorize


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[np.ndarray]:
    """Yield clips; see :func:`held_out_metrics.held_out`."""
    yield from held_out_metrics.held_out(run, manifest, count, colorizer.MULTIPLE)


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return held-out clips: grey, coloured, coloured like the first frame, and original."""
    clips = list(held_out(run, manifests[0], SHOWN))

    def render(gan: AdversarialModel) -> np.ndarray:
        colorize, rows = colorizing(gan.generator_ema), []
        for clip in clips:
            made = (pixels.rounded(colorize(clip, frame)) for frame in (None, clip[0]))
            rows += [_dull(clip), *made, clip]
        return np.stack(rows)

    return Preview((len(clips), 4), render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return a callback that measures the colours of held-out clips, and the grey clips.

    With a reference it is the first frame of the clip.
    """
    run, manifest = context.run, context.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        clips = list(held_out(run, manifest, MEASURED))
        colorize = colorizing(context.gan.generator_ema)
        before = np.array([_psnr(_dull(clip), clip) for clip in clips])

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            made = [pixels.rounded(colorize(clip, None)) for clip in clips]
            guided = [pixels.rounded(colorize(clip, clip[0])) for clip in clips]
            pairs = list(zip(made, clips, strict=True))
            return {
                "psnr": np.array([_psnr(one, clip) for one, clip in pairs]),
                "psnr_before": before,
                "psnr_reference": np.array(list(map(_psnr, guided, clips))),
                "flicker": np.array([colour_flicker(one[None], clip[None]) for one, clip in pairs]),
            }

        return f"{len(clips)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(context, prepare, MEASURED)]


def _psnr(result: np.ndarray, clip: np.ndarray) -> float:
    return float(np.minimum(psnr(result[None], clip[None]), MAX_PSNR).mean())


def _dull(clip: np.ndarray) -> np.ndarray:
    return np.repeat(grey(clip)[..., None], 3, axis=-1)


def filter(run: Run, network: keras.Model, reference: str | None) -> Filter:
    """Return the filter that gives a video colours.

    Args:
        run: the run.
        network: its generator.
        reference: an image or a frame of a video whose colours guide it; see
            :func:`vidgan.video.reference_frame.read_reference`.

    Raises:
        InputError: the reference cannot be read.
        OptionError: there is no such frame.
    """
    colorize, name, cells = colorizing(network), str(run.path.resolve()), 1
    guide = None
    if reference is not None:
        guide = reduced(read_reference(reference), colorizer.MULTIPLE)
        name += f" {hashlib.sha256(guide.tobytes()).hexdigest()}"
        cells = guide.shape[0] * guide.shape[1] // colorizer.CELL**2
    return Filter(
        lambda frames, masks: colorize(frames, guide),
        name=name,
        context=colorizer.CONTEXT,
        margin=colorizer.MARGIN,
        multiple=colorizer.MULTIPLE,
        bytes_per_pixel=colorizer.bytes_per_pixel(run.model.g_channels, cells),
    )


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    side = colorizer.MULTIPLE
    clip = clip_input(side, "the clip, of which only the luma is looked at")
    guide = ExportedInput(
        "reference",
        (1, "reference height", "reference width", 4),
        (1, side, side, 4),
        "reference",
        "a frame whose colours guide those of the clip: RGB from -1 to 1, and 1 in the fourth "
        f"channel; without one, -1 everywhere, {side} x {side} pixels; its height and width are "
        f"multiples of {side}",
    )
    luma = colorizer.Luma()

    def colour(given: Mapping[str, Any]) -> Any:
        return network({"grey": luma(given["clip"]), "reference": given["reference"]})

    inputs = (clip, guide)
    return Exported(export_network(inputs, colour), inputs, clip.shape)


TASK = Task(
    resolve=resolve,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    callbacks=callbacks,
    columns=(*COLUMNS, "psnr", "psnr_before", "psnr_reference", "flicker"),
    panels=PANELS,
    bar=BAR,
    filter=filter,
    exported=exported,
)
