"""What Windows and macOS lack or do differently, as far as Linux can pretend to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from video_files import make_video

from vidgan import files
from vidgan.containment import refuse_links_out
from vidgan.dataset.staging import staging
from vidgan.errors import OptionError
from vidgan.training.run_lookup import next_run_path

TESTS = Path(__file__).parent
TINY = "--steps=2 --frames=8 --batch-size=2 --g-channels=4 --d-channels=4 --metrics=none --r1=0"


def pretend(folder: Path, *arguments: str) -> str:
    """Run a command of vidgan as on Windows; return what it printed."""
    done = subprocess.run(
        [sys.executable, TESTS / "pretended_windows.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_three_commands(tmp_path: Path) -> None:
    for number in range(2):  # More than one video is decoded by worker processes.
        make_video(tmp_path / "in" / f"{number}.mp4", 40, (64, 48), seed=number)
    (tmp_path / "vidgan-data").mkdir()
    pretend(tmp_path, "preprocess", "in", "--size", "32")
    pretend(tmp_path, "train", *TINY.split())
    pretend(tmp_path, "train", "--resume", "latest", "--steps", "3")
    pretend(tmp_path, "generate", "--n", "1", "-o", "out.mp4")
    assert (tmp_path / "out.mp4").stat().st_size
    assert not list(tmp_path.rglob(".*"))


def test_description_of_the_system(tmp_path: Path) -> None:
    values = json.loads(pretend(tmp_path, "info", "--system", "--json"))
    assert values["cpu"]["model"]
    assert values["cpu"]["cores"] >= 1
    assert values["cpu"]["abilities"]  # NumPy tells them.
    assert values["encoding"] == "utf-8"
    assert values["devices"][0]["precision"] == "float32"


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_file_that_a_scanner_holds_is_replaced_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """As Windows does with a file that another program has open."""
    rename, calls = os.replace, 0

    def refuse(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls <= failures:
            raise PermissionError(13, "Permission denied", str(source))
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(files, "_PAUSES", (0.0, 0.0))
    (tmp_path / "new").write_text("new", encoding="utf-8")
    (tmp_path / "old").write_text("old", encoding="utf-8")
    if failures <= 2:
        files.replace(tmp_path / "new", tmp_path / "old")
        assert not (tmp_path / "new").exists()
    else:
        with pytest.raises(PermissionError):
            files.replace(tmp_path / "new", tmp_path / "old")
    kept = (tmp_path / "old").read_text(encoding="utf-8")
    assert kept == ("new" if failures <= 2 else "old")


def test_a_dataset_replaces_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows renames no folder over another one, even if that is empty."""
    rename = os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(target).is_dir():
            raise PermissionError(13, "Permission denied", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    (tmp_path / "data").mkdir()
    with staging(tmp_path / "data") as new:
        (new / "manifest.json").write_text("{}", encoding="utf-8")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("dataset", "name"), [("clips.", "clips"), ("a:b", "a_b"), ("...", "dataset")]
)
def test_names_of_runs_fit_every_system(tmp_path: Path, dataset: str, name: str) -> None:
    (tmp_path / dataset).mkdir()
    path = next_run_path(tmp_path / "runs", "dcgan", tmp_path / dataset)
    assert path.name == f"00000-dcgan-{name}"


def test_a_link_out_that_is_no_symbolic_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A junction of Windows."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "samples").symlink_to(tmp_path)
    monkeypatch.setattr(Path, "is_symlink", lambda self: False)
    with pytest.raises(ValueError, match="samples"):
        refuse_links_out(tmp_path / "run")


def test_a_user_without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose user is unknown."""
    for name in ("VIDGAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(OptionError, match="set VIDGAN_CACHE"):
        files.cache_folder()


def test_output_in_an_encoding_of_few_characters(tmp_path: Path) -> None:
    """As of a pipe on Windows."""
    done = subprocess.run(
        [sys.executable, "-m", "vidgan", "info", "视频.mp4"],
        cwd=tmp_path,
        capture_output=True,
        env=os.environ
        | {
            "PYTHONIOENCODING": "cp1252",
            "PYTHONUTF8": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: ??.mp4: ")
    assert done.stderr.count(b"\n") == 1
