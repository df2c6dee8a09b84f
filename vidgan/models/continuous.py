"""A generator in continuous time, in the spirit of StyleGAN-V (2112.14683) and DIGAN (2202.10571).

A frame is a function of the clip's content and of its time, a real number. Motion is white noise
at anchors, one at every second frame, convolved with Gabor filters in time: a Gaussian times a
cosine or a sine, whose width and frequency are learned for each channel. The result is a smooth
stationary process with drifting phases, so a clip of any length neither repeats nor changes its
statistics; see :class:`FilteredNoise`. Each frame is then decoded on its own.

Difference from the papers: their time encodings are sines that are stitched together at the
anchors, which leaves visible marks there; filtered noise leaves none. The discriminator is dcgan's.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import TIMES, Latent, Noise
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture
from vidgan.models.frame_decoder import decode_frames

# Time between anchors, and bounds of the filters' widths (standard deviations), in frames of
# training. As no width is below the spacing, the anchors leave no mark: the variance of the
# filtered noise varies between them by less than 1 part in 1000.
ANCHOR_SPACING = 2.0
MIN_WIDTH, MAX_WIDTH = 2.0, 20.0
# Anchors that matter on either side: up to three times the largest width.
REACH = math.ceil(3 * MAX_WIDTH / ANCHOR_SPACING)
# Radians per frame. Anchors can represent frequencies below π / ANCHOR_SPACING.
MAX_FREQUENCY = 0.75 * math.pi / ANCHOR_SPACING
# See vidgan.models.frame_decoder.
MOTION_SHARE = 0.1


@keras.saving.register_keras_serializable(package="vidgan")
class FilteredNoise(layers.Layer):
    """White noise at anchors, filtered: a stationary random process in continuous time.

    Inputs are noise ``(batch, anchors, n)``, of which anchor ``REACH`` is at time 0, and times
    ``(batch, frames)``; the output ``(batch, frames, 2n)`` has a standard deviation of 1.
    """

    def build(self, noise_shape: tuple[int, ...], times_shape: tuple[int | None, ...]) -> None:
        """Create widths and frequencies; a sigmoid maps each to its range."""
        count = noise_shape[-1]
        spread = (np.arange(count) + 0.5) / count
        # A golden-ratio sequence gives slow and fast channels to every width.
        mixed = 0.02 + 0.3 * (np.arange(count) * 0.618034 % 1)
        # Weights are offsets from the initial values, so they start at 0.
        self.starts = np.array([np.log(s / (1 - s)) for s in (spread, mixed)], np.float32)
        self.widths = self.add_weight(shape=(count,), initializer="zeros", name="widths")
        self.frequencies = self.add_weight(shape=(count,), initializer="zeros", name="frequencies")

    def call(self, noise: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """Return the filtered noise at ``times``."""
        widths = MIN_WIDTH * (MAX_WIDTH / MIN_WIDTH) ** tf.sigmoid(self.widths + self.starts[0])
        frequencies = MAX_FREQUENCY * tf.sigmoid(self.frequencies + self.starts[1])
        before = tf.floor(times / ANCHOR_SPACING)
        near = tf.range(2 * REACH + 1)
        anchors = tf.gather(
            noise, tf.expand_dims(tf.cast(before, tf.int32), -1) + near, batch_dims=1
        )  # (batch, frames, near, n)
        # Not [..., None]: LiteRT has no slices with new axes.
        offsets = tf.expand_dims(times / ANCHOR_SPACING - before, -1)
        offsets -= tf.cast(near - REACH, tf.float32)
        offsets = ANCHOR_SPACING * tf.expand_dims(offsets, -1)
        gaussians = tf.exp(-0.5 * tf.square(offsets / widths))
        # The squares of a Gaussian over all anchors sum up to √π · width / ANCHOR_SPACING.
        gaussians *= tf.sqrt(2 * ANCHOR_SPACING / (math.sqrt(math.pi) * widths))
        cosines = tf.reduce_sum(anchors * gaussians * tf.cos(frequencies * offsets), axis=2)
        sines = tf.reduce_sum(anchors * gaussians * tf.sin(frequencies * offsets), axis=2)
        return tf.concat([cosines, sines], axis=-1)

    def compute_output_shape(
        self, noise_shape: tuple[int, ...], times_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the output's shape."""
        return (*times_shape[:2], 2 * noise_shape[-1])


def latents(config: ModelConfig, frames: int, spacing: float) -> tuple[Latent, ...]:
    """Return the inputs; see :class:`vidgan.models.architecture.Architecture`."""
    assert config.motion_dim is not None, "resolved"
    last = ANCHOR_SPACING + (frames - 1) * spacing
    anchors = 2 * REACH + 1 + math.floor(last / ANCHOR_SPACING)
    return (
        Latent("latent", (config.latent_dim,)),
        Latent("times", (frames,), TIMES, spacing=spacing, latest=ANCHOR_SPACING),
        Latent("motion", (anchors, config.motion_dim)),
    )


def periodic(noise: Noise) -> Noise:
    """Return inputs of loops; see :class:`vidgan.models.architecture.Architecture`.

    The noise of one period is repeated. A period has a whole number of anchors, so the speed
    changes slightly where the duration of the frames is no multiple of the anchors' spacing.
    """
    times = noise["times"]
    frames = times.shape[1]
    spacing = times[0, 1] - times[0, 0] if frames > 1 else 1.0
    period = max(1, round(frames * spacing / ANCHOR_SPACING))
    anchors = REACH + (np.arange(2 * REACH + 1 + period) - REACH) % period
    moments = np.arange(frames, dtype=np.float32) * np.float32(ANCHOR_SPACING * period / frames)
    return noise | {
        "times": np.broadcast_to(moments, times.shape),
        "motion": noise["motion"][:, anchors],
    }


def _modulation(code: keras.KerasTensor) -> Any:
    """Return a function that scales and shifts the features of a frame by its motion code."""

    def modulate(x: keras.KerasTensor) -> keras.KerasTensor:
        channels = x.shape[-1]
        scale, shift = (
            layers.Reshape((-1, 1, 1, channels))(
                layers.Dense(
                    channels,
                    kernel_initializer=keras.initializers.VarianceScaling(0.02),
                    bias_initializer=start,
                )(code)
            )
            for start in ("ones", "zeros")
        )
        return layers.Add()([layers.Multiply()([x, scale]), shift])

    return modulate


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator; see :class:`vidgan.models.architecture.Architecture`."""
    latent = keras.Input((config.latent_dim,), name="latent")
    times = keras.Input((None,), name="times")
    motion = keras.Input((None, config.motion_dim), name="motion")
    # Always float32: times need its precision.
    paths = FilteredNoise(dtype="float32", name="paths")(motion, times)
    clip = decode_frames(config, height, width, latent, paths, MOTION_SHARE, _modulation(paths))
    inputs = {"latent": latent, "times": times, "motion": motion}
    return keras.Model(inputs, clip, name="generator")


ARCHITECTURE = Architecture(
    summary="frames as functions of time: clips of any length at any frame rate",
    paper="arXiv 2112.14683, 2202.10571",
    generator=generator,
    trunk=dcgan.trunk,
    latents=latents,
    options={"motion_dim": 16},
    any_length=True,
    any_rate=True,
    periodic=periodic,
)
