"""Enhance: restore degraded clips."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.config import EnhanceConfig
from vidgan.dataset.manifest import Manifest
from vidgan.degradations.degradation_model import degrade
from vidgan.errors import OptionError
from vidgan.metrics.restoration import MAX_PSNR, psnr, ssim
from vidgan.models import restorer
from vidgan.tasks.base import Task, crop_size, get_task_config, training_batches
from vidgan.tasks.enhance_gan import EnhanceGAN
from vidgan.tasks.exported import Exported, clip_input, export_network
from vidgan.tasks.network_filter import clip_filter
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


def multiple(config: EnhanceConfig) -> int:
    """Return the number of which height and width of originals must be multiples."""
    return config.scale * restorer.unshuffle_factor(config.scale)


def resolve(run: Run, manifests: Sequence[Manifest]) -> Run:
    """Check that the options go together and fit the frames."""
    config = get_task_config(run, EnhanceConfig)
    crop = crop_size(run, multiple(config))
    check_losses(run, crop)
    if config.scale == 1 and not config.damages:
        raise OptionError("--scale 1 and --damage none leave nothing to restore; change one")
    return run


def build(run: Run) -> EnhanceGAN:
    """Build the networks and their optimizers."""
    config, train = get_task_config(run, EnhanceConfig), run.train
    height, width = crop_size(run, multiple(config))
    input_shape = (run.frames, height // config.scale, width // config.scale)
    with initialization_scope(train):
        network = restorer.generator(
            config.scale, run.model.g_channels, config.blocks, *input_shape
        )
        discriminator = build_discriminator(run, run.frames, height, width)
        gan = EnhanceGAN(config, network, generator(run), discriminator, run.frames, train.seed)
    gan.compile(*make_optimizers(train), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for clips of any shape; see :func:`vidgan.models.restorer.generator`."""
    config = get_task_config(run, EnhanceConfig)
    return restorer.generator(config.scale, run.model.g_channels, config.blocks)


def data(
    run: Run,
    manifests: Sequence[Manifest],
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of degraded clips and originals; see :class:`EnhanceGAN`."""
    config = get_task_config(run, EnhanceConfig)

    def degrade_clip(clip: np.ndarray, seed: np.ndarray) -> np.ndarray:
        return degrade(clip, config, make_random_generator(seed))

    def estimate_flow(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def transform(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        frames, height, width, _ = clip.shape
        small = (frames, height // config.scale, width // config.scale, 3)
        degraded = tf.ensure_shape(tf.numpy_function(degrade_clip, [clip, seed], tf.uint8), small)
        if not config.temporal:
            return degraded, clip
        flow = tf.numpy_function(estimate_flow, [clip], tf.float32)
        return degraded, clip, tf.ensure_shape(flow, (frames - 1, height, width, 2))

    return training_batches(
        run,
        manifests[0],
        skip,
        context,
        crop=crop_size(run, multiple(config)),
        change=transform,
    )


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield degraded clips and originals; see :func:`held_out_metrics.held_out`."""
    config = get_task_config(run, EnhanceConfig)
    for index, clip in enumerate(held_out_metrics.held_out(run, manifest, count, multiple(config))):
        random = np.random.Generator(np.random.Philox(key=[run.train.seed, index]))
        yield degrade(clip, config, random), clip


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Return held-out clips: upsampled, restored and original."""
    pairs = list(held_out(run, manifests[0], SHOWN))
    base = restorer.Bicubic(get_task_config(run, EnhanceConfig).scale)

    def render(gan: AdversarialModel) -> np.ndarray:
        rows = []
        for degraded, original in pairs:
            inputs = tf.constant(pixels.to_model(degraded[None]))
            shown = base(inputs), gan.generator_ema(inputs, training=False)
            rows += [*(pixels.to_uint8(clip.numpy()[0]) for clip in shown), original]
        return np.stack(rows)

    return Preview((len(pairs), 3), render)


def callbacks(context: TrainingContext) -> list[TrainingCallback]:
    """Return a callback that measures PSNR and SSIM of held-out clips, and those of the base."""
    run, manifest = context.run, context.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(held_out(run, manifest, MEASURED))
        base = restorer.Bicubic(get_task_config(run, EnhanceConfig).scale)
        before = _metrics(pairs, base)
        restore = tf.function(context.gan.call, autograph=False, jit_compile=False)

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            after = _metrics(pairs, restore)
            return after | {f"{name}_before": values for name, values in before.items()}

        return f"{len(pairs)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(context, prepare, MEASURED)]


def _metrics(pairs: Sequence[tuple[np.ndarray, np.ndarray]], restore: Any) -> dict[str, np.ndarray]:
    """Return PSNR in dB and SSIM of each clip."""
    values: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for degraded, original in pairs:
        restored = pixels.to_uint8(restore(tf.constant(pixels.to_model(degraded[None]))).numpy())
        ratios = np.minimum(psnr(restored, original[None]), MAX_PSNR)
        values["psnr"].append(float(ratios.mean()))
        values["ssim"].append(float(ssim(restored, original[None]).mean()))
    return {name: np.array(each) for name, each in values.items()}


def filter(run: Run, network: keras.Model, scale: int | None) -> Filter:
    """Return the filter that restores a video.

    Args:
        run: the run.
        network: its generator.
        scale: the upsampling factor that the user wants; None for the run's.

    Raises:
        OptionError: the run has another scale.
    """
    config = get_task_config(run, EnhanceConfig)
    if scale not in (None, config.scale):
        raise OptionError(
            f"--scale {scale}: {run.path} was trained with --scale {config.scale}; "
            "leave it out, or take another run"
        )
    context, margin = restorer.receptive_field(config.scale, config.blocks)
    return Filter(
        clip_filter(network),
        name=str(run.path.resolve()),
        scale=config.scale,
        context=context,
        margin=margin,
        multiple=restorer.unshuffle_factor(config.scale),
        bytes_per_pixel=restorer.bytes_per_pixel(config.scale, run.model.g_channels),
    )


def exported(run: Run, network: keras.Model, direction: str | None) -> Exported:
    """Return what is exported; see :class:`vidgan.tasks.base.Task`."""
    scale = get_task_config(run, EnhanceConfig).scale
    inputs = (clip_input(restorer.unshuffle_factor(scale), "the degraded clip"),)
    sides = ("height", "width") if scale == 1 else (f"{scale} * height", f"{scale} * width")
    return Exported(
        export_network(inputs, lambda given: network(given["clip"])),
        inputs,
        ("frames", *sides, 3),
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
