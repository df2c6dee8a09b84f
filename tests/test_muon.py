"""Muon: the matrix nearest to the gradient that is equally long in all directions."""

import json
import shutil
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from dataset_files import make_dataset
from tiny_run import older_than

from vidgan import runtime
from vidgan.config import OPTIMIZERS, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.jobs.train.run_config import new_run
from vidgan.jobs.train.train import train
from vidgan.tasks import inpaint
from vidgan.tasks.load import load_generator
from vidgan.training.optimizers.adam import FusedAdam
from vidgan.training.optimizers.muon import Muon, orthogonalize
from vidgan.training.run import Run
from vidgan.training.run_lookup import CONFIG_NAME

TINY: dict[str, Any] = {
    "task": "inpaint",
    "frames": 8,
    "g_channels": 4,
    "crop": 32,
    "tensorboard": False,
}


@pytest.mark.parametrize("shape", [(108, 12), (9, 40), (16, 16)])
def test_singular_values_come_near_to_one(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    u, _, v = np.linalg.svd(random.normal(size=shape), full_matrices=False)
    spread = np.logspace(0, -1.5, min(shape))
    matrix = tf.constant(1e-4 * (u * spread) @ v, tf.float32)
    found = orthogonalize(matrix).numpy()
    # What the matrix does to each of its own directions, and that it mixes none of them.
    inside = u.T @ found @ v.T
    assert 0.6 < np.diag(inside).min() < np.diag(inside).max() < 1.25
    assert np.abs(inside - np.diag(np.diag(inside))).max() < 1e-4


def test_nothing_stays_nothing() -> None:
    assert (orthogonalize(tf.zeros((12, 4))).numpy() == 0).all()


def weights_and_gradients(
    steps: int = 4,
) -> tuple[dict[str, keras.Variable], list[list[tf.Tensor]]]:
    shapes = {"first": (1, 3, 3, 2, 8), "bias": (8,), "dense": (6, 4), "last": (1, 3, 3, 8, 3)}
    weights = {
        name: keras.Variable(
            np.zeros(shape), dtype="float32", name="bias" if name == "bias" else "kernel"
        )
        for name, shape in shapes.items()
    }
    random = np.random.default_rng(3)
    gradients = [
        [tf.constant(random.normal(size=s), tf.float32) for s in shapes.values()]
        for _ in range(steps)
    ]
    return weights, gradients


def test_kernels_move_equally_far_and_all_else_as_by_adam() -> None:
    moved = []
    for kind in (Muon, FusedAdam):
        weights, gradients = weights_and_gradients()
        optimizer = kind(0.01, 0.9, 0.99)
        optimizer.build(list(weights.values()))
        for each in gradients:
            before = weights["first"].numpy()
            optimizer.apply(each, list(weights.values()))
        moved.append((weights, weights["first"].numpy() - before))
    (muon, step), (adam, adam_step) = moved
    for name in ("bias", "last"):
        np.testing.assert_array_equal(muon[name].numpy(), adam[name].numpy())
    assert (muon["dense"].numpy() != adam["dense"].numpy()).any()
    lengths = np.linalg.svd(step.reshape(-1, 8), compute_uv=False)
    assert lengths.max() < 2 * lengths.min()
    others = np.linalg.svd(adam_step.reshape(-1, 8), compute_uv=False)
    assert others.max() > 2 * others.min()
    # About as far as Adam, whose first steps are its longest.
    assert 0.1 < np.square(step).mean() ** 0.5 / 0.01 < 0.3


def test_follows_the_gradient_down_and_a_rate_of_nothing_stays() -> None:
    target = np.random.default_rng(5).normal(size=(1, 3, 3, 2, 4)).astype("float32")
    kernel = keras.Variable(np.zeros_like(target), name="kernel")
    last = keras.Variable(np.zeros((1, 1, 1, 4, 3), "float32"), name="kernel")
    muon = Muon(0.2, 0.9, 0.99)
    muon.build([kernel, last])
    for _ in range(60):
        muon.apply([kernel.value - target, tf.zeros(last.shape)], [kernel, last])
    assert np.abs(kernel.numpy() - target).mean() < 0.1 * np.abs(target).mean()
    muon.learning_rate = 0.0
    before = kernel.numpy()
    muon.apply([kernel.value - target, tf.zeros(last.shape)], [kernel, last])
    np.testing.assert_array_equal(kernel.numpy(), before)


def test_under_loss_scaling() -> None:
    found = []
    for wrap in (keras.optimizers.LossScaleOptimizer, None):
        weights, gradients = weights_and_gradients()
        optimizer = Muon(0.01, 0.9, 0.99)
        optimizer = wrap(optimizer, initial_scale=1.0) if wrap else optimizer
        optimizer.build(list(weights.values()))
        for each in gradients:
            optimizer.apply(each, list(weights.values()))
        found.append(weights["first"].numpy())
    scaled, plain = found
    np.testing.assert_allclose(scaled, plain, atol=1e-7)


def test_every_optimizer_can_be_chosen() -> None:
    assert all(issubclass(resolve_name(path), FusedAdam) for path in OPTIMIZERS.values())


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return make_dataset(tmp_path_factory.mktemp("muon") / "data")


@pytest.fixture(scope="module")
def trained(manifest: Manifest) -> dict[str, Path]:
    """A run of two steps by each optimizer."""
    runs = {name: manifest.path.with_name(name) for name in ("muon", "adam")}
    for name, path in runs.items():
        train(manifest.path, output=path, steps=2, optimizer=name, **TINY)
    return runs


def test_the_network_learns_by_what_the_option_says(trained: dict[str, Path]) -> None:
    muon, adam = (Run.open(trained[name]) for name in ("muon", "adam"))
    assert type(inpaint.build(muon).g_optimizer) is Muon
    assert type(inpaint.build(adam).g_optimizer) is FusedAdam
    weights = [load_generator(run, "latest").get_weights() for run in (muon, adam)]
    assert any((one != two).any() for one, two in zip(*weights, strict=True))


def test_inpainting_learns_by_muon_unless_told(manifest: Manifest) -> None:
    options = {name: value for name, value in TINY.items() if name != "task"}
    default, muon = (
        new_run([manifest.path], [manifest], Path(), TrainingOptions.parse("inpaint", given))
        for given in (options, options | {"optimizer": "muon"})
    )
    assert default == muon


def test_runs_older_than_the_option_go_on_with_adam(
    trained: dict[str, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copytree(trained["adam"], tmp_path / "run"))
    run = older_than("optimizer", Run.open(path))
    assert type(inpaint.build(run).g_optimizer) is FusedAdam
    train(resume=path, steps=3)
    assert Run.open(path).state()["step"] == 3


def test_runs_whose_optimizer_is_an_option_of_the_task_keep_it(
    trained: dict[str, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copytree(trained["muon"], tmp_path / "run"))
    config = json.loads((path / CONFIG_NAME).read_text())
    config["task"]["options"]["optimizer"] = config["train"].pop("optimizer")
    (path / CONFIG_NAME).write_text(json.dumps(config))
    assert Run.open(path).train.optimizer == "muon"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("muon", 4e-3, "cosine")),
        ({"optimizer": "adam", "g_lr": 1e-3}, ("adam", 1e-3, "cosine")),
        ({"reconstruction": 0}, ("adam", 8e-4, "constant")),
    ],
)
def test_training_by_reconstruction_has_defaults_of_its_own(
    options: dict[str, Any], expected: tuple[str, float, str], tmp_path: Path
) -> None:
    manifest = make_dataset(tmp_path / "data")
    parsed = TrainingOptions.parse("synthesis", {"frames": 8, **options})
    run = new_run([manifest.path], [manifest], tmp_path / "run", parsed)
    assert (run.train.optimizer, run.train.g_lr, run.train.schedule) == expected


@pytest.mark.parametrize(
    ("options", "precision"),
    [
        ({}, "float32"),
        ({"precision": "auto"}, "mixed_bfloat16"),
        ({"precision": "mixed_bfloat16"}, "mixed_bfloat16"),
        ({"reconstruction": 0}, "mixed_bfloat16"),
    ],
)
def test_precision_of_training_by_reconstruction(
    options: dict[str, Any], precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "best_precision", lambda device: "mixed_bfloat16")
    manifest = make_dataset(tmp_path / "data")
    parsed = TrainingOptions.parse("synthesis", {"frames": 8, **options})
    run = new_run([manifest.path], [manifest], tmp_path / "run", parsed)
    assert run.train.precision == precision
