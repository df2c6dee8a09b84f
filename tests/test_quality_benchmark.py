"""The quality benchmark: the digits it draws, its baselines, and a comparison from end to end."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any, NoReturn

import av
import baselines
import click
import moving_digits
import numpy as np
import pytest
import quality
import scores
import tensorflow as tf
from click.testing import CliRunner
from sklearn.datasets import load_digits

import vidgan
from vidgan import models
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import TrainingError
from vidgan.tasks import option_checks
from vidgan.training.run import Run

# Small enough for a step in a moment.
TINY = {
    "dcgan": "dcgan g_channels=4 d_channels=4 batch_size=2 tensorboard=false reconstruction=0",
    "textbook": "textbook batch=2 channels=2",
    "mocogan": "mocogan-paper batch=2 images=3 channels=2",
}


def draw(folder: Path, *options: str) -> list[Path]:
    done = CliRunner().invoke(moving_digits.main, [str(folder), *options])
    assert done.exit_code == 0, done.output
    return sorted(folder.rglob("*.mkv"))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """A dataset of twelve clips with one digit each."""
    folder = tmp_path_factory.mktemp("digits")
    draw(folder / "clips", "--digits", "1", "--clips", "12", "--frames", "20")
    options: dict[str, Any] = {"labels": True, "lossless": True, "test_share": 0.4}
    vidgan.preprocess(folder / "clips", output=folder / "data", **options)
    return Manifest.load(folder / "data")


def test_digits_move_and_stay_whole(tmp_path: Path) -> None:
    files = draw(tmp_path / "pairs", "--clips", "3", "--frames", "40")
    assert [len(path.stem) for path in files] == [len("0000-66")] * 3
    drawn = [clip for _, clip in moving_digits.clips(2, 40, 3, seed=0)]
    for path, expected in zip(files, drawn, strict=True):
        with av.open(str(path)) as container:
            frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        np.testing.assert_array_equal(frames, expected)
        area = (expected.max(axis=-1) > 100).mean(axis=(1, 2))
        # Never out of the picture, never at rest.
        assert area.min() > 0.02
        assert (np.abs(np.diff(expected.astype(int), axis=0)).mean(axis=(1, 2, 3)) > 0.1).all()


def test_every_digit_is_in_one_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(moving_digits, "clip", lambda images, frames, random: seen.extend(images))
    assert len(list(moving_digits.clips(2, 1, 898, seed=0))) == 898
    chosen = {image.tobytes() for image in seen}
    everything = load_digits().data
    assert len(chosen) >= len(np.unique(everything, axis=0)) - 1


def test_digits_refuse_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for arguments, words in (
        ([str(tmp_path)], "exists already"),
        ([str(tmp_path / "a"), "--clips", "899"], "enough for 898"),
    ):
        done = CliRunner().invoke(moving_digits.main, arguments)
        assert done.exit_code == 1
        assert words in done.output


def test_digits_become_a_dataset_with_labels(digits: Manifest) -> None:
    assert digits.size == (64, 64)
    assert set(digits.labels) <= set("0123456789")
    assert len(digits.labels) > 4
    assert sum(digits.splits["train"].lengths) + sum(digits.splits["test"].lengths) == 12 * 20


@pytest.fixture(scope="module")
def compared(
    digits: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str], str]:
    folder = tmp_path_factory.mktemp("compared")
    arguments = [str(digits.path), "--output", str(folder), "--steps", "2", "--samples", "6"]
    arguments += ["--no-mirror"]
    for recipe in TINY.values():
        arguments += ["--recipe", recipe]
    done = CliRunner().invoke(quality.main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return folder, arguments, done.output


@pytest.mark.slow
def test_comparison(compared: tuple[Path, list[str], str]) -> None:
    folder, _, output = compared
    rows = scores.Results(folder / "results.jsonl").rows
    floor, *rows = rows
    assert floor["recipe"] == scores.REAL
    assert [row["recipe"] for row in rows] == list(TINY.values())
    for row in rows:
        assert row["steps"] == 2
        for name in scores.DISTANCES:
            assert row[f"{name}_test"] > floor[f"{name}_test"] > 0
        # Nothing is learned in two steps.
        assert row["diversity"] < 0.5
        assert row["gflops"] > 0
        assert row["clips_per_second"] > 0
        assert row["options"]["mirror"] is False
        assert (
            f"| {row['recipe']} | 10 min, at most 2 steps | 0 | {row['amfd_test']:.2f} |" in output
        )
    assert len(list(folder.glob("*.png"))) == 3


@pytest.mark.slow
def test_comparison_goes_on(
    compared: tuple[Path, list[str], str], digits: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is not trained again; another seed is, and a training that fails is kept."""
    folder, arguments, output = compared
    trained = []

    def train(
        manifest: Manifest, budgets: object, seed: int, samples: int, **options: object
    ) -> NoReturn:
        trained.append((seed, options))
        raise TrainingError("d_loss is nan")

    monkeypatch.setitem(quality.RECIPES, "textbook", (train, {}))
    before = (folder / "results.jsonl").read_text()
    done = CliRunner().invoke(quality.main, arguments)
    assert done.exit_code == 0, done.output
    assert not trained
    assert (folder / "results.jsonl").read_text() == before
    assert output.endswith(done.stdout)
    more = [str(digits.path), "--output", str(folder), "--steps", "2", "--samples", "6"]
    more += ["--no-mirror", "--recipe", TINY["textbook"], "--seeds", "0,1"]
    for _ in range(2):
        done = CliRunner().invoke(quality.main, more)
        assert done.exit_code == 0, done.output
        assert trained == [(1, {"batch": 2, "channels": 2, "mirror": False})]
        assert "| 0, 1 |" in done.output
        assert "d_loss is nan" in done.output


