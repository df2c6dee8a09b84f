"""What CONTRIBUTING promises: the places to touch for a new model, loss and task are enough.

Each extension is applied to a copy of the package, as a contributor would edit it, and run once
from the command line. Toy metrics and containers are added in other tests.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from dataset_files import make_dataset

import vidgan
from vidgan.training.log_file import read_log

# An extension: for each file of the package the source of a new one, or the entry that is inserted
# into a registry, as (the line that opens the registry, the entry).
Edit = str | tuple[str, str]

MODEL: Mapping[str, Edit] = {
    "models/toy.py": '''
"""A generator of one dense layer."""

import keras
from keras import layers

from vidgan.config import ModelConfig
from vidgan.models import dcgan
from vidgan.models.architecture import Architecture


def generator(config: ModelConfig, height: int, width: int) -> keras.Model:
    """Build the generator."""
    latent = keras.Input((config.latent_dim,), name="latent")
    shape = (config.frames, height, width, 3)
    x = layers.Reshape(shape)(layers.Dense(config.frames * height * width * 3)(latent))
    return keras.Model({"latent": latent}, dcgan.bound_colours(x, "clip"), name="generator")


ARCHITECTURE = Architecture(
    summary="a toy", paper="none", generator=generator, trunk=dcgan.trunk
)
''',
    "config/model.py": ("MODELS = (", '"toy", '),
}
LOSS: Mapping[str, Edit] = {
    "losses.py": ("LOSSES = {", '"toy": Loss(hinge_discriminator, mean_generator),'),
}
TASK: Mapping[str, Edit] = {
    "tasks/brighten.py": '''
"""A toy task with a column, a panel and a value of the progress bar of its own."""

import dataclasses

from vidgan.tasks import enhance
from vidgan.training.curves import Panel

TASK = dataclasses.replace(
    enhance.TASK,
    columns=(*enhance.TASK.columns, "brightness"),
    panels=(*enhance.TASK.panels, Panel("brightness", {"brightness": "mean"})),
    bar={**enhance.TASK.bar, "brightness": "bright {:.2f}"},
)
''',
    "config/tasks.py": (
        "TASK_OPTIONS: Mapping[str, TaskOptions] = {",
        """
    "brighten": TaskOptions(
        "make brighter",
        command="vidgan enhance",
        example="vidgan enhance in.mp4 -o out.mp4",
        measured="vidgan evaluate RUN",
        config=EnhanceConfig,
        defaults={"frames": 8, "g_channels": 4, "d_channels": 4},
    ),""",
    ),
}


def apply_edits(package: Path, edits: Mapping[str, Edit]) -> None:
    for name, edit in edits.items():
        path = package / name
        if isinstance(edit, str):
            assert not path.exists()
            path.write_text(edit.lstrip())
            continue
        opening, entry = edit
        source = path.read_text()
        assert source.count(f"\n{opening}") == 1, f"{name}: {opening}"
        # The default is the first entry of a registry, so a new one goes behind it.
        if name == "config/tasks.py":
            first = re.search(r"\n    (\S+): TaskOptions\(.*?\n    \),", source, re.DOTALL)
            assert first is not None
            source = source[: first.end()] + entry + source[first.end() :]
        else:
            source = source.replace(f"\n{opening}", f"\n{opening}{entry}")
        path.write_text(source)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package with all extensions, and of a dataset ``clips``."""
    folder = tmp_path_factory.mktemp("extended")
    source = Path(vidgan.__file__).parent
    shutil.copytree(source, folder / "vidgan", ignore=shutil.ignore_patterns("__pycache__"))
    for edits in (MODEL, LOSS, TASK):
        apply_edits(folder / "vidgan", edits)
    make_dataset(folder / "clips")
    return folder


def train(folder: Path, *options: str) -> tuple[Path, str]:
    """Train for two steps from the command line; return the run and what was printed."""
    run = folder / options[-1]
    arguments = ["train", "clips", "-o", run.name, "--steps", "2", "--log-every", "1"]
    arguments += ["--device", "cpu", "--no-tensorboard", *options]
    done = subprocess.run(
        [sys.executable, "-m", "vidgan", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return run, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("edits", "places"), [(MODEL, 2), (LOSS, 1), (TASK, 4)], ids=["model", "loss", "task"]
)
def test_places_to_touch(edits: Mapping[str, Edit], places: int) -> None:
    assert len(edits) <= places


def test_model_and_loss(extended: Path) -> None:
    sizes = [
        "--metrics",
        "none",
        "--frames",
        "8",
        "--latent-dim",
        "4",
        "--d-channels",
        "4",
        "--batch-size",
        "2",
    ]
    run, _ = train(extended, *sizes, "--loss", "toy", "--model", "toy")
    assert len(read_log(run / "log.csv")) == 2
    assert '"model": "toy"' in (run / "config.json").read_text()
    assert '"loss": "toy"' in (run / "config.json").read_text()
    assert list((run / "samples").glob("*.png"))


def test_task(extended: Path) -> None:
    small = ["--blocks", "1", "--scale", "2", "--batch-size", "2", "--metric-share", "1"]
    small += ["--adversarial", "1"]
    run, shown = train(extended, *small, "--task", "brighten")
    assert "brightness" in (run / "log.csv").read_text().splitlines()[0]
    assert len(read_log(run / "log.csv")) == 2
    assert "D " in shown
    assert (run / "curves.png").exists()
