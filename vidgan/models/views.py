"""Views: the parts of a clip that a discriminator sees, the registry of ``--discriminators``.

A view maps each clip to one or several items, each of which gets a logit. The combination of views
follows DVD-GAN (arXiv 1907.06571): a few frames at full size for sharpness and the whole clip at
half size for motion take less arithmetic than the whole clip at full size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from vidgan import replicas
from vidgan.config import ModelConfig
from vidgan.models.architecture import Shape


@dataclass(frozen=True)
class View:
    """A view of clips.

    Attributes:
        shape: a function of config, height and width: ``(frames, height, width)`` of an item.
        count: a function of config: the number of items for each clip.
        extract: a differentiable function of clips ``(batch, frames, height, width, 3)``, config
            and a stateless seed, int32 ``(2,)``: the items ``(batch · count, *shape, 3)``, ordered
            by clip.
    """

    shape: Callable[[ModelConfig, int, int], Shape]
    count: Callable[[ModelConfig], int]
    extract: Callable[[tf.Tensor, ModelConfig, tf.Tensor], tf.Tensor]


def _whole(clips: tf.Tensor, config: ModelConfig, seed: tf.Tensor) -> tf.Tensor:
    return clips


def _some_frames(clips: tf.Tensor, config: ModelConfig, seed: tf.Tensor) -> tf.Tensor:
    """Draw a random frame from each of ``judged_frames`` equal parts of a clip.

    The paper draws 8 frames from the whole clip; this spreads fewer frames over it evenly.
    """
    batch, frames, height, width, channels = clips.shape
    parts = min(config.judged_frames, frames)
    starts = tf.range(parts) * frames // parts
    ends = (tf.range(parts) + 1) * frames // parts
    random = replicas.uniform((batch, parts), seed, pairs=True)
    offsets = tf.cast(random * tf.cast(ends - starts, tf.float32), tf.int32)
    chosen = tf.gather(clips, starts + offsets, batch_dims=1)
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
