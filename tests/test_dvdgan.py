"""DVD-GAN: the recurrent unit, the generator around it, and a short training."""

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from datasets import make_dataset

import vidgan
from vidgan.cli import main
from vidgan.config import ModelConfig
from vidgan.latents import from_seeds
from vidgan.models import build_discriminators, build_generator, discriminator_views, resolve
from vidgan.models import latents as inputs_of
from vidgan.models.convgru import KEEP, ConvGRU
from vidgan.training.run import Run

SIZE = 32
TINY = {"model": "dvdgan", "frames": 8, "latent_dim": 6, "g_channels": 4, "d_channels": 4}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(x, layer):
    """The same unit with kernels of one tap, one position and one frame after the other."""
    given_kernel, state_kernel, bias = (weight.squeeze() for weight in layer.get_weights())
    inputs, frames = x.shape[1], layer.frames
    given = np.einsum("bthwc,cf->bthwf", x, given_kernel) + bias
    state = np.tanh(given[:, 0, ..., 2 * layer.filters :])
    states = [state]
    for frame in range(1, frames):
        place = frame * (inputs - 1) / (frames - 1)
        before = int(place)
        after = min(before + 1, inputs - 1)
        now = given[:, before] + (place - before) * (given[:, after] - given[:, before])
        update, reset, candidate = np.split(now, 3, axis=-1)
        own = np.split(state @ state_kernel, 3, axis=-1)
        gate = sigmoid(update + own[0] + KEEP)
        new = np.tanh(candidate + sigmoid(reset + own[1]) * own[2])
        state = (1 - gate) * state + gate * new
        states.append(state)
    return np.stack(states, axis=1)


@pytest.mark.parametrize(("inputs", "frames"), [(1, 4), (2, 5), (3, 8), (4, 4)])
def test_the_unit_is_a_gru(inputs, frames):
    keras.utils.set_random_seed(inputs)
    layer = ConvGRU(5, frames, kernel_size=1)
    x = np.random.default_rng(0).normal(size=(2, inputs, 3, 4, 6)).astype(np.float32)
    made = layer(x)
    assert made.shape == layer.compute_output_shape(x.shape) == (2, frames, 3, 4, 5)
    layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    np.testing.assert_allclose(layer(x), reference(x, layer), rtol=1e-4, atol=1e-5)


def test_the_state_spreads_from_frame_to_frame():
    """Convolutions carry it on by a position a frame."""
    layer = ConvGRU(3, 4)
    x = np.zeros((1, 1, 1, 9, 2), np.float32)
    changed = x.copy()
    changed[0, 0, 0, 0] = 1
    difference = np.abs(layer(changed) - layer(x)).max(axis=(0, 2, 4))
    reach = [int(np.flatnonzero(row).max()) for row in difference]
    assert reach == [1, 2, 3, 4]


def test_the_unit_comes_back_from_its_configuration():
    layer = ConvGRU(3, 4, kernel_size=5, name="unit")
    again = ConvGRU.from_config(layer.get_config())
    assert (again.filters, again.frames, again.kernel_size, again.name) == (3, 4, 5, "unit")


def test_frames_and_motion_are_judged_apart():
    config = resolve(ModelConfig(**TINY))
    assert discriminator_views(config) == ("frames", "small")
    networks = build_discriminators(config, 64, 48)
    assert networks["frames"].input["clip"].shape[1:] == (1, 64, 48, 3)
    assert networks["small"].input["clip"].shape[1:] == (8, 32, 24, 3)
    only = resolve(ModelConfig(**TINY, discriminators="clip"))
    assert list(build_discriminators(only, 32, 32)) == ["clip"]


def test_frames_hang_together_and_change():
    """Of a fresh generator neighbours are more alike than first and last."""
    config = ModelConfig(**{**TINY, "frames": 16, "g_channels": 16})
    keras.utils.set_random_seed(0)
    clips = build_generator(config, SIZE, SIZE)(from_seeds(inputs_of(config), range(8))).numpy()
    steps = np.abs(np.diff(clips, axis=1)).mean()
    ends = np.abs(clips[:, -1] - clips[:, 0]).mean()
    assert steps > 0
    assert ends > 3 * steps


def fading(record, length, size):
    """Draw clips that grow bright in even records and dark in odd ones."""
    width, height = size
    course = np.linspace(30, 220, length) if record % 2 == 0 else np.linspace(220, 30, length)
    return np.broadcast_to(course.astype(np.uint8)[:, None, None, None], (length, height, width, 3))


def test_it_learns_what_happens_over_time(tmp_path):
    make_dataset(tmp_path / "data", (8,) * 16, (), (SIZE, SIZE), draw=fading)
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    arguments += ["--steps=250", "--batch-size=8", "--ema=0.9", "--no-tensorboard"]
    arguments += [str(tmp_path / "data"), "-o", str(tmp_path / "run")]
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code == 0, result.output
    assert Run.open(tmp_path / "run").model.discriminators == "frames,small"
    course = vidgan.load(tmp_path / "run").generate(16).mean(axis=(2, 3, 4))
    change = course[:, -1] - course[:, 0]
    assert np.mean(np.abs(change) > 80) > 0.7
    output = tmp_path / "out.mp4"
    result = CliRunner().invoke(main, ["generate", str(tmp_path / "run"), "-o", str(output)])
    assert result.exit_code == 0, result.output
    assert output.stat().st_size > 0
