"""DVD-GAN: the recurrent unit, the generator around it, and a short training."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from dataset_files import make_dataset

import vidgan
from vidgan.cli import main
from vidgan.config import ModelConfig
from vidgan.latents import from_seeds
from vidgan.models import build_discriminators, build_generator, discriminator_views, resolve
from vidgan.models import latents as inputs_of
from vidgan.models.layers.conv_gru import ConvGRU
from vidgan.training.run import Run

SIZE = 32
TINY: dict[str, Any] = {
    "model": "dvdgan",
    "frames": 8,
    "latent_dim": 6,
    "g_channels": 4,
    "d_channels": 4,
}


def sigmoid(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 / (1 + np.exp(-x))
    return found


def reference(x: np.ndarray, layer: Any) -> np.ndarray:
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
        gate = sigmoid(update + own[0])
        new = np.tanh(candidate + sigmoid(reset + own[1]) * own[2])
        state = (1 - gate) * state + gate * new
        states.append(state)
    return np.stack(states, axis=1)


@pytest.mark.parametrize(("inputs", "frames"), [(1, 4), (2, 5), (3, 8), (4, 4)])
def test_the_unit_is_a_gru(inputs: int, frames: int) -> None:
    keras.utils.set_random_seed(inputs)
    layer = ConvGRU(5, frames, kernel_size=1)
    x = np.random.default_rng(0).normal(size=(2, inputs, 3, 4, 6)).astype(np.float32)
    made = layer(x)
    assert made.shape == layer.compute_output_shape(x.shape) == (2, frames, 3, 4, 5)
    layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    np.testing.assert_allclose(layer(x), reference(x, layer), rtol=1e-4, atol=1e-5)


def test_the_state_spreads_from_frame_to_frame() -> None:
    """Convolutions carry it on by a position a frame."""
    layer = ConvGRU(3, 4)
    x = np.zeros((1, 1, 1, 9, 2), np.float32)
    changed = x.copy()
    changed[0, 0, 0, 0] = 1
    difference = np.abs(layer(changed) - layer(x)).max(axis=(0, 2, 4))
    reach = [int(np.flatnonzero(row).max()) for row in difference]
    assert reach == [1, 2, 3, 4]


def test_the_unit_comes_back_from_its_configuration() -> None:
    layer = ConvGRU(3, 4, kernel_size=5, name="unit")
    again = ConvGRU.from_config(layer.get_config())
    assert (again.filters, again.frames, again.kernel_size, again.name) == (3, 4, 5, "unit")


def test_frames_and_motion_are_judged_apart() -> None:
    config = resolve(ModelConfig(**TINY))
    assert discriminator_views(config) == ("frames", "small")
    networks = build_discriminators(config, 64, 48)
    assert networks["frames"].input["clip"].shape[1:] == (1, 64, 48, 3)
    assert networks["small"].input["clip"].shape[1:] == (8, 32, 24, 3)
    only = resolve(ModelConfig(**TINY, discriminators="clip"))
    assert list(build_discriminators(only, 32, 32)) == ["clip"]


def test_frames_hang_together_and_change() -> None:
    """Of a fresh generator neighbours are more alike than first and last."""
    config = ModelConfig(**{**TINY, "frames": 16, "g_channels": 16})
    keras.utils.set_random_seed(0)
    clips = build_generator(config, SIZE, SIZE)(from_seeds(inputs_of(config), range(8))).numpy()
    steps = np.abs(np.diff(clips, axis=1)).mean()
    ends = np.abs(clips[:, -1] - clips[:, 0]).mean()
    assert steps > 0
    assert ends > 1.5 * steps


def crossing(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
    """Draw a bright square that crosses the picture from left to right at some height."""
    width, height = size
    random = np.random.default_rng(record)
    video = np.full((length, height, width, 3), 30, np.uint8)
    top, color = int(random.integers(2, height - 18)), random.integers(190, 250, 3)
    for frame in range(length):
        left = round(frame * (width - 12) / (length - 1))
        video[frame, top : top + 16, left : left + 12] = color
    return video


def centres(clips: np.ndarray) -> np.ndarray:
    """Return how far to the right the light of each clip's frames is, in pixels."""
    light = np.clip(clips.astype(float).mean(axis=(2, 4)) - 60, 0, None)
    moments = (light * np.arange(light.shape[-1])).sum(-1)
    found: np.ndarray = moments / np.maximum(light.sum(-1), 1e-6)
    return found


@pytest.mark.slow
def test_it_learns_to_move(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data", (8,) * 24, (), (SIZE, SIZE), draw=crossing)
    options = {**TINY, "g_channels": 8, "steps": 150, "batch_size": 8, "ema": 0.9}
    options |= {"g_lr": 0.002, "d_lr": 0.001, "augment": "none"}
    # In so few steps the GAN alone learns it with some seeds and on some CPUs only.
    options["reconstruction"] = 1
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    arguments += ["--no-mirror", "--no-tensorboard", str(tmp_path / "data")]
    result = CliRunner().invoke(main, ["train", *arguments, "-o", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert Run.open(tmp_path / "run").model.discriminators == "frames,small"
    path = centres(vidgan.load(tmp_path / "run").generate(16))
    way = path[:, -1] - path[:, 0]  # 20 pixels in the data.
    assert way.min() > 5
    assert 12 < way.mean() < 26
    assert (np.diff(path.mean(axis=0)) > 0).all()
    output = tmp_path / "out.mp4"
    result = CliRunner().invoke(main, ["generate", str(tmp_path / "run"), "-o", str(output)])
    assert result.exit_code == 0, result.output
    assert output.stat().st_size > 0
