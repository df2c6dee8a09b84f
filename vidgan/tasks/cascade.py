"""Cascades: the data and the training of the upsampler, beside those of the generator."""

from typing import NamedTuple

import keras
import tensorflow as tf

from vidgan import pixels, replicas
from vidgan.config import RestoringConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import resize
from vidgan.models import restorer, upsampler
from vidgan.models.layers.resize import Resize
from vidgan.models.upsampler import Grid
from vidgan.tasks.base import training_batches
from vidgan.tasks.enhance_gan import EnhanceGAN
from vidgan.training.adversarial import Logs
from vidgan.training.optimizers import make_optimizers
from vidgan.training.run import Run

# Frames, rows and columns of a crop of small frames, less in smaller ones.
CROP = (8, 24, 24)
# Largest standard deviation of the noise in small frames that were not generated, in [-1, 1]; and
# how often generated ones are taken where there are both.
NOISE, GENERATED_SHARE = 0.06, 0.5
# Learning rate of the upsampler, with Adam.
RATE = 1e-3


class Crop(NamedTuple):
    """A crop of large frames.

    Attributes:
        large: uint8 ``(frames, height, width, 3)``.
        corner: frame, row and column of its first pixel in the small frames, int32 ``(3,)``.
    """

    large: tf.Tensor
    corner: tf.Tensor


def crop_shape(frames: int, grid: Grid) -> tuple[int, int, int]:
    """Return frames, height and width of a crop of small frames."""
    width, height = grid.small
    return min(CROP[0], frames), min(CROP[1], height), min(CROP[2], width)


def data(
    run: Run,
    manifest: Manifest,
    skip: int,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return batches of clips of the generator's size, uint8, and a :class:`Crop` of each.

    With labels for a conditional model; see :func:`vidgan.dataset.pipeline.training_clips`.
    """
    grid = upsampler.sizes(run.model, run.size)
    scale, (width, height) = run.model.upscale or 1, grid.small
    length, rows, columns = crop_shape(run.frames, grid)

    def crop(clip: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, Crop]:
        large = clip if grid.large == run.size else resize(clip, grid.large)
        places = tf.constant([run.frames - length, height - rows, width - columns]) + 1
        random = tf.random.stateless_uniform((3,), seed)
        corner = tf.cast(random * tf.cast(places, tf.float32), tf.int32)
        start = tf.pad(corner * [1, scale, scale], [[0, 1]])
        part = tf.slice(large, start, (length, scale * rows, scale * columns, 3))
        return resize(clip, grid.base), Crop(part, corner)

    return training_batches(run, manifest, skip, context, labels=run.model.conditional, change=crop)


def shrink(clips: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Average float32 clips ``(batch, frames, height, width, 3)`` to ``(height, width)``."""
    if clips.shape[2:4] == size:
        return clips
    frames = tf.image.resize(tf.reshape(clips, (-1, *clips.shape[2:])), size, "area")
    return tf.reshape(frames, (-1, clips.shape[1], *size, 3))


def build_stage(run: Run, larger: keras.Model) -> "UpsamplerGAN":
    """Build the training of an upsampler.

    Args:
        run: the run.
        larger: the upsampler, which gets the moving average of the weights.
    """
    average = larger.get_layer(upsampler.NETWORK)
    grid = upsampler.sizes(run.model, run.size)
    frames, height, width = crop_shape(run.frames, grid)
    scale = run.model.upscale or 1
    trained = restorer.generator(scale, upsampler.CHANNELS, upsampler.BLOCKS, frames, height, width)
    stage = UpsamplerGAN(grid, trained, average, frames, run.train.seed)
    train = TrainConfig(g_lr=RATE, beta_1=0.9, schedule=run.train.schedule, ema=run.train.ema)
    train = train.replace(precision=run.train.precision)
    stage.compile(*make_optimizers(train), train)
    return stage


class UpsamplerGAN(EnhanceGAN):
    """An upsampler, trained on crops of small clips and of the originals.

    A batch is a :class:`Crop` for each clip, the clips at the generator's size, and the generator's
    reconstructions of them, if it has an encoder.

    Args:
        grid: the sizes of the upsampler.
        generator: network from small to large crops, both in [-1, 1].
        average: the same network for clips of any shape, for the moving average.
        frames: frames of a crop.
        seed: seed of all randomness in a step.
    """

    def __init__(
        self,
        grid: Grid,
        generator: keras.Model,
        average: keras.Model,
        frames: int,
        seed: int,
    ) -> None:
        super().__init__(RestoringConfig(), generator, average, None, frames, seed)
        self.grid = grid
        self.resize = Resize(*grid.small[::-1])

    def stage_step(
        self, crops: Crop, real: tf.Tensor, reconstructed: tf.Tensor | None, budget_used: tf.Tensor
    ) -> Logs:
        """Take one training step.

        Args:
            crops: of the batch.
            real: real clips at the generator's size, ``(batch, frames, height, width, 3)`` in
                [-1, 1].
            reconstructed: their reconstructions; None without an encoder.
            budget_used: fraction of the budget that is used.
        """
        self.budget_used.assign(budget_used)
        seeds = self.seeds(3)
        small = self._small_crops(real, crops.corner)
        strength = replicas.uniform((small.shape[0], 1, 1, 1, 1), seeds[0], 0, NOISE)
        small += strength * replicas.normal(small.shape, seeds[1])
        if reconstructed is not None:
            generated = self._small_crops(tf.stop_gradient(reconstructed), crops.corner)
            chosen = replicas.uniform((small.shape[0], 1, 1, 1, 1), seeds[2])
            small = tf.where(chosen < GENERATED_SHARE, generated, small)
        logs = self.train_step((pixels.to_uint8(small), crops.large))
        return {"upsampling_loss": logs["pixel_loss"]}

    def _small_crops(self, clips: tf.Tensor, corners: tf.Tensor) -> tf.Tensor:
        clips = tf.cast(clips, tf.float32)
        if self.grid.small != self.grid.base:
            clips = self.resize(clips)
        shape = (*self.generator.input_shape[1:4], 3)
        starts = tf.pad(corners, [[0, 0], [0, 1]])
        return tf.stack(
            [tf.slice(clips[place], starts[place], shape) for place in range(clips.shape[0])]
        )
