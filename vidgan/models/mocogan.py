"""MoCoGAN (arXiv 1707.04993): a content vector, and motion codes from a recurrent network.

A GRU maps noise, one vector for each frame, to a motion code for each frame; each frame is decoded
from the content vector and its code. One discriminator sees single frames, another one whole clips.

Differences from the paper:

- The recurrent network runs for some steps before the first frame. The first states are near 0,
  unlike all later ones: their frames would be pale, and what is learned from them does not help
  with clips that are longer than those of training.
- The GRU starts with slow state changes. With Keras' initialisation a state lasts two frames, and
  the first generated clips flicker.
"""

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

# Steps before the first frame, after which the initial state has no influence.
WARM_UP = 16
# Steps of a loop's motion before its first frame, at least: the state is then periodic as well.
LOOP_WARM_UP = 64
# Initial bias of the update gate: the sigmoid of it is the weight of the previous state.
UPDATE_BIAS = 2.0
# Scales the codes' standard deviation, initially 0.2, to 1.
CODE_SCALE = 5.0
# See vidgan.models.frame_decoder.
MOTION_SHARE = 0.4


@keras.saving.register_keras_serializable(package="vidgan")
class SlowGate(keras.initializers.Initializer):
    """Initial biases of a GRU whose state changes slowly.

    Args:
        bias: bias of the update gate; those of the other gates are 0.
    """

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def __call__(self, shape: tuple[int, int], dtype: Any = None) -> tf.Tensor:
        """Return biases ``(2, 3 · units)``: for inputs and states, of each gate."""
        sources, units = shape[0], shape[1] // 3
        update = tf.fill((sources, units), tf.cast(self.bias / sources, dtype or "float32"))
        return tf.pad(update, [(0, 0), (0, 2 * units)])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"bias": self.bias}


@keras.saving.register_keras_serializable(package="vidgan")
class AtTimes(layers.Layer):
    """Selects the codes at given times.

    Inputs are codes ``(batch, steps, n)``, of which step ``WARM_UP`` is at time 0, and times
    ``(batch, frames)``; the output is ``(batch, frames, n)``.
    """

    def call(self, codes: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """Return the code at each of ``times``, rounded down."""
        return tf.gather(codes, WARM_UP + tf.cast(tf.floor(times), tf.int32), batch_dims=1)

    def compute_output_shape(
        self, codes_shape: tuple[int | None, ...], times_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the output's shape."""
        return (*times_shape[:2], codes_shape[-1])


def latents(config: ModelConfig, frames: int, spacing: float) -> tuple[Latent, ...]:
    """Return the inputs; see :class:`vidgan.models.architecture.Architecture`."""
    assert config.motion_dim is not None, "resolved"
    return (
        Latent("latent", (config.latent_dim,)),
        Latent("times", (frames,), TIMES),
        Latent("motion", (WARM_UP + frames, config.motion_dim)),
    )


def periodic(noise: Noise) -> Noise:
    """Return inputs of loops; see :class:`vidgan.models.architecture.Architecture`.

    The noise of one period is repeated, and the frames are those of a late period.
    """
    frames = noise["times"].shape[1]
    start = -(-LOOP_WARM_UP // frames) * frames
    steps = (np.arange(WARM_UP + start + frames) - WARM_UP) % frames
    return noise | {
        "times": noise["times"] + np.float32(start),
        "motion": noise["motion"][:, WARM_UP:][:, steps],
    }


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator; see :class:`vidgan.models.architecture.Architecture`."""
    latent = keras.Input((config.latent_dim,), name="latent")
    times = keras.Input((None,), name="times")
    motion = keras.Input((None, config.motion_dim), name="motion")
    # Always float32: errors would accumulate from frame to frame.
    codes = layers.GRU(
        config.motion_dim,
        bias_initializer=SlowGate(UPDATE_BIAS),
        return_sequences=True,
        dtype="float32",
        name="motion_codes",
    )(motion)
    codes = layers.Rescaling(CODE_SCALE, dtype="float32")(AtTimes(dtype="float32")(codes, times))
    clip = decode_frames(config, height, width, latent, codes, MOTION_SHARE)
    inputs = {"latent": latent, "times": times, "motion": motion}
    return keras.Model(inputs, clip, name="generator")


ARCHITECTURE = Architecture(
    summary="a content vector, and motion from a recurrent network: clips of any length",
    paper="arXiv 1707.04993",
    generator=generator,
    trunk=dcgan.trunk,
    latents=latents,
    options={"discriminators": "frames,clip", "motion_dim": 16},
    any_length=True,
    periodic=periodic,
)