def test_budgets_of_one_training() -> None:
    """They end by the clock that they are given, which stands while the clips are looked at."""
    seconds = itertools.count(0, 25)
    budgets = [baselines.Budget(minutes, clock=lambda: next(seconds)) for minutes in (1, 1.5)]
    data = tf.data.Dataset.from_tensors(tf.ones((2, 3))).repeat()
    looks = []
    for look in baselines.run(lambda batch: tf.reduce_sum(batch @ tf.ones((3, 1))), data, budgets):
        looks.append(look)
        next(seconds)
    assert looks == [(3, 75, 12), (4, 100, 12)]


@pytest.mark.slow
def test_budgets_of_a_run(digits: Manifest, tmp_path: Path) -> None:
    """A run is taken up again for the second one."""
    ticks = itertools.count(0, 6)
    budgets = [baselines.Budget(minutes, clock=lambda: next(ticks)) for minutes in (0.5, 1)]
    tiny: dict[str, Any] = {"g_channels": 4, "d_channels": 4, "batch_size": 2, "tensorboard": False}
    tiny["reconstruction"] = 0
    folder = tmp_path / "run"
    looks = quality.train_vidgan(digits, budgets, 0, 2, folder, 16, health=False, **tiny)
    # From the start of a step to its end the clock is read three times.
    assert [(look.steps, look.seconds) for look in looks] == [(3, 36), (5, 60)]
    assert Run.open(folder).state()["step"] == 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--minutes", "5,x"], "no list of numbers"),
        (["--minutes", "10,5"], "no list of numbers"),
        (["--cpu-minutes", "0"], "no list of numbers"),
        (["--minutes", "5", "--cpu-minutes", "5"], "give one of them"),
        (["--minutes", "5,10", "--steps", "3"], "do not go together"),
        (["--minutes", "5,10", "--recipe", "dcgan schedule=cosine"], "follows the budget"),
    ],
)
def test_budgets_that_are_none(digits: Manifest, options: list[str], words: str) -> None:
    done = CliRunner().invoke(quality.main, [str(digits.path), *options])
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize("text", ["nothing", "dcgan loss", "", "dcgan loss=hinge hinge"])
def test_recipes_that_are_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"names are textbook"):
        quality.parse_recipe(text)


def test_recipe_with_changes() -> None:
    trainer, options = quality.parse_recipe("dcgan-hinge r1=2.5 ada=0.6 mirror=false augment=none")
    assert trainer is quality.train_vidgan
    changes = {"r1": 2.5, "ada": 0.6, "mirror": False, "augment": "none"}
    assert options == quality.RECIPES["dcgan-hinge"][1] | changes


def test_every_recipe_is_allowed() -> None:
    """Options of all recipes exist and do not contradict each other."""
    for name, (trainer, options) in quality.RECIPES.items():
        if trainer is quality.train_vidgan:
            model_names = {field.name for field in dataclasses.fields(ModelConfig)}
            model = ModelConfig(**{k: v for k, v in options.items() if k in model_names})
            train = TrainConfig(**{k: v for k, v in options.items() if k not in model_names})
            option_checks.check(models.resolve(model), train)
        assert quality.parse_recipe(name) == (trainer, options)


def test_measures() -> None:
    """Clips that are all alike have no diversity, still ones no motion."""
    random = np.random.default_rng(0)
    clips = random.integers(0, 256, (6, 8, 64, 64, 3), np.uint8)
    vectors, motion = scores.embed(clips)
    assert {name: values.shape for name, values in vectors.items()} == {
        "amfd": (6, 101),
        "rfd": (6, 64),
    }
    assert motion == pytest.approx(256 / 3, rel=0.02)
    still = np.repeat(clips[:1, :1], 8, axis=1).repeat(3, axis=0)
    vectors, motion = scores.embed(still)
    assert motion == 0
    for values in vectors.values():
        np.testing.assert_allclose(values, values[:1].repeat(3, axis=0), rtol=1e-5)
