"""URLs instead of paths: what is fetched, what is uploaded, in which order, and what fails."""

import builtins
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_files import make_dataset
from remote_storage import SERVICES, names, refused, upload, vidgan_command
from tiny_run import make_run
from video_files import scene, write_video

import vidgan
from vidgan.config import RestoreConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import ExportError, InputError, OptionError
from vidgan.remote import arguments, places, urls
from vidgan.remote.copies import Copy
from vidgan.remote.storage import Storage

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

# The GAN alone, which is traced in less time.
TRAINING = (
    *("--steps", "2", "--frames", "8", "--g-channels", "4", "--d-channels", "4"),
    *("--reconstruction", "0"),
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def bucket() -> str:
    """Return the URL of an empty folder in memory."""
    return f"memory://{uuid.uuid4().hex}"


class Log(list[str]):
    """What was done in a storage, in order."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Record what is fetched from memory, uploaded there and removed."""
    log, memory = Log(), fsspec.get_filesystem_class("memory")
    for method in ("get_file", "put_file", "rm_file"):
        original = getattr(memory, method)

        def record(
            self: Any, *args: Any, _of: Any = original, _is: str = method, **kwargs: Any
        ) -> Any:
            name = str(args[1 if _is == "put_file" else 0]).rpartition("/")[2]
            if not name.startswith(".vidgan-"):
                log.append(f"{_is.partition('_')[0]} {name}")
            return _of(self, *args, **kwargs)

        monkeypatch.setattr(memory, method, record)
    return log


@pytest.mark.slow
def test_commands_one_after_another(bucket: str, tmp_path: Path) -> None:
    root = bucket
    video = write_video(tmp_path / "video.mp4", scene(60))
    upload(video, f"{root}/videos/video.mp4")
    shown = vidgan_command("preprocess", f"{root}/videos", "-o", f"{root}/data", "--size", "32")
    assert f"{root}/data" in shown.output
    assert str(tmp_path) not in shown.output
    assert "manifest.json" in names(f"{root}/data")
    again = refused("preprocess", f"{root}/videos", "-o", f"{root}/data", expected=2)
    assert f"{root}/data: is a dataset already" in again
    run = f"{root}/runs/first"
    vidgan_command("train", f"{root}/data", "-o", run, *TRAINING, "--metrics", "none")
    assert {"config.json", "log.csv", "checkpoints/step-00000002/state.json"} <= set(names(run))
    vidgan_command("train", "--resume", run, "--steps", "3")
    assert "checkpoints/step-00000003/state.json" in names(run)
    described = json.loads(vidgan_command("info", run, "--json").output)
    assert described["path"] == run
    assert described["dataset"] == f"{root}/data"
    assert described["dataset_there"]
    assert described["trained"]["step"] == 3
    target = f"{root}/out/clips.npy"
    made = vidgan_command("generate", run, "-o", target, "--n", "2", "--no-sharpen")
    assert f"Wrote {target}" in made.output
    assert np.load(places.fetch(target)).shape == (2, 8, 32, 32, 3)
    assert "exists already" in refused("generate", run, "-o", target, "--n", "2")
    vidgan_command("export", run, "-o", f"{root}/exported", "--format", "savedmodel")
    assert {"README.md", "model.json", "saved_model/saved_model.pb"} <= set(
        names(f"{root}/exported")
    )
    vidgan_command("evaluate", run, "--n", "4", "--measures", "motion", "--no-sharpen")
    reports = [name for name in names(run) if name.startswith("evaluation/")]
    assert {Path(name).suffix for name in reports} == {".html", ".json", ".npz", ".png"}
    report = json.loads(places.fetch(f"{run}/evaluation/step-00000003.json").read_text("utf-8"))
    assert report["run"] == run
    assert report["dataset"] == f"{root}/data"
    for name in reports[:2]:  # The page and the JSON.
        assert str(tmp_path) not in places.fetch(f"{run}/{name}").read_text("utf-8")


@pytest.mark.parametrize("service", SERVICES)
def test_commands_on_a_service(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with SERVICES[service](monkeypatch) as root:
        use_service(root, tmp_path)


def use_service(root: str, tmp_path: Path) -> None:
    upload(write_video(tmp_path / "video.mp4", scene(60)), f"{root}/videos/video.mp4")
    upload(make_run(tmp_path / "run").path, f"{root}/run")
    command = ("preprocess", f"{root}/videos/*.mp4", "-o", f"{root}/data", "--size", "32")
    vidgan_command(*command)
    assert f"{root}/data: is a dataset already" in refused(*command, expected=2)
    vidgan_command(*command, "--overwrite")
    assert json.loads(vidgan_command("info", f"{root}/data", "--json").output)["kind"] == "dataset"
    vidgan_command("generate", f"{root}/run", "-o", f"{root}/clips/", "--n", "2")
    vidgan_command(
        "enhance",
        f"{root}/videos",
        "-o",
        f"{root}/large",
        "--method",
        "bicubic",
        "--max-frames",
        "3",
    )
    assert names(f"{root}/clips") == ["seed-000000.mp4", "seed-000001.mp4"]
    assert names(f"{root}/large") == ["video.mp4"]
    nowhere = f"{root.partition('://')[0]}://nowhere/data"
    message = refused("preprocess", f"{root}/videos", "-o", nowhere, "--size", "32")
    assert message.startswith(f"Error: {nowhere}: cannot be written (no such bucket")


def test_only_what_has_changed_is_fetched(bucket: str, tmp_path: Path, log: Log) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("one", "utf-8")
    second.write_text("two", "utf-8")
    for path in (first, second):
        upload(path, f"{bucket}/folder/{path.name}")
    log.clear()
    copy = places.fetch(f"{bucket}/folder")
    assert sorted(log) == ["get a.txt", "get b.txt"]
    places.fetch(f"{bucket}/folder/")
    assert len(log) == 2
    first.write_text("six", "utf-8")  # Of the same size.
    upload(first, f"{bucket}/folder/a.txt")
    log.clear()
    assert places.fetch(f"{bucket}/folder") == copy
    assert log == ["get a.txt"]
    assert (copy / "a.txt").read_text("utf-8") == "six"
    fs, root = fsspec.core.url_to_fs(bucket)
    fs.rm(f"{root}/folder/b.txt")
    assert [path.name for path in places.fetch(f"{bucket}/folder").iterdir()] == ["a.txt"]


def test_a_copy_that_was_changed_is_fetched_again(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one", "utf-8")
    upload(tmp_path / "a.txt", f"{bucket}/a.txt")
    places.fetch(f"{bucket}/a.txt").write_text("spoilt", "utf-8")
    assert places.fetch(f"{bucket}/a.txt").read_text("utf-8") == "one"


def test_pattern(bucket: str, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.txt"):
        (tmp_path / name).write_text(name, "utf-8")
        upload(tmp_path / name, f"{bucket}/clips/{name}")
    pattern = places.fetch(f"{bucket}/clips/*.mp4")
    assert pattern.name == "*.mp4"
    assert sorted(path.name for path in pattern.parent.iterdir()) == ["a.mp4", "b.mp4"]


def test_manifest_is_written_last_and_removed_first(bucket: str, tmp_path: Path, log: Log) -> None:
    videos = write_video(tmp_path / "video.mp4", scene(40))
    command = ("preprocess", videos, "-o", f"{bucket}/data", "--size", "32")
    vidgan_command(*command)
    assert log[-1] == "put manifest.json"
    assert len(log) == len(set(log)) > 2
    log.clear()
    vidgan_command(*command, "--overwrite", "--seed", "3", "--lossless")
    assert log[0] == "rm manifest.json"
    assert log[-1] == "put manifest.json"


def test_checkpoint_and_run_are_complete_last(bucket: str, tmp_path: Path, log: Log) -> None:
    run = make_run(tmp_path / "run")
    with places.written(f"{bucket}/run") as path:
        run.path.rename(path)
    assert log == ["put generator_ema.weights.h5", "put state.json", "put config.json"]


def test_checkpoint_without_its_state_is_not_fetched(bucket: str, tmp_path: Path) -> None:
    upload(make_run(tmp_path / "run", steps=(100, 200)).path, f"{bucket}/run")
    fs, root = fsspec.core.url_to_fs(bucket)
    fs.rm(f"{root}/run/checkpoints/step-00000200/state.json")
    described = vidgan.info(f"{bucket}/run")
    assert described["checkpoints"] == ["step-00000100"]


def test_failed_upload_leaves_no_dataset(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "video.mp4", scene(40))
    memory = fsspec.get_filesystem_class("memory")
    original = memory.put_file

    def fail(self: Any, lpath: str, rpath: str, **kwargs: Any) -> None:
        if "train-" in rpath:
            raise ConnectionError("the network is down")
        original(self, lpath, rpath, **kwargs)

    command = ("preprocess", video, "-o", f"{bucket}/data", "--size", "32")
    with monkeypatch.context() as broken:
        broken.setattr(memory, "put_file", fail)
        line = refused(*command)
    assert "cannot be written (the network is down); the files are kept in " in line
    kept = Path(line.rpartition(" ")[2]) / "data"
    assert Manifest.load(kept).splits["train"].frames > 0
    assert "manifest.json" not in names(f"{bucket}/data")
    assert "no dataset there" in refused("train", f"{bucket}/data")
    # What could not be uploaded is neither lost nor mixed with something else.
    assert f"{kept.parent} holds what an earlier command could not upload" in refused(*command)
    assert Manifest.load(kept).splits["train"].frames > 0


def test_interrupted_training_is_uploaded(bucket: str, tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")

    def interrupt() -> float:
        calls.append(None)
        if len(calls) > 8:
            raise KeyboardInterrupt
        return float(len(calls))

    calls: list[None] = []
    options: dict[str, Any] = {"steps": 50, "frames": 8, "g_channels": 4, "d_channels": 4}
    with pytest.raises(KeyboardInterrupt):
        vidgan.train(
            tmp_path / "data", output=f"{bucket}/run", clock=interrupt, metrics="none", **options
        )
    assert "config.json" in names(f"{bucket}/run")


def test_snapshots_are_uploaded_and_a_failure_is_no_end(
    bucket: str, tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    with places.written(f"{bucket}/run") as path:
        path.mkdir()
        (path / "log.csv").write_text("1", "utf-8")
        places.publish(path)
        assert log == ["put log.csv"]
        (path / "log.csv").write_text("12", "utf-8")
        with monkeypatch.context() as broken:
            broken.setattr(Storage, "write", _unreachable)
            places.publish(path)
        assert "no route" in caplog.text
        assert log == ["put log.csv"]
        places.publish(tmp_path)  # Of no URL.
    assert log == ["put log.csv", "put log.csv"]


def _unreachable(*_: Any) -> None:
    raise ExportError("no route")


def change_without_network(run: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the log of a run whose upload fails."""

    def change() -> None:
        with places.written(run, update=True) as path:
            (path / "log.csv").write_text(text, "utf-8")

    with monkeypatch.context() as broken:
        broken.setattr(Storage, "write", _unreachable)
        with pytest.raises(ExportError, match="kept in"):
            change()


def test_run_that_was_not_uploaded_goes_on(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill: what is newer here is kept, unless it has changed there, too."""
    with places.written(f"{bucket}/run") as path:
        path.mkdir()
        (path / "log.csv").write_text("1", "utf-8")
    change_without_network(f"{bucket}/run", "12", monkeypatch)
    with places.written(f"{bucket}/run", update=True) as path:
        assert (path / "log.csv").read_text("utf-8") == "12"
        (path / "log.csv").write_text("123", "utf-8")
        (tmp_path / "other").write_text("other", "utf-8")
        upload(tmp_path / "other", f"{bucket}/run/more.csv")
    assert places.fetch(f"{bucket}/run/log.csv").read_text("utf-8") == "123"
    change_without_network(f"{bucket}/run", "1234", monkeypatch)
    upload(tmp_path / "other", f"{bucket}/run/log.csv")
    with pytest.raises(ExportError, match="holds what an earlier command could not upload"):
        places.written(f"{bucket}/run", update=True).__enter__()


def test_one_process_of_a_machine_writes(bucket: str) -> None:
    with places.written(f"{bucket}/out.mp4"):
        other = Copy(f"{bucket}/out.mp4", "out")
        with pytest.raises(ExportError, match="another vidgan process"), other.locked(wait=False):
            pass


def test_objects_that_lead_out_are_refused(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = fsspec.get_filesystem_class("memory")
    root = fsspec.core.url_to_fs(bucket)[1]
    for name in ("../evil", "a//b", "a/./b", "a/\0"):
        entry = {"name": f"{root}/data/{name}", "size": 1, "type": "file", "created": 1}
        listing = {entry["name"]: entry}
        monkeypatch.setattr(memory, "find", lambda *_, found=listing, **__: found)
        with pytest.raises(InputError, match="which can be no file"):
            places.fetch(f"{bucket}/data")


def test_copies_are_removed_after_the_upload(bucket: str, tmp_path: Path) -> None:
    with places.written(f"{bucket}/a.txt") as path:
        path.write_text("a", "utf-8")
    Copy(f"{bucket}/a.txt", "out").discard()
    assert not path.exists()
    with places.written(f"{bucket}/b.txt") as path:
        (path.parent / ".vidgan-0123456789abcdef").mkdir()
    Copy(f"{bucket}/b.txt", "out").discard()
    assert path.parent.is_dir()  # For --resume.


def test_storage_without_atomic_objects(tmp_path: Path) -> None:
    url = f"local://{tmp_path}/store/out"
    with places.written(url) as path:
        path.mkdir()
        (path / "a.txt").write_text("a", "utf-8")
    assert [entry.name for entry in (tmp_path / "store" / "out").iterdir()] == ["a.txt"]
    assert [entry.name for entry in (tmp_path / "store").iterdir()] == ["out"]


def test_file_urls_are_paths(tmp_path: Path) -> None:
    make_dataset(tmp_path / "my data")
    described = vidgan.info(f"file://{tmp_path}/my%20data")
    assert described["path"] == str(tmp_path / "my data")
    assert not (tmp_path / "cache").exists()
    with pytest.raises(OptionError, match="names the machine host"):
        vidgan.info("file://host/data")


def test_arguments(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("a", "utf-8")
    upload(tmp_path / "a.png", f"{bucket}/a.png")

    @arguments.takes_urls()
    def take(*values: Any, **options: Any) -> Any:
        return values, options

    url = f"{bucket}/a.png"
    copy = str(places.fetch(url))
    config = RestoreConfig(checkpoint=url)
    values, options = take(
        url, [url, None], (1, url), config, reference=f"{url}@1:30", box="1,2,3,4"
    )
    assert values[:3] == (copy, [copy, None], (1, copy))
    assert values[3] == config.replace(checkpoint=copy)
    assert options == {"reference": f"{copy}@1:30", "box": "1,2,3,4"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/clips", True),
        ("HDFS://host:8020/clips", True),
        ("clips/a.mp4", False),
        ("/data/s3://bucket", False),
        ("C://clips", False),
        ("--temp_location=gs://bucket", False),
        (Path("clips"), False),
        (None, False),
    ],
)
def test_is_url(text: Any, expected: bool) -> None:
    assert urls.is_url(text) is expected


def test_errors(bucket: str) -> None:
    assert f"{bucket}/none: no such" in refused("info", f"{bucket}/none")
    assert "nothing://x/y: Protocol not known" in refused("info", "nothing://x/y", expected=2)


def test_paths_do_not_load_fsspec(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    code = (
        "import sys; from vidgan.cli import main; "
        f"main(['info', {str(tmp_path / 'data')!r}], standalone_mode=False); "
        "assert 'fsspec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "fsspec":
            raise ModuleNotFoundError("No module named 'fsspec'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for scheme, extra in {"s3": "s3", "gs": "gs", "hdfs": "hdfs", "memory": "remote"}.items():
        line = refused("info", f"{scheme}://bucket/data", expected=2)
        assert line.endswith(f"pip install 'vidgan[{extra}]'")
