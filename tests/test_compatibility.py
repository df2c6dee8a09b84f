"""Datasets and runs written by version 0.1.0 still open and give what they gave then.

``fixtures/version-0.1.0.zip`` holds a dataset, a run of two steps for each task, their outputs,
and the weights and losses that a seed led to. Tolerances allow for other processors' rounding.
"""

import json
import math
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import vidgan
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import RunError
from vidgan.tasks.synthesis import build_gan
from vidgan.training.log_file import read_log
from vidgan.training.run import Run
from vidgan.video.readers.open import open_video

ARCHIVE = Path(__file__).parent / "fixtures" / "version-0.1.0.zip"
# Levels of 255 that a pixel may be off.
TOLERANCE = 1
TASKS = ("enhance", "inpaint", "translate")
SEEDED = json.loads(zipfile.ZipFile(ARCHIVE).read("seeded.json"))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's folder."""
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder


def assert_alike(found: np.ndarray, expected: np.ndarray) -> None:
    """Compare uint8 arrays."""
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= TOLERANCE


def unnumbered(path: str) -> str:
    """Remove Keras' counters of layers, which depend on what the process built before."""
    return re.sub(r"_\d+(?=/)", "", path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_dataset_holds_the_same_clips(old: Path, split: str) -> None:
    manifest = Manifest.load(old / "dataset")
    found = np.stack([clip for clip, _ in labelled_clips(manifest, split, 8, 1)])
    assert_alike(found, np.load(old / "dataset_clips.npz")[split])


def test_run_generates_the_same_clips(old: Path) -> None:
    found = vidgan.load(old / "synthesis", device="cpu").generate(seeds="0-2")
    assert_alike(found, np.load(old / "expected.npz")["generate"])


@pytest.mark.parametrize("task", TASKS)
def test_run_restores_to_the_same_frames(old: Path, tmp_path: Path, task: str) -> None:
    output, run = tmp_path / "out.mkv", old / task
    options: dict[str, Any] = {"codec": "ffv1", "precision": "float32", "device": "cpu"}
    if task == "inpaint":
        vidgan.inpaint(old / "clip.mkv", "8,8,12,10", output, run, **options)
    else:
        getattr(vidgan, task)(old / "clip.mkv", output, run, **options)
    with open_video(output) as reader:
        found = np.stack([frame for _, frame in reader])
    assert_alike(found, np.load(old / "expected.npz")[task])


@pytest.mark.parametrize("task", ["synthesis", *TASKS])
def test_run_goes_on(old: Path, tmp_path: Path, task: str) -> None:
    run = tmp_path / task
    shutil.copytree(old / task, run)
    datasets = [old / "dataset"] * (2 if task == "translate" else 1)
    vidgan.train(*datasets, resume=run, steps=3, device="cpu")
    rows = read_log(run / "log.csv")
    assert [row["step"] for row in rows] == [2, 3]
    assert vidgan.info(run)["trained"]["step"] == 3


@pytest.mark.parametrize("name", ["minutes", "epochs"])
def test_run_without_a_limit(old: Path, tmp_path: Path, name: str) -> None:
    """``--minutes inf`` was written as Python writes it."""
    run = tmp_path / "run"
    shutil.copytree(old / "synthesis", run)
    config = json.loads((run / "config.json").read_text())
    config["train"] |= {"steps": 3, name: math.inf}
    (run / "config.json").write_text(json.dumps(config))
    assert ": Infinity" in (run / "config.json").read_text()
    assert len(vidgan.load(run, device="cpu").generate(seeds="0-2")) == 3
    assert vidgan.info(run)["trained"]["step"] == 2
    vidgan.train(old / "dataset", resume=run, device="cpu")
    assert vidgan.info(run)["trained"]["step"] == 3
    assert getattr(Run.open(run).train, name) == math.inf


@pytest.mark.parametrize("value", [math.nan, -math.inf, "Infinity"])
def test_other_values_that_are_no_limit(old: Path, tmp_path: Path, value: Any) -> None:
    config = json.loads((old / "synthesis" / "config.json").read_text())
    config["train"]["minutes"] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"config\.json"):
        Run.open(tmp_path)


@pytest.mark.parametrize("name", SEEDED)
def test_seed_leads_to_the_same_weights_and_losses(name: str) -> None:
    model, variant = name.split()
    # The GAN alone, as it was.
    options: dict[str, Any] = {"frames": 8, "latent_dim": 8, "g_channels": 4, "d_channels": 4}
    config = ModelConfig(model=model, reconstruction=0.0, **options)
    if variant == "conditional":
        config = config.replace(conditional=True, labels=("a", "b"))
    train = TrainConfig(batch_size=2, precision="float32", seed=3)
    gan = build_gan(Run(Path("run"), config, train, Path("dataset"), (32, 32), 25.0))
    networks = {"generator": gan.generator}
    networks |= {f"discriminator {view}": each for view, each in gan.discriminators.items()}
    expected = SEEDED[name]
    assert set(networks) == set(expected["weights"])
    for part, network in networks.items():
        for weight, (path, shape, total) in zip(
            network.weights, expected["weights"][part], strict=True
        ):
            assert (unnumbered(weight.path), list(weight.shape)) == (unnumbered(path), shape)
            assert np.abs(weight.numpy().astype(np.float64)).sum() == pytest.approx(total, rel=1e-5)
    random = np.random.default_rng(0)
    clips = tf.constant(random.uniform(-1, 1, (2, 8, 32, 32, 3)).astype("float32"))
    batch = (clips, tf.constant([0, 1])) if config.conditional else clips
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    for losses in expected["steps"]:
        logs = step(batch)
        assert {key: float(logs[key]) for key in losses} == pytest.approx(losses, rel=1e-3)
