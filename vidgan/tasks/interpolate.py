"""Interpolate: frames between frames."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.config import InterpolateConfig
from vidgan.dataset.manifest import Manifest
from vidgan.metrics.restoration import MAX_PSNR, psnr, ssim
from vidgan.models import interpolator
from vidgan.tasks.base import Task, crop_size, get_task_config, training_batches
from vidgan.tasks.exported import Exported, ExportedInput, export_network
from vidgan.tasks.interpolate_gan import InterpolateGAN
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
from vidgan.video.interpolation import CHANNELS, FRACTION, FramePair, fuse
from vidgan.video.optical_flow import farneback_flow, grey

# Frames that lie between a predicted frame and the ones that it is predicted from, both sides
# together: it is one of the two or three between them, or the only one.
MOST_BETWEEN = 3
# How often the two are two, three and four frames apart. In use they are next to each other: short
# distances are most like that.
SHARES = (0.6, 0.25, 0.15)
# Random crops of a clip, of which the one is taken in which most moves.
CROPS = 4
# Pixels around a crop on all sides that the optical flow is estimated with, too.
AROUND = 32
# Decibels below the PSNR without the network at which a message says so.
WORSE = 0.02
# From evidence, uint8 ``(frames, height, width, CHANNELS)``, to frames, float32 in [0, 255].
Interpolate = Callable[[np.ndarray], np.ndarray]


def target_frames(run: Run) -> int:
    """Return the number of frames that are predicted of a training clip."""
    return run.frames - MOST_BETWEEN - 1


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Check that the options go together and fit the frames."""
    check_losses(run, crop_size(run, interpolator.MULTIPLE))
    return run


