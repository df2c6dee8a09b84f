"""Differentiable augmentation, the same in all frames of a clip (DiffAugment, arXiv 2006.10738).

Both real and generated clips are augmented before the discriminator sees them, so that it cannot
memorise a small dataset. The generator is trained through the augmentation and learns to generate
clips that are not augmented. All random numbers come from a stateless seed.

To add a policy, add its function to :data:`POLICIES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidgan import replicas
from vidgan.errors import OptionError
from vidgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")

# The paper's strengths, as fractions of a side: largest translation, and side of the cutout.
TRANSLATION = 1 / 8
CUTOUT = 1 / 2


def _uniform(clips: tf.Tensor, seed: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Return one random number per clip, ``(batch, 1, 1, 1, 1)``."""
    shape = (clips.shape[0], 1, 1, 1, 1)
    return tf.cast(replicas.uniform(shape, seed, low, high, pairs=True), clips.dtype)


def color(clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Vary brightness, saturation and contrast.

    Applied in turn, they are one linear map of a pixel, its grey value and the clip's mean.
    Computing that map at once needs a third of the memory traffic.
    """
    seeds = tf.random.split(seed, 3)
    brightness = _uniform(clips, seeds[0], -0.5, 0.5)
    saturation = _uniform(clips, seeds[1], 0.0, 2.0)
    contrast = _uniform(clips, seeds[2], 0.5, 1.5)
    grey = tf.reduce_mean(clips, axis=-1, keepdims=True)
    mean = tf.reduce_mean(grey, axis=(1, 2, 3, 4), keepdims=True)
    offset = brightness + (1 - contrast) * mean
    return clips * (contrast * saturation) + (grey * (contrast * (1 - saturation)) + offset)


def translation(clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Translate by up to an eighth of a side; the border is filled with zeros (grey).

    The batch size must be static: one slice per clip is twice as fast as a gather.
    """
    height, width = clips.shape[2], clips.shape[3]
    reach_y, reach_x = int(height * TRANSLATION + 0.5), int(width * TRANSLATION + 0.5)
    seeds = tf.random.split(seed, 2)
    count = (clips.shape[0],)
    rows = replicas.uniform(count, seeds[0], 0, 2 * reach_y + 1, tf.int32, pairs=True)
    columns = replicas.uniform(count, seeds[1], 0, 2 * reach_x + 1, tf.int32, pairs=True)
    border = ((0, 0), (0, 0), (reach_y, reach_y), (reach_x, reach_x), (0, 0))
    padded = tf.unstack(tf.pad(clips, border))
    starts = zip(tf.unstack(rows), tf.unstack(columns), strict=True)
    moved = [
        tf.slice(clip, (0, row, column, 0), (-1, height, width, -1))
        for clip, (row, column) in zip(padded, starts, strict=True)
    ]
    return tf.stack(moved)


def cutout(clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Set a square of half the side, at a random position per clip, to zero (grey)."""
    height, width = clips.shape[2], clips.shape[3]
    count = (clips.shape[0], 1)
    seeds = tf.random.split(seed, 2)
    center_y = replicas.uniform(count, seeds[0], 0, height, tf.int32, pairs=True)
    center_x = replicas.uniform(count, seeds[1], 0, width, tf.int32, pairs=True)
    in_y = tf.abs(tf.range(height)[None, :] - center_y) < int(height * CUTOUT / 2)
    in_x = tf.abs(tf.range(width)[None, :] - center_x) < int(width * CUTOUT / 2)
    hole = tf.logical_and(in_y[:, :, None], in_x[:, None, :])
    return clips * tf.cast(tf.logical_not(hole), clips.dtype)[:, None, :, :, None]


# Registry: the policies of ``--augment``.
POLICIES = {"color": color, "translation": translation, "cutout": cutout}


def parse(text: str) -> tuple[str, ...]:
    """Split a list such as ``color,translation`` into names; ``none`` gives an empty tuple.

    Raises:
        OptionError: a name is unknown.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in POLICIES:
            raise OptionError(f"--augment {name!r} is none of {', '.join(POLICIES)}, none")
    return names


def augment(
    clips: tf.Tensor, names: tuple[str, ...], seed: tf.Tensor, share: tf.Tensor | None = None
) -> tf.Tensor:
    """Apply policies in turn.

    Args:
        clips: float ``(batch, frames, height, width, channels)`` in [-1, 1], of a static batch:
            real clips, then as many generated ones.
        names: keys of :data:`POLICIES`.
        seed: int32 ``(2,)``, stateless.
        share: scalar probability with which each policy is applied to each clip; None for always.

    Returns:
        Clips of the same shape and dtype; values may leave [-1, 1].
    """
    for index, name in enumerate(names):
        policy_seed = tf.random.fold_in(seed, index)
        changed = POLICIES[name](clips, policy_seed)
        if share is not None:
            chance = _uniform(clips, tf.random.fold_in(policy_seed, 1), 0.0, 1.0)
            changed = tf.where(chance < tf.cast(share, chance.dtype), changed, clips)
        clips = changed
    return clips
