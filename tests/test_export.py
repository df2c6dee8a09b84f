"""Exported networks, run as a reader would run them, agree with Keras."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from matrices import some
from restore_helpers import ok, read, refused
from tiny_run import MODEL, make_restorer_run, make_run, randomise

import vidgan
from vidgan import latents, models
from vidgan.config import EXPORT_FORMATS, ModelConfig
from vidgan.errors import OptionError
from vidgan.files import remove
from vidgan.models import find_architecture
from vidgan.tasks.load import load_generator
from vidgan.training.run import Run
from vidgan.video.interpolation import CHANNELS

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "run_onnx.py"
TOLERANCE = 1e-4
Inputs = dict[str, np.ndarray]

for package in ("ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package} of the extra export", allow_module_level=True)

LABELS = ("run", "walk", "wave")
GENERATORS: dict[str, tuple[ModelConfig, tuple[int, int]]] = {
    "dcgan": (MODEL, (32, 40)),
    "mocogan": (MODEL.replace(model="mocogan"), (32, 32)),
    # 62 is no multiple of 4: resized before and after the upsampler.
    "cascade": (MODEL.replace(upscale=4, reconstruction=0.0), (126, 130)),
    "continuous": (MODEL.replace(model="continuous"), (32, 32)),
    "dvdgan": (MODEL.replace(model="dvdgan"), (32, 32)),
    "infogan": (MODEL.replace(model="infogan"), (32, 32)),
    "sagan": (MODEL.replace(model="sagan"), (32, 32)),
    "vgan": (MODEL.replace(model="vgan"), (32, 32)),
    "conditional": (MODEL.replace(conditional=True, labels=LABELS), (32, 32)),
    "unconstrained": (MODEL.replace(temporal_threshold=0.0, reconstruction=0.0), (32, 32)),
}
RESTORERS: dict[str, tuple[str, dict[str, Any]]] = {
    "enhance": ("enhance", {"scale": 2, "blocks": 2}),
    "enhance of the same size": ("enhance", {"scale": 1, "blocks": 1}),
    "enhance four times": ("enhance", {"scale": 4, "blocks": 1}),
    "inpaint": ("inpaint", {}),
    "colorize": ("colorize", {}),
    "interpolate": ("interpolate", {}),
    "translate": ("translate", {}),
}
QUICK = {"dcgan", "enhance"}


def generator_run(name: str, folder: Path) -> Run:
    model, size = GENERATORS[name]
    run = make_run(folder, size, model=models.resolve(model))
    randomise(run)
    return run


def restorer_run(name: str, folder: Path) -> Run:
    task, options = RESTORERS[name]
    return make_restorer_run(folder, task, **options)


def load_exported(folder: Path) -> Callable[[Inputs], np.ndarray]:
    """Return the network as a function of its inputs."""
    description = json.loads((folder / "model.json").read_text())
    path = str(folder / description["file"])
    if description["format"] == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda inputs: np.asarray(session.run(["frames"], inputs)[0])
    if description["format"] == "litert":
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(path).get_signature_runner("serving_default")
        return lambda inputs: np.asarray(runner(**inputs)["frames"])
    loaded = tf.saved_model.load(path)
    return lambda inputs: np.asarray(
        loaded.serve({name: tf.constant(value) for name, value in inputs.items()})["frames"]
    )


def check_agreement(made: np.ndarray, expected: np.ndarray) -> None:
    expected = np.clip(expected, -1, 1)
    assert made.shape == expected.shape
    assert made.dtype == np.float32
    assert expected.std() > 0.05
    assert np.abs(made - expected).max() <= TOLERANCE


@pytest.mark.parametrize("name", some(GENERATORS, QUICK))
def test_generator_agrees(name: str, tmp_path: Path) -> None:
    run = generator_run(name, tmp_path / "run")
    network, batches = load_generator(run), (2, 3)
    any_length = find_architecture(run.model.model).any_length
    for format in EXPORT_FORMATS:
        folder = vidgan.export(run.path, tmp_path / format, format=format)
        generate = load_exported(folder)
        noises = [latents.from_seeds(run.latents(), range(count)) for count in batches]
        description = json.loads((folder / "model.json").read_text())
        if any_length and (format, name) != ("litert", "mocogan"):
            assert description["outputs"][0]["shape"][1] == "frames"
            noises.append(latents.from_seeds(run.latents(20), [5]))
        else:
            assert description["outputs"][0]["shape"][1] == run.frames
            assert len(description["notes"]) == any_length
        for noise in noises:
            check_agreement(generate(noise), network(noise, training=False).numpy())


def restorer_inputs(name: str, batch: int, height: int, width: int) -> tuple[Inputs, Any]:
    """Return random inputs of an exported restorer, and those of its network for the same clip."""
    random = np.random.default_rng(batch)
    shape = (batch, 3, height, width)
    clip = random.uniform(-1, 1, (*shape, 3)).astype(np.float32)
    if name == "inpaint":
        mask = (random.random((*shape, 1)) < 0.3).astype(np.float32)
        return {"clip": clip, "mask": mask}, {"clip": clip, "mask": mask}
    if name == "colorize":
        grey = clip @ np.array([[0.299], [0.587], [0.114]], np.float32)
        guide = random.uniform(-1, 1, (batch, 1, 16, 32, 4)).astype(np.float32)
        return {"clip": clip, "reference": guide}, {"grey": grey, "reference": guide}
    if name == "interpolate":
        seen = random.random((*shape, CHANNELS)).astype(np.float32)
        return {"evidence": seen}, seen
    return {"clip": clip}, clip


@pytest.mark.parametrize("name", some(RESTORERS, QUICK))
def test_restorer_agrees(name: str, tmp_path: Path) -> None:
    run = restorer_run(name, tmp_path / "run")
    network = load_generator(run)
    if name == "translate":
        network = network.get_layer("b2a")
    direction = "b2a" if name == "translate" else None
    exported = [
        load_exported(
            vidgan.export(run.path, tmp_path / format, format=format, direction=direction)
        )
        for format in EXPORT_FORMATS
    ]
    for batch, height, width in ((2, 32, 48), (1, 48, 16)):
        inputs, known = restorer_inputs(name, batch, height, width)
        expected = network(known, training=False).numpy()
        if name == "inpaint":
            expected = np.where(inputs["mask"] > 0, expected, inputs["clip"])
        for restore in exported:
            check_agreement(restore(inputs), expected)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("exported")
    run = generator_run("conditional", folder / "00000-dcgan-clips")
    return run, vidgan.export(run.path, folder / "net", format="onnx")


# Neither vidgan nor TensorFlow can be imported.
ALONE = """
import runpy, sys
for name in ("tensorflow", "keras", "vidgan"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(*arguments: object, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_example_makes_the_clip_of_the_seed(exported: tuple[Run, Path], tmp_path: Path) -> None:
    run, folder = exported
    run_alone(EXAMPLE, folder, 3, "clip.mp4", folder=tmp_path)
    video = read(tmp_path / "clip.mp4")
    assert video.rate == run.fps
    clips = vidgan.load(run.path).generate(n=6)
    assert video.frames.shape == clips.shape[1:]
    # The codec loses some of the noise that a network without a training makes.
    errors = np.abs(video.frames - clips.astype(np.float32)).mean((1, 2, 3, 4))
    assert errors.argmin() == 3


def test_readme_has_a_program_that_runs(exported: tuple[Run, Path], tmp_path: Path) -> None:
    _, folder = exported
    text = (folder / "README.md").read_text()
    program = text.partition("```python\n")[2].partition("```")[0]
    assert "0 run, 1 walk, 2 wave" in text
    path = tmp_path / "program.py"
    path.write_text(program + "print(pixels.shape)\nassert pixels.shape == (1, 8, 32, 32, 3)\n")
    run_alone(path, folder=folder)


def test_existing_folder(exported: tuple[Run, Path], tmp_path: Path) -> None:
    run, _ = exported
    folder = tmp_path / "net"
    ok("export", run.path, "-o", folder, "--format", "savedmodel")
    assert "--overwrite" in refused("export", run.path, "-o", folder)
    ok("export", run.path, "-o", folder, "--format", "onnx", "--overwrite")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "model.json",
        "model.onnx",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
    # Never a folder of something else.
    remove(folder / "model.json")
    assert "no export" in refused("export", run.path, "-o", folder, "--overwrite")
    assert (folder / "model.onnx").is_file()


def test_default_folder(
    exported: tuple[Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = exported
    monkeypatch.chdir(tmp_path)
    result = ok("export", run.path, "--format", "litert")
    assert result.output.startswith("Wrote 00000-dcgan-clips-litert (")
    assert (tmp_path / "00000-dcgan-clips-litert" / "model.tflite").is_file()


def test_missing_package(
    exported: tuple[Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = exported
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "tf2onnx" else found(name)
    )
    output = refused("export", run.path, "-o", tmp_path / "net", status=2)
    assert "pip install 'vidgan[export]'" in output
    assert not list(tmp_path.iterdir())


def test_options_that_do_not_fit(exported: tuple[Run, Path], tmp_path: Path) -> None:
    run, _ = exported
    with pytest.raises(OptionError, match=r"--direction b2a: .* leave it out"):
        vidgan.export(run.path, tmp_path / "net", direction="b2a")
    with pytest.raises(OptionError, match=r"leave out \.onnx"):
        vidgan.export(run.path, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
