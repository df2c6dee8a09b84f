"""InfoGAN: codes that come to mean something, and the sweeps that show what."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from dataset_files import make_dataset
from pictures import read_picture
from tiny_run import make_run

import vidgan
from vidgan import latents
from vidgan.cli import main
from vidgan.config import ModelConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import conditions
from vidgan.losses import recognition
from vidgan.models import build_discriminators, build_generator, resolve
from vidgan.models import latents as inputs_of
from vidgan.tasks.load import load_gan, load_generator
from vidgan.training.run import Run
from vidgan.video.captions import LINE_HEIGHT

COLORS = ((230, 30, 30), (30, 200, 30), (40, 40, 240))
SIZE = 32
STEPS = 150
TINY: dict[str, Any] = {
    "model": "infogan",
    "frames": 8,
    "latent_dim": 6,
    "g_channels": 4,
    "d_channels": 4,
}


def plain(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
    """Draw clips of one of three colours, each a little darker or brighter."""
    width, height = size
    shade = np.random.default_rng(record).uniform(0.8, 1)
    color = np.array(COLORS[record % 3]) * shade
    return np.broadcast_to(color.astype(np.uint8), (length, height, width, 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("infogan")
    make_dataset(folder / "data", (24,) * 12, (), (SIZE, SIZE), draw=plain)
    options: dict[str, Any] = {**TINY, "categories": 3, "codes": 1, "batch_size": 6, "ema": 0.9}
    options |= {"g_lr": 0.002, "d_lr": 0.001}
    vidgan.train(
        folder / "data",
        output=folder / "run",
        steps=STEPS,
        tensorboard=False,
        log_every=STEPS // 10,
        **options,
    )
    return Run.open(folder / "run")


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_codes_are_the_models_own_options() -> None:
    config = resolve(ModelConfig(model="infogan"))
    assert (config.categories, config.codes) == (10, 2)
    shapes = {latent.name: latent.shape for latent in inputs_of(config)}
    assert shapes == {"category": (10,), "codes": (2,), "latent": (128,)}
    config = ModelConfig(**TINY, categories=4, codes=0)
    assert [latent.name for latent in inputs_of(config)] == ["category", "latent"]
    (network,) = build_discriminators(config, SIZE, SIZE).values()
    assert {name: tensor.shape[-1] for name, tensor in network.output.items()} == {
        "logit": 1,
        "category": 4,
    }


def test_the_first_discriminator_recognises() -> None:
    config = ModelConfig(**TINY, discriminators="small,frames")
    networks = build_discriminators(config, SIZE, SIZE)
    assert {name: set(network.output) for name, network in networks.items()} == {
        "small": {"logit", "category", "codes"},
        "frames": {"logit"},
    }


def test_every_code_moves_the_clip() -> None:
    generator = build_generator(ModelConfig(**TINY), SIZE, SIZE)
    noise = latents.from_seeds(inputs_of(ModelConfig(**TINY)), [0])
    before = generator(noise).numpy()
    for name in ("category", "codes", "latent"):
        change = np.abs(generator(noise | {name: noise[name] + 0.5}).numpy() - before).max()
        assert change > 0.01, name


def test_codes_are_recognised_after_training(run: Run) -> None:
    """On new clips, far better than by chance."""
    gan = load_gan(run)
    noise = latents.from_seeds(run.latents(), range(1000, 1060))
    found = gan.discriminators["clip"]({"clip": gan.generator(noise)})
    found = {name: values for name, values in found.items() if name != "logit"}
    category = {"category": noise["category"]}
    loss = float(np.mean(recognition({"category": found["category"]}, category)))
    assert loss < 0.2 * np.log(3)
    guessed = np.argmax(found["category"], axis=1)
    assert np.mean(guessed == noise["category"].argmax(axis=1)) > 0.95
    mean = found["codes"][:, :1].numpy()
    left = np.mean((noise["codes"] - mean) ** 2)
    assert left < 0.5 / 3  # A third is the variance of a number that is uniform in [-1, 1].


def test_the_log_shows_recognition(run: Run) -> None:
    with (run.path / "log.csv").open() as file:
        losses = [float(row["recognition"]) for row in csv.DictReader(file)]
    assert len(losses) == 10
    # Beneath: the cross entropy of three categories and half the logarithm of the least variance.
    assert losses[-1] < losses[0] - 0.7


def test_sweeps_change_nothing_but_the_code(run: Run) -> None:
    sampler = vidgan.load(run.path)
    generator = load_generator(run)
    inputs = run.latents()
    for code, width in (("category", 3), ("codes:0", 9)):
        made = sampler.sweep(code, seeds=[5, 7])
        assert made.shape == (2, width, 8, SIZE, SIZE, 3)
        for row, seed in enumerate((5, 7)):
            for column in range(width):
                noise = latents.from_seeds(inputs, [seed])
                if code == "category":
                    noise["category"] = np.eye(3, dtype=np.float32)[[column]]
                else:
                    noise["codes"] = np.array([[-1 + column / 4]], np.float32)
                expected = (generator(noise).numpy()[0] + 1) * 127.5
                assert np.abs(np.clip(expected, 0, 255) - made[row, column]).max() < 2


def test_sweep_as_a_video(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sweep.mp4"
    arguments = ("--sweep", "category", "--n", 2, "--scale", 2)
    result = cli("generate", run.path, "-o", path, *arguments)
    assert result.exit_code == 0, result.output
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(frames) == 8
    # Under each clip its category and its seed.
    pitch = 2 * SIZE + 2 * LINE_HEIGHT
    assert frames[0].shape == (2 * pitch, 3 * 2 * SIZE, 3)
    made = vidgan.load(run.path).sweep("category", seeds=[0, 1])
    for row in range(2):
        for column in range(3):
            side, top = 2 * SIZE, row * pitch
            tile = frames[0][top : top + side, column * side : (column + 1) * side]
            np.testing.assert_allclose(
                tile.mean((0, 1)), made[row, column, 0].mean((0, 1)), atol=12
            )


def test_sweep_as_a_sheet(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sweep.png"
    result = cli("generate", run.path, "-o", path, "--sweep", "codes:0", "--scale", 1)
    assert result.exit_code == 0, result.output
    image = read_picture(path)[..., ::-1]
    # Four seeds unless told, nine values, gaps of two, and captions.
    pitch = SIZE + 2 + 2 * LINE_HEIGHT
    assert image.shape == (2 + 4 * pitch, 2 + 9 * (SIZE + 2), 3)
    made = vidgan.load(run.path).sweep("codes:0")
    tile = image[2 + pitch * 3 :][:SIZE, 2 + 34 * 8 : 34 * 9]
    np.testing.assert_array_equal(tile, made[3, 8, 4])


def test_sweep_as_files_and_array(run: Run, tmp_path: Path) -> None:
    result = cli(
        "generate", run.path, "-o", tmp_path / "c", "--sweep", "category", "--seeds", "3,8"
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        f"seed-{seed:06d}-category-{value}.mp4" for seed in (3, 8) for value in range(3)
    ]
    result = cli("generate", run.path, "-o", tmp_path / "c.npy", "--sweep", "category", "--n", 2)
    assert result.exit_code == 0, result.output
    made = np.load(tmp_path / "c.npy")
    expected = vidgan.load(run.path).sweep("category", seeds=[0, 1])
    np.testing.assert_array_equal(made, expected.reshape(made.shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sweep", "codes"], "is not a code of this run's model: known are category, codes:0"),
        (["--sweep", "codes:1"], "is not a code of this run's model: known are category, codes:0"),
        (["--sweep", "label"], "is not a code of this run's model: known are category, codes:0"),
        (["--sweep", "category", "--grid", "2x2"], "leave --grid out"),
        (
            ["--sweep", "category", "--interpolate", "2"],
            "--sweep and --interpolate exclude each other",
        ),
        (["--sweep", "category", "--same-content"], "--sweep varies what --same-content fixes"),
    ],
)
def test_sweeps_that_make_no_sense(
    run: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = cli("generate", run.path, "-o", tmp_path / "a.mp4", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "a.mp4").exists()


def test_models_without_codes(tmp_path: Path) -> None:
    config = ModelConfig(**{**TINY, "model": "dcgan"})
    dcgan = make_run(tmp_path / "run", (SIZE, SIZE), model=config)
    result = cli("generate", dcgan.path, "-o", tmp_path / "a.mp4", "--sweep", "category")
    assert result.exit_code == 2
    assert "it has no codes; train with --model infogan" in " ".join(result.output.split())
    with pytest.raises(OptionError, match="it has no codes"):
        vidgan.load(dcgan.path).sweep("category")


def test_a_sweep_too_wide_for_a_picture(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", (SIZE, SIZE), model=ModelConfig(**TINY, categories=40))
    for name in ("a.mp4", "a.png"):
        result = cli("generate", made.path, "-o", tmp_path / name, "--sweep", "category")
        assert result.exit_code == 2
        assert "has 40 values" in result.output
    result = cli("generate", made.path, "-o", tmp_path / "a.npy", "--sweep", "category", "--n", 1)
    assert result.exit_code == 0, result.output
    assert np.load(tmp_path / "a.npy").shape[0] == 40


def test_a_choice_leaves_the_others_alone() -> None:
    noise = {"codes": np.zeros((2, 3), np.float32), "latent": np.ones((2, 4), np.float32)}
    made = conditions.Condition("codes", 0.5, "x", 1).apply(noise)
    np.testing.assert_array_equal(made["codes"], [[0, 0.5, 0]] * 2)
    assert made["latent"] is noise["latent"]
    assert (noise["codes"] == 0).all()


def test_walks_go_through_codes() -> None:
    inputs = inputs_of(ModelConfig(**TINY, categories=3))
    start, end = (latents.from_seeds(inputs, [seed]) for seed in (0, 1))
    middle = latents.interpolate(inputs, start, end, 2)
    for name in ("category", "codes"):
        np.testing.assert_allclose(middle[name][1], (start[name][0] + end[name][0]) / 2)


def test_recognition_has_a_floor() -> None:
    """However small a spread the head puts out, the variance is bounded."""
    config = ModelConfig(**TINY)
    (network,) = build_discriminators(config, SIZE, SIZE).values()
    layer = network.get_layer("recognition_codes_spread")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * 0, bias - 1e4])
    found = network({"clip": tf.zeros((1, 8, SIZE, SIZE, 3))})["codes"].numpy()
    np.testing.assert_allclose(found[0, 2:], -2)
