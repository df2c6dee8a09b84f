"""MoCoGAN (arXiv 1707.04993): what a clip shows is one vector, how it moves a recurrent network.

A GRU turns noise, fresh at every frame, into a motion code a frame; content and code together make
the frame. One discriminator judges single frames, another one whole clips.

Where it leaves the paper:

- The recurrent network runs for a while before the first frame. The first frames of a path come of
  states near 0, which no later ones do: they would be pale, and what is learned of them is lost on
  a clip that is longer than those of training.
- The GRU starts out slow. With Keras' start a state lives two frames, and pictures that jump are
  the first thing the discriminator sees.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.config import ModelConfig
from vidgan.latents import TIMES, Latent
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture
from vidgan.models.frame_decoder import pictures

# Steps before the first frame; the state has forgotten its own beginning by then.
WARM_UP = 16
# A state's old value against its new one is weighed by the sigmoid of this at first.
UPDATE_BIAS = 2.0
# Brings the codes' deviation, 0.2 at first, to 1.
CODE_SCALE = 5.0
# See vidgan.models.frame_decoder.
MOTION_SHARE = 0.4


@keras.saving.register_keras_serializable(package="vidgan")
class SlowGate(keras.initializers.Initializer):
    """Initial biases of a GRU whose state changes slowly.

    Args:
        bias: of the update gate; the other gates' are 0.
    """

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def __call__(self, shape: tuple[int, int], dtype: Any = None) -> tf.Tensor:
        """Return biases ``(2, 3 · units)``: of inputs and of states, for each gate."""
        sources, units = shape[0], shape[1] // 3
        update = tf.fill((sources, units), tf.cast(self.bias / sources, dtype or "float32"))
        return tf.pad(update, [(0, 0), (0, 2 * units)])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"bias": self.bias}


@keras.saving.register_keras_serializable(package="vidgan")
class AtTimes(layers.Layer):
    """Picks the codes of the frames that are asked for.

    Inputs are codes ``(batch, steps, n)``, of which step ``WARM_UP`` is at time 0, and times
    ``(batch, frames)``; output is ``(batch, frames, n)``.
    """

    def call(self, codes: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """Return the code at the last whole time before each of ``times``."""
        return tf.gather(codes, WARM_UP + tf.cast(tf.floor(times), tf.int32), batch_dims=1)

    def compute_output_shape(self, codes_shape: tuple, times_shape: tuple) -> tuple:
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


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator; see :class:`vidgan.models.architecture.Architecture`."""
    latent = keras.Input((config.latent_dim,), name="latent")
    times = keras.Input((None,), name="times")
    motion = keras.Input((None, config.motion_dim), name="motion")
    # In float32 whatever the others' precision: an error would go on from frame to frame.
    codes = layers.GRU(
        config.motion_dim,
        bias_initializer=SlowGate(UPDATE_BIAS),
        return_sequences=True,
        dtype="float32",
        name="motion_codes",
    )(motion)
    codes = layers.Rescaling(CODE_SCALE, dtype="float32")(AtTimes(dtype="float32")(codes, times))
    clip = pictures(config, height, width, latent, codes, MOTION_SHARE)
    inputs = {"latent": latent, "times": times, "motion": motion}
    return keras.Model(inputs, clip, name="generator")


ARCHITECTURE = Architecture(
    summary="a vector for what is seen, a recurrent network for how it moves: clips of any length",
    paper="arXiv 1707.04993",
    generator=generator,
    trunk=dcgan.trunk,
    latents=latents,
    options={"discriminators": "frames,clip", "motion_dim": 16},
    any_length=True,
)
