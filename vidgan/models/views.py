"""What of a clip a discriminator sees: the mechanism behind ``--discriminators``.

A view turns clips into items, one or several a clip, each of which gets a logit of its own. Several
views together follow DVD-GAN (arXiv 1907.06571): sharp pictures are judged on few full-size
frames, motion on the whole clip at reduced size, for less arithmetic than everything at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from vidgan.config import ModelConfig
from vidgan.models.architecture import Shape


@dataclass(frozen=True)
class View:
    """A way to look at clips.

    Attributes:
        shape: from config, height and width to an item's ``(frames, height, width)``.
        count: from config to the items of a clip.
        see: from clips ``(batch, frames, height, width, 3)``, config and a stateless seed to items
            ``(batch · count, *shape, 3)``, clip after clip; differentiable.
    """

    shape: Callable[[ModelConfig, int, int], Shape]
    count: Callable[[ModelConfig], int]
    see: Callable[[tf.Tensor, ModelConfig, tf.Tensor], tf.Tensor]


def _whole(clips: tf.Tensor, config: ModelConfig, seed: tf.Tensor) -> tf.Tensor:
    return clips


def _some_frames(clips: tf.Tensor, config: ModelConfig, seed: tf.Tensor) -> tf.Tensor:
    """Take one frame, at random, of each of ``judged_frames`` equal parts of a clip.

    The paper draws 8 frames anywhere; so drawn, fewer are spread over the clip all the same.
    """
    batch, frames, height, width, channels = clips.shape
    parts = min(config.judged_frames, frames)
    starts = tf.range(parts) * frames // parts
    ends = (tf.range(parts) + 1) * frames // parts
    random = tf.random.stateless_uniform((batch, parts), seed)
    within = tf.cast(random * tf.cast(ends - starts, tf.float32), tf.int32)
    chosen = tf.gather(clips, starts + within, batch_dims=1)
    return tf.reshape(chosen, (batch * parts, 1, height, width, channels))


def _half_size(clips: tf.Tensor, config: ModelConfig, seed: tf.Tensor) -> tf.Tensor:
    return tf.nn.avg_pool3d(clips, (1, 2, 2), (1, 2, 2), "VALID")


VIEWS = {
    "clip": View(lambda c, h, w: (c.frames, h, w), lambda c: 1, _whole),
    "frames": View(
        lambda c, h, w: (1, h, w), lambda c: min(c.judged_frames, c.frames), _some_frames
    ),
    "small": View(lambda c, h, w: (c.frames, h // 2, w // 2), lambda c: 1, _half_size),
}
