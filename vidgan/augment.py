"""Differentiable augmentation, the same for all frames of a clip (arXiv 2006.10738).

The discriminator sees only augmented clips, real and generated, so that it does not overfit a small
dataset. Gradients flow through the augmentation, so that the generator still learns unaugmented
clips. All random numbers come from a stateless seed.
"""

import tensorflow as tf

from vidgan.errors import OptionError

# The strengths of the paper, as fractions of a side.
TRANSLATION = 1 / 8
CUTOUT = 1 / 2


def _uniform(clips: tf.Tensor, seed: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Return one number per clip, ``(batch, 1, 1, 1, 1)``."""
    shape = (tf.shape(clips)[0], 1, 1, 1, 1)
    return tf.cast(tf.random.stateless_uniform(shape, seed, low, high), clips.dtype)


def color(clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Vary brightness, saturation and contrast.

    All three together are one linear map of a pixel, its grey value and the mean of the clip.
    Applying it once takes a third of the memory traffic.
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
    """Shift by up to an eighth of each side, with zero padding (grey).

    The batch size must be static: one slice per clip is twice as fast as a gather.
    """
    height, width = clips.shape[2], clips.shape[3]
    reach_y, reach_x = int(height * TRANSLATION + 0.5), int(width * TRANSLATION + 0.5)
    seeds = tf.random.split(seed, 2)
    count = (clips.shape[0],)
    rows = tf.random.stateless_uniform(count, seeds[0], 0, 2 * reach_y + 1, tf.int32)
    columns = tf.random.stateless_uniform(count, seeds[1], 0, 2 * reach_x + 1, tf.int32)
    border = ((0, 0), (0, 0), (reach_y, reach_y), (reach_x, reach_x), (0, 0))
    padded = tf.unstack(tf.pad(clips, border))
    starts = zip(tf.unstack(rows), tf.unstack(columns), strict=True)
    moved = [
        tf.slice(clip, (0, row, column, 0), (-1, height, width, -1))
        for clip, (row, column) in zip(padded, starts, strict=True)
    ]
    return tf.stack(moved)


def cutout(clips: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Set a square of half the side at a random position to zero (grey)."""
    height, width = clips.shape[2], clips.shape[3]
    count = tf.shape(clips)[0]
    seeds = tf.random.split(seed, 2)
    center_y = tf.random.stateless_uniform((count, 1), seeds[0], 0, height, tf.int32)
    center_x = tf.random.stateless_uniform((count, 1), seeds[1], 0, width, tf.int32)
    in_y = tf.abs(tf.range(height)[None, :] - center_y) < int(height * CUTOUT / 2)
    in_x = tf.abs(tf.range(width)[None, :] - center_x) < int(width * CUTOUT / 2)
    hole = tf.logical_and(in_y[:, :, None], in_x[:, None, :])
    return clips * tf.cast(tf.logical_not(hole), clips.dtype)[:, None, :, :, None]


POLICIES = {"color": color, "translation": translation, "cutout": cutout}


def parse(text: str) -> tuple[str, ...]:
    """Parse ``color,translation``; ``none`` and the empty text give no policies.

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
    """Apply policies one after another.

    Args:
        clips: float ``(batch, frames, height, width, channels)`` in [-1, 1].
        names: keys of :data:`POLICIES`.
        seed: int32 ``(2,)``, stateless.
        share: probability of applying each policy to each clip; None for always.

    Returns:
        Clips of the same shape; brightness may leave [-1, 1].
    """
    for index, name in enumerate(names):
        own = tf.random.fold_in(seed, index)
        changed = POLICIES[name](clips, own)
        if share is not None:
            chance = _uniform(clips, tf.random.fold_in(own, 1), 0.0, 1.0)
            changed = tf.where(chance < tf.cast(share, chance.dtype), changed, clips)
        clips = changed
    return clips
