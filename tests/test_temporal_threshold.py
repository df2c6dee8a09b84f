"""What stands still in a generated clip stands still exactly."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_run import make_run, older_than

from vidgan.config import ModelConfig
from vidgan.errors import OptionError
from vidgan.models import build_generator, resolve
from vidgan.models.layers.temporal_threshold import TemporalThreshold

TINY: dict[str, Any] = {"frames": 8, "latent_dim": 6, "g_channels": 4, "d_channels": 4}


def test_small_changes_go_and_large_ones_stay() -> None:
    clip = np.zeros((1, 4, 2, 1, 1), np.float32)
    clip[0, :, 0, 0, 0] = 0.1, -0.1, 0.05, -0.05
    clip[0, :, 1, 0, 0] = 0.9, -0.9, 0.5, -0.5
    made = np.asarray(TemporalThreshold(0.2)(clip + 3))[0, :, :, 0, 0]
    np.testing.assert_array_equal(made[:, 0], np.full(4, made[0, 0]))
    np.testing.assert_allclose(made[:, 1] - 3, [0.7, -0.7, 0.3, -0.3], atol=1e-6)


def test_all_frames_teach_what_stands_still() -> None:
    clip = tf.Variable(tf.zeros((1, 4, 2, 2, 3)))
    with tf.GradientTape() as tape:
        # Only the last frame is judged.
        value = tf.reduce_sum(TemporalThreshold(0.2)(clip)[:, -1])
    np.testing.assert_allclose(tape.gradient(value, clip), np.full(clip.shape, 0.25))


def test_what_it_is_made_of_survives_saving() -> None:
    layer = TemporalThreshold.from_config(TemporalThreshold(0.25, name="calm").get_config())
    assert (layer.threshold, layer.name, layer.dtype_policy.name) == (0.25, "calm", "float32")


@pytest.mark.parametrize("model", ["dcgan", "infogan", "sagan"])
def test_the_option_makes_generators_stiller(model: str) -> None:
    def changes(threshold: float | None) -> float:
        keras.utils.set_random_seed(1)
        config = resolve(ModelConfig(model=model, temporal_threshold=threshold, **TINY))
        network = build_generator(config, 32, 32)
        noise = {name: tf.ones((2, *x.shape[1:])) for name, x in network.input.items()}
        return float(tf.reduce_mean(tf.abs(tf.experimental.numpy.diff(network(noise), axis=1))))

    free, default = changes(0), changes(None)
    assert 0 < default < free
    assert default == changes(2.5) > changes(20)


def test_other_models_refuse_it_but_for_0() -> None:
    with pytest.raises(
        OptionError, match="--temporal-threshold has no meaning for --model mocogan"
    ):
        resolve(ModelConfig(model="mocogan", temporal_threshold=2.0))
    assert resolve(ModelConfig(model="mocogan", temporal_threshold=0.0)).temporal_threshold == 0


def test_runs_older_than_the_option_are_as_they_were(tmp_path: Path) -> None:
    assert (
        older_than("temporal_threshold", make_run(tmp_path / "run")).model.temporal_threshold == 0
    )
