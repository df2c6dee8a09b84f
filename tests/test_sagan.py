"""Self-attention against NumPy, and the model that has it."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from matrices import some
from tiny_run import reloaded

from vidgan import runtime
from vidgan.config import FRAME_COUNTS, ModelConfig, TrainConfig
from vidgan.latents import from_seeds
from vidgan.models import build_generator, latents, resolve
from vidgan.models.layers.spectral_norm import SpectralNorm
from vidgan.models.sagan import MAX_POSITIONS, Gain, self_attention
from vidgan.tasks.synthesis import build_gan
from vidgan.training.run import Run

TINY = ModelConfig(model="sagan", frames=8, latent_dim=6, g_channels=4, d_channels=4)


def attention(shape: tuple[int, ...], gain: float) -> tuple[keras.Model, np.ndarray]:
    """Return a network that only attends, and two inputs of this shape."""
    runtime.seed_everything(4)
    x = keras.Input(shape)
    network = keras.Model(x, self_attention(x))
    network.get_layer("gain").gain.assign(gain)
    return network, np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)


def halved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolve with a (1, 2, 2) kernel and a stride of as much; zeros behind an odd side."""
    x = np.pad(x, [(0, 0), (0, 0), (0, x.shape[2] % 2), (0, x.shape[3] % 2), (0, 0)])
    places = [(i, j) for i in (0, 1) for j in (0, 1)]
    found: np.ndarray = sum(x[:, :, i::2, j::2] @ kernel[0, i, j] for i, j in places)
    return found


@pytest.mark.parametrize("shape", [(2, 4, 4, 16), (3, 5, 7, 16), (1, 4, 6, 4)])
def test_attention_against_numpy(shape: tuple[int, int, int, int]) -> None:
    network, x = attention(shape, gain=0.5)
    weight = {
        n: np.asarray(network.get_layer(n).kernel) for n in ("query", "key", "value", "found")
    }
    made = []
    for i in range(2):
        query = (x[i] @ weight["query"][0, 0, 0]).reshape(-1, weight["query"].shape[-1])
        key, value = (
            halved(x[i : i + 1], weight[n]).reshape(-1, weight[n].shape[-1])
            for n in ("key", "value")
        )
        scores = np.exp(query @ key.T / np.sqrt(query.shape[-1]))
        looked = (scores / scores.sum(1, keepdims=True)) @ value
        made.append((looked @ weight["found"][0, 0, 0]).reshape(shape))
    np.testing.assert_allclose(network(x), x + 0.5 * np.stack(made), rtol=1e-4, atol=1e-5)


def test_attention_looks_across_space_and_time() -> None:
    network, x = attention((4, 4, 4, 8), gain=1.0)
    other = x.copy()
    other[:, 3, 3, 3] += 1
    assert np.abs(network(other) - network(x))[:, 0, 0, 0].max() > 1e-4
    network, x = attention((4, 4, 4, 8), gain=0.0)
    np.testing.assert_array_equal(network(x), x)


@pytest.mark.parametrize("frames", FRAME_COUNTS)
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (40, 224), (224, 224), (256, 32)])
def test_attention_stays_affordable(frames: int, size: tuple[int, int]) -> None:
    generator = build_generator(TINY.replace(frames=frames), *size)
    _, *place, _ = generator.get_layer("gain").output.shape
    assert np.prod(place) <= MAX_POSITIONS
    # It is the largest level that is: the next has 4 or 8 times as many positions.
    assert np.prod(place) * 8 > MAX_POSITIONS


def test_both_networks_are_normalised_unless_told_otherwise() -> None:
    assert resolve(TINY).spectral_norm == "both"
    config = TINY.replace(spectral_norm="none")
    assert resolve(config).spectral_norm == "none"
    kinds = [
        {type(layer) for layer in build_generator(c, 32, 32)._flatten_layers()}
        for c in (TINY, config)
    ]
    assert SpectralNorm in kinds[0]
    assert SpectralNorm not in kinds[1]


def gains(network: keras.Model) -> list[float]:
    return [float(x.gain) for x in network._flatten_layers() if isinstance(x, Gain)]


@pytest.mark.parametrize("precision", some(["float32", "mixed_float16"], ["float32"]))
def test_training_opens_the_gates(precision: str, tmp_path: Path) -> None:
    train = TrainConfig(loss="hinge", precision=precision, penalty_every=1)
    gan = build_gan(Run(Path("run"), TINY, train, Path("data"), (32, 32), 25.0))
    networks = (gan.generator, gan.discriminators["clip"])
    assert [gains(network) for network in networks] == [[0], [0]]
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    for _ in range(2):
        logs = step(tf.random.stateless_uniform((4, 8, 32, 32, 3), (1, 2), -1, 1))
    assert np.isfinite(logs["d_loss"])
    assert np.isfinite(logs["r1"])
    for network in networks:
        (gain,) = gains(network)
        assert np.isfinite(gain)
        assert gain != 0
    assert gains(gan.generator_ema) != [0]
    noise = from_seeds(latents(TINY), range(2))
    again = reloaded(gan, precision, tmp_path / "g.weights.h5")
    np.testing.assert_array_equal(again(noise), gan(noise))
