"""Enhance: from damaged clips to what they were before."""

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
from vidgan.models import patch, restorer
from vidgan.tasks.base import Task, clips_of, crop_of
from vidgan.tasks.build import building, optimizers
from vidgan.tasks.enhance_gan import EnhanceGAN
from vidgan.tasks.network_filter import clip_filter
from vidgan.tasks.restoration import COLUMNS, MEASURED, SHOWN, check_losses, random_of
from vidgan.tiling.filter import Filter
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks import held_out_metrics
from vidgan.training.context import Preview, TrainingCallback, TrainingContext
from vidgan.training.run import Run
from vidgan.video.optical_flow import farneback_flow, grey


def config_of(run: Run) -> EnhanceConfig:
    """Return the task's options."""
    assert isinstance(run.task_config, EnhanceConfig)
    return run.task_config


def multiple(config: EnhanceConfig) -> int:
    """Return what the sides of originals are multiples of."""
    return config.scale * restorer.fold(config.scale)


def settle(run: Run, manifests: Sequence[Manifest]) -> Run:
    """See that the options go together, and with the size of the frames."""
    config = config_of(run)
    crop = crop_of(run, multiple(config))
    check_losses(run, crop)
    if config.scale == 1 and not config.damages:
        raise OptionError("--scale 1 and --damage none leave nothing to learn; give one of them")
    return run


def build(run: Run) -> EnhanceGAN:
    """Build the networks and their optimizers."""
    config, train = config_of(run), run.train
    height, width = crop_of(run, multiple(config))
    small = (run.frames, height // config.scale, width // config.scale)
    with building(train):
        network = restorer.generator(config.scale, run.model.g_channels, config.blocks, *small)
        judge = (
            patch.discriminator(run.model.d_channels, run.frames, height, width)
            if config.adversarial
            else None
        )
        gan = EnhanceGAN(config, network, generator(run), judge, run.frames, train.seed)
    gan.compile(*optimizers(train, config.optimizer), train)
    return gan


def generator(run: Run) -> keras.Model:
    """Build the network for clips of any shape; see :func:`vidgan.models.restorer.generator`."""
    config = config_of(run)
    return restorer.generator(config.scale, run.model.g_channels, config.blocks)


def data(run: Run, manifests: Sequence[Manifest], skip: int) -> tf.data.Dataset:
    """Return batches of damaged clips and originals, see :class:`EnhanceGAN`."""
    config = config_of(run)

    def damaged(clip: np.ndarray, seed: np.ndarray) -> np.ndarray:
        return degrade(clip, config, random_of(seed))

    def motion(clip: np.ndarray) -> np.ndarray:
        return farneback_flow(grey(clip))

    def change(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        frames, height, width, _ = clip.shape
        small = (frames, height // config.scale, width // config.scale, 3)
        made = tf.ensure_shape(tf.numpy_function(damaged, [clip, seed], tf.uint8), small)
        if not config.temporal:
            return made, clip
        flow = tf.numpy_function(motion, [clip], tf.float32)
        return made, clip, tf.ensure_shape(flow, (frames - 1, height, width, 2))

    return clips_of(
        run,
        manifests[0],
        skip,
        crop=crop_of(run, multiple(config)),
        change=change,
    )


def held_out(run: Run, manifest: Manifest, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield damaged clips and originals; see :func:`held_out_metrics.held_out`."""
    config = config_of(run)
    for index, clip in enumerate(held_out_metrics.held_out(run, manifest, count, multiple(config))):
        random = np.random.Generator(np.random.Philox(key=[run.train.seed, index]))
        yield degrade(clip, config, random), clip


def preview(run: Run, manifests: Sequence[Manifest]) -> Preview:
    """Draw held-out clips: damaged, restored and as they were."""
    pairs = list(held_out(run, manifests[0], SHOWN))
    base = restorer.Bicubic(config_of(run).scale)

    def draw(gan: AdversarialModel) -> np.ndarray:
        rows = []
        for damaged, original in pairs:
            inputs = tf.constant(pixels.to_model(damaged[None]))
            shown = base(inputs), gan.generator_ema(inputs, training=False)
            rows += [*(pixels.to_uint8(clip.numpy()[0]) for clip in shown), original]
        return np.stack(rows)

    return Preview((len(pairs), 3), draw)


def hooks(sitting: TrainingContext) -> list[TrainingCallback]:
    """Measure PSNR and SSIM of held-out clips, and what they are without the network."""
    run, manifest = sitting.run, sitting.manifests[0]

    def prepare() -> tuple[str, held_out_metrics.Score]:
        pairs = list(held_out(run, manifest, MEASURED))
        base = restorer.Bicubic(config_of(run).scale)
        before = _figures(pairs, base)
        ready = tf.function(sitting.gan.call, jit_compile=False)

        def score(gan: AdversarialModel) -> dict[str, np.ndarray]:
            after = _figures(pairs, ready)
            return after | {f"{name}_before": values for name, values in before.items()}

        return f"{len(pairs)} clips of test", score

    return [held_out_metrics.HeldOutMonitor(sitting, prepare, MEASURED)]


def _figures(pairs: Sequence[tuple[np.ndarray, np.ndarray]], restore: Any) -> dict[str, np.ndarray]:
    """Return PSNR in dB and SSIM, a value a clip."""
    found: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for damaged, original in pairs:
        restored = pixels.to_uint8(restore(tf.constant(pixels.to_model(damaged[None]))).numpy())
        ratios = np.minimum(psnr(restored, original[None]), MAX_PSNR)
        found["psnr"].append(float(ratios.mean()))
        found["ssim"].append(float(ssim(restored, original[None]).mean()))
    return {name: np.array(values) for name, values in found.items()}


def filter(run: Run, network: keras.Model, scale: int | None) -> Filter:
    """Return what enhances a video.

    Args:
        run: the run.
        network: its generator.
        scale: the factor that is asked for; None for the run's.

    Raises:
        OptionError: the network enlarges by another.
    """
    config = config_of(run)
    if scale not in (None, config.scale):
        raise OptionError(
            f"--scale {scale}: {run.path} was trained to enlarge {config.scale} times; "
            "leave it out, or take another run"
        )
    context, margin = restorer.reach(config.scale, config.blocks)
    return Filter(
        clip_filter(network),
        name=str(run.path.resolve()),
        scale=config.scale,
        context=context,
        margin=margin,
        multiple=restorer.fold(config.scale),
        bytes_per_pixel=restorer.bytes_per_pixel(config.scale, run.model.g_channels),
    )


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
        "ssim",
        "psnr_before",
        "ssim_before",
    ),
    filter=filter,
)