def build(run: Run) -> InterpolateGAN:
    """Build the networks and their optimizers."""
    config, train = get_task_config(run, InterpolateConfig), run.train
    shape = (target_frames(run), *crop_size(run, interpolator.MULTIPLE))
    with initialization_scope(train):
        network = interpolator.generator(run.model.g_channels, *shape)
        discriminator = build_discriminator(run, *shape)
        gan = InterpolateGAN(config, network, generator(run), discriminator, shape[0], train.seed)
    gan.compile(*make_optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for any size; see :func:`vidgan.models.interpolator.generator`."""
    return interpolator.generator(run.model.g_channels)


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of evidence and originals; see :class:`InterpolateGAN`.

    The flow is estimated with some of what is around a crop, too.
    """
    config, count = get_task_config(run, InterpolateConfig), target_frames(run)
    size = crop_size(run, interpolator.MULTIPLE)

    def predict(clip: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        random = make_random_generator(seed)
        apart = int(random.choice(range(2, MOST_BETWEEN + 2), p=SHARES))
        before = int(random.integers(1, apart))
        after = apart - before
        first = int(random.integers(before, len(clip) - after - count + 1))
        if random.random() < 0.5:
            clip = clip[::-1]
        (rows, down), (columns, across) = _moving_area(clip[:: len(clip) - 1], size, random)
        clip = clip[:, rows, columns]
        places = range(first, first + count)
        pairs = (FramePair(clip[i - before], clip[i + after]) for i in places)
        seen = [pair.evidence(before / (before + after))[down, across] for pair in pairs]
        return np.stack(seen), np.stack([clip[i, down, across] for i in places])

    def estimate_flow(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def transform(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        seen, originals = tf.numpy_function(predict, [clip, seed], (tf.uint8, tf.uint8))
        shape = (count, *size)
        originals = tf.ensure_shape(originals, (*shape, 3))
        seen = tf.ensure_shape(seen, (*shape, CHANNELS))
        if not config.temporal:
            return seen, originals
        flow = tf.numpy_function(estimate_flow, [originals], tf.float32)
        return seen, originals, tf.ensure_shape(flow, (count - 1, *size, 2))

    return training_batches(run, manifests[0], skip, context, change=transform)


def _moving_area(
    pair: np.ndarray, size: tuple[int, int], random: np.random.Generator
) -> list[tuple[slice, slice]]:
    """Return rows and columns of the one of a few random crops in which most moves.

    In most videos little moves, and where nothing does there is nothing to learn.

    Args:
        pair: two frames, uint8 ``(2, height, width, 3)``.
        size: height and width of a crop.
        random: random generator.

    Returns:
        For both sides, the range of the crop with what is around, and the crop within that.
    """
    change = cv2.absdiff(*pair).mean(axis=-1)
    height, width = size
    places = random.integers(0, np.subtract(change.shape, size) + 1, (CROPS, 2))
    moving = [change[top : top + height, left : left + width].mean() for top, left in places]
    best = places[int(np.argmax(moving))]
    return [_range_around(int(start), side) for start, side in zip(best, size, strict=True)]


def _range_around(start: int, side: int) -> tuple[slice, slice]:
    """Return a range with what is around it, and the range within that."""
    first = max(0, start - AROUND)
    around = slice(first, start + side + AROUND)
    return around, slice(start - first, start - first + side)


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield evidence and originals: every other frame is predicted from its neighbours.

    See :func:`held_out_metrics.held_out`.
    """
    for clip in held_out_metrics.held_out(run, manifest, count, interpolator.MULTIPLE):
        places = range(1, len(clip) - 1, 2)
        seen = [FramePair(clip[i - 1], clip[i + 1]).evidence(0.5) for i in places]
        yield np.stack(seen), np.stack([clip[i] for i in places])


def interpolating(network: keras.Model) -> Interpolate:
    """Return a function that applies a network to evidence."""
    restore = single_clip_function(network)
    return lambda seen: restore(tf.constant(seen[None], tf.float32) / 255)


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return held-out frames: without the network, by the network, and original."""
    pairs = list(held_out(run, manifests[0], SHOWN))

    def render(gan: AdversarialModel) -> np.ndarray:
        made, rows = interpolating(gan.generator_ema), []
        for seen, original in pairs:
            rows += [pixels.rounded(fuse(seen)), pixels.rounded(made(seen)), original]
        return np.stack(rows)

    return Preview((len(pairs), 3), render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return a callback that measures PSNR and SSIM of held-out frames, and those of the base."""
    run, manifest = context.run, context.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(held_out(run, manifest, MEASURED))
        before, made = _metrics(pairs, fuse), interpolating(context.gan.generator_ema)
        warn = _Warning(context.notify, float(before["psnr"].mean()))

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            after = _metrics(pairs, made)
            warn(float(after["psnr"].mean()))
            return after | {f"{name}_before": values for name, values in before.items()}

        return f"every other frame of {len(pairs)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(context, prepare, MEASURED)]


class _Warning:
    """Notifies when the network has become worse than what it starts from.

    Args:
        notify: called with the message.
        base: PSNR of held-out frames without the network, in dB.
    """

    def __init__(self, notify: Callable[[str], None], base: float) -> None:
        self._notify, self._base, self._worse = notify, base, False

    def __call__(self, value: float) -> None:
        """Take the PSNR with the network."""
        worse = value < self._base - WORSE
        if worse and not self._worse:
            self._notify(
                f"held-out frames have a PSNR of {value:.2f} dB with the network and "
                f"{self._base:.2f} without; train it for longer or on more video, or use "
                "vidgan interpolate --method flow"
            )
        self._worse = worse


def _metrics(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], made: Interpolate
) -> dict[str, np.ndarray]:
    """Return PSNR in dB and SSIM of each clip."""
    values: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for seen, original in pairs:
        result = pixels.rounded(made(seen))[None]
        values["psnr"].append(float(np.minimum(psnr(result, original[None]), MAX_PSNR).mean()))
        values["ssim"].append(float(ssim(result, original[None]).mean()))
    return {name: np.array(each) for name, each in values.items()}


def filter(run: Run, network: keras.Model) -> Filter:
    """Return the filter that interpolates frames of a video.

    Args:
        run: the run.
        network: its generator.
    """
    made = interpolating(network)

    def apply(seen: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        result = seen[..., :3].astype(np.float32)
        between = seen[..., FRACTION].any(axis=(1, 2))
        if between.any():
            result[between] = made(seen[between])
        return result

    return Filter(
        apply,
        name=str(run.path.resolve()),
        channels=CHANNELS,
        margin=interpolator.MARGIN,
        multiple=interpolator.MULTIPLE,
        bytes_per_pixel=interpolator.bytes_per_pixel(run.model.g_channels),
    )


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    side = interpolator.MULTIPLE
    seen = ExportedInput(
        "evidence",
        ("frames", "height", "width", CHANNELS),
        (1, 8 * side, 8 * side, CHANNELS),
        "evidence",
        "from 0 to 1: RGB of the frame before, of the frame after, and of both warped to the time "
        "between along their optical flow; where that time lies, from 0 (the frame before) to 1; "
        "and 1 where each of the warped frames shows what lies inside the original, else 0; "
        f"height and width are multiples of {side}",
    )
    inputs = (seen,)
    return Exported(
        export_network(inputs, lambda given: network(given["evidence"])),
        inputs,
        ("frames", "height", "width", 3),
        (
            "The optical flow between the frames, along which they are warped, is not part of the "
            "network: it is estimated before it, in vidgan by OpenCV "
            "(vidgan.video.interpolation.FramePair).",
        ),
    )


TASK = Task(
    resolve=resolve,
    build=build,
    generator=generator,
    data=data,
    preview=preview,
    callbacks=callbacks,
    columns=(*COLUMNS, "psnr", "ssim", "psnr_before", "ssim_before"),
    panels=PANELS,
    bar=BAR,
    filter=filter,
    exported=exported,
)
