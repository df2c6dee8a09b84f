"""A run or a dataset from somebody else leads to nothing outside of itself."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from dataset_files import make_dataset
from reports import report, write_log
from test_run_folder import make_run
from video_files import make_video

import vidgan
from vidgan.containment import inside, refuse_links_out
from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import DatasetError, InputError, RunError
from vidgan.files import atomic_path, remove
from vidgan.jobs.evaluate.report import files
from vidgan.training.run import Run


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that must stay as it is."""
    folder = tmp_path / "outside"
    (folder / "step-00000001").mkdir(parents=True)
    (folder / "file").write_text("secret")
    return folder


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside/file", "a/../../outside/file", "link", "folder/file", "me"]
)
def test_names_that_lead_out(tmp_path: Path, outside: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside / "file")
    (folder / "folder").symlink_to(outside)
    (folder / "me").symlink_to(folder / "me")
    with pytest.raises(ValueError, match="leads out"):
        inside(folder, name)


def test_names_that_stay_inside(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").touch()
    (folder / "link").symlink_to("deep/file")
    (tmp_path / "alias").symlink_to(folder)
    for root in (folder, tmp_path / "alias"):
        for name in ("deep/file", "link", "new"):
            assert inside(root, name) == root / name
        refuse_links_out(root)


@pytest.mark.parametrize("name", ["../outside/file", "/etc/passwd", "link", ".."])
def test_shards(tmp_path: Path, outside: Path, name: str) -> None:
    folder = make_dataset(tmp_path / "dataset", train=(8,), test=(), shards=1).path
    (folder / "link").symlink_to(outside / "file")
    path = folder / MANIFEST_NAME
    values = json.loads(path.read_text())
    values["splits"]["train"]["shards"] = [name]
    path.write_text(json.dumps(values))
    with pytest.raises(DatasetError, match="leads out"):
        Manifest.load(folder).shards("train")
    with pytest.raises(DatasetError, match="leads out"):
        vidgan.train(folder, output=tmp_path / "run", steps=1, frames=8)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    "name",
    ["", "manifest.json", "00000.mp4", "00000.json", "closing.json", ".lock", "deep/.vidgan-0"],
)
def test_links_in_the_parts_of_a_restoration(
    tmp_path: Path, outside: Path, name: str, resume: bool
) -> None:
    video = make_video(tmp_path / "v.mp4", 10)
    output = tmp_path / "out.mp4"
    link = tmp_path / "out.mp4.parts" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / ("file" if name else ""))
    with pytest.raises(InputError, match="a link to elsewhere") as error:
        vidgan.enhance(video, output, method="bicubic", scale=1, resume=resume)
    assert str(error.value).startswith(f"{link}:")
    assert (outside / "file").read_text() == "secret"
    assert len(list(outside.iterdir())) == 2
    assert not output.exists()
    remove(tmp_path / "out.mp4.parts")
    vidgan.enhance(video, output, method="bicubic", scale=1, resume=resume)
    assert output.exists()


def test_a_link_in_the_place_of_a_folder_for_writing(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("file", "other"):
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        (folder / f".vidgan-{digest}").symlink_to(outside)
    with atomic_path(folder / "file") as temporary:
        temporary.write_text("new")
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert (folder / "file").read_text() == "new"
    assert (outside / "file").read_text() == "secret"
    assert len(list(outside.iterdir())) == 2


def test_manifest(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "dataset", train=(8,), test=(), shards=1).path
    shutil.move(folder / MANIFEST_NAME, tmp_path / "elsewhere.json")
    (folder / MANIFEST_NAME).symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(DatasetError, match="leads out"):
        Manifest.load(folder)


@pytest.mark.parametrize(
    "name",
    ["checkpoints", "checkpoints/step-00000002", "log.csv", "samples", "tensorboard", "evaluation"],
)
def test_links_in_a_run(tmp_path: Path, outside: Path, name: str) -> None:
    run = make_run(tmp_path / "run", step=1)
    target = run / name
    if target.exists():
        shutil.rmtree(target)
    target.symlink_to(outside / "file" if name == "log.csv" else outside)
    with pytest.raises(RunError, match="leads out of the run"):
        Run.open(run)
    with pytest.raises(RunError, match="leads out of the run"):
        vidgan.train(resume=run)
    assert sorted(path.name for path in outside.rglob("*")) == ["file", "step-00000001"]
    assert (outside / "file").read_text() == "secret"


def test_run_that_is_reached_by_a_link(tmp_path: Path) -> None:
    make_run(tmp_path / "disk" / "00000-a", step=1)
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    assert Run.open(tmp_path / "runs" / "00000-a").size == (64, 64)


def test_log_of_a_report(tmp_path: Path) -> None:
    log = write_log(tmp_path / "outside.csv", 3, g_loss=1.0)
    run = make_run(tmp_path / "run")
    path = run / "evaluation" / "r.json"
    path.parent.mkdir()
    values = report([]).to_json() | {"log": str(log)}
    path.write_text(json.dumps(values))
    assert files._log(path) is None
    own = write_log(run / "log.csv", 3, g_loss=1.0)
    assert files._log(path) == str(own)
