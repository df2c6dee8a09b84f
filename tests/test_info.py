"""``vidgan info`` on datasets, runs, checkpoints and everything else."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_run import make_run

import vidgan
from vidgan.cli import main
from vidgan.dataset.manifest import Manifest, Split
from vidgan.errors import DatasetError, InputError, RunError
from vidgan.training.run import Run


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    manifest = Manifest(
        path=folder,
        size=(96, 64),
        fps=25.0,
        labels=["walk", "wave"],
        splits={
            "train": Split(["train-00000-of-00001.tfrecord"], [40, 16], 123_456),
            "test": Split(["test-00000-of-00001.tfrecord"], [20], 4_000),
        },
        sources=[
            {
                "path": "a b.mp4",
                "frames": 90,
                "dropped": {"black": 3, "frozen": 2},
                "rejected": [{"first": 0, "frames": 4, "reason": "too short"}],
                "error": None,
            },
            {"path": "ü.mp4", "frames": 0, "dropped": {"black": 1}, "error": "not a video"},
        ],
        options={"fit": "crop", "fps": None},
    )
    manifest.save(folder)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("info") / "runs" / "00000-x", steps=(100, 250))


def test_dataset(dataset: Path) -> None:
    values = vidgan.info(dataset)
    assert values["kind"] == "dataset"
    assert values["size"] == [96, 64]
    assert values["splits"]["train"] == {
        "shots": 2,
        "frames": 56,
        "seconds": 2.24,
        "clips": 3,
        "shards": 1,
        "bytes": 123_456,
    }
    assert values["dropped_frames"] == {"black": 4, "frozen": 2}
    assert values["rejected_shots"] == {"too short": 1}
    assert values["sources"] == {"files": 2, "frames": 90, "left_out": {"ü.mp4": "not a video"}}


def test_dataset_as_text(dataset: Path) -> None:
    result = CliRunner().invoke(main, ["info", str(dataset)])
    assert result.exit_code == 0
    for text in ("96x64, 25 frames/s", "walk, wave", "3 clips of 16", "4 black", "ü.mp4"):
        assert text in result.output


def test_run(run: Run) -> None:
    values = vidgan.info(run.path)
    assert values["kind"] == "run"
    assert values["size"] == [32, 40]
    assert values["frames"] == 8
    assert values["checkpoints"] == ["step-00000100", "step-00000250"]
    assert values["trained"]["step"] == 250
    assert values["model"]["g_channels"] == 4
    text = CliRunner().invoke(main, ["info", str(run.path)]).output
    assert "250 steps" in text
    assert "8 frames of 32x40, 12.5 frames/s" in text


def test_newest_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.path.parent.parent)
    assert vidgan.info("latest")["path"] == "runs/00000-x"


def test_run_without_checkpoint(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", steps=())
    assert vidgan.info(run.path)["trained"] is None
    assert "no checkpoint" in CliRunner().invoke(main, ["info", str(run.path)]).output


def test_checkpoint(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run.path / "checkpoints" / "step-00000100"
    values = vidgan.info(folder)
    assert values["kind"] == "checkpoint"
    assert values["trained"]["step"] == 100
    assert set(values["files"]) == {"generator_ema.weights.h5", "state.json"}
    assert "100 steps" in CliRunner().invoke(main, ["info", str(folder)]).output
    monkeypatch.chdir(folder)
    assert vidgan.info(".")["kind"] == "checkpoint"


@pytest.mark.parametrize("what", ["dataset", "run"])
def test_json(what: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(what)
    path = getattr(path, "path", path)
    output = CliRunner().invoke(main, ["info", "--json", str(path)]).output
    assert json.loads(output) == vidgan.info(path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        vidgan.info(tmp_path / "nothing")
    with pytest.raises(InputError, match="neither a dataset"):
        vidgan.info(tmp_path)
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(InputError, match="neither a dataset"):
        vidgan.info(tmp_path / "file.txt")


@pytest.mark.parametrize(
    ("name", "kind"), [("manifest.json", DatasetError), ("config.json", RunError)]
)
@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}', '{"format": 1}', ""])
def test_damaged(tmp_path: Path, name: str, kind: type[Exception], text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(kind) as caught:
        vidgan.info(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_needs_no_tensorflow(run: Run) -> None:
    code = f"import sys, vidgan; vidgan.info({str(run.path)!r}); print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"tensorflow", "keras", "cv2", "av", "matplotlib"} & set(loaded)


def test_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGAN_TEST", "seen")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    values = vidgan.describe_system()
    assert values["vidgan"] == vidgan.__version__
    assert values["packages"]["tensorflow"] == importlib.metadata.version("tensorflow")
    assert None not in values["packages"].values()
    assert values["cpu"]["cores"] >= 1
    assert values["memory"] > 2**28
    assert values["devices"][0]["name"] in ("CPU:0", "GPU:0")
    assert "mjpg" in values["codecs"][".avi"]
    assert values["environment"]["VIDGAN_TEST"] == "seen"
    done = CliRunner().invoke(main, ["info", "--system"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "hidden" not in done.output
    for text in (values["cpu"]["model"], importlib.metadata.version("keras"), ".mp4", "GiB free"):
        assert text in done.output
    shown = CliRunner().invoke(main, ["info", "--system", "--json"], catch_exceptions=False)
    assert json.loads(shown.output)["packages"] == values["packages"]


def test_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["numpy>=1", "no-such-package>=3", "no-such-extra ; extra == 'x'"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needed)
    packages = vidgan.describe_system()["packages"]
    assert packages == {"no-such-package": None, "numpy": importlib.metadata.version("numpy")}
    text = CliRunner().invoke(main, ["info", "--system"]).output
    assert re.search("no-such-package +missing", text)


@pytest.mark.parametrize(
    "arguments", [[], ["--system", "latest"], ["--system", "--checkpoint", "5"]]
)
def test_what_to_describe(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["info", *arguments])
    assert done.exit_code == 2
    assert "--system" in done.output
