"""Writing files: whole or not at all, by one process at a time, with nothing left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from dataset_files import make_dataset
from restore_helpers import refused
from tiny_run import make_run
from video_files import make_video

from vidgan import files
from vidgan.errors import ExportError
from vidgan.files import atomic_path, locked, remove_leftovers, replace_folder, writing_folder


def elsewhere(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a script in another process; return once it has printed a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


HOLDS = """
    import sys, time
    from pathlib import Path
    from vidgan.files import atomic_path
    with atomic_path(Path(sys.argv[1])) as temporary:
        temporary.write_text("half")
        print("holding", flush=True)
        time.sleep(60)
"""


def test_a_path_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "o.mp4"
    other = elsewhere(HOLDS, path)
    try:
        with pytest.raises(ExportError, match="another vidgan process is writing it") as raised:
            atomic_path(path).__enter__()
        assert str(raised.value).startswith(f"{path}: ")
        # Another file in the same folder is free, and what the process writes stays.
        with atomic_path(tmp_path / "p.mp4") as temporary:
            temporary.write_text("whole")
        remove_leftovers(tmp_path)
        assert len(list(tmp_path.glob(".vidgan-*"))) == 1
    finally:
        other.kill()
        other.communicate()
    # The lock ended with the process.
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["o.mp4", "p.mp4"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    other = elsewhere(HOLDS, tmp_path / "o.mp4")
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert list(tmp_path.glob(".vidgan-*/o.mp4"))
    with atomic_path(tmp_path / "another.mp4") as temporary:
        temporary.write_text("whole")
    assert [each.name for each in tmp_path.iterdir()] == ["another.mp4"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "o.txt"
    path.write_text("old")

    def write() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("new")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", ["temporary", "folder", "none"])
def test_an_error_of_writing_names_what_the_user_asked_for(tmp_path: Path, where: str) -> None:
    path = tmp_path / "o.txt"

    def write() -> None:
        with atomic_path(path) as temporary:
            names = {"temporary": str(temporary), "folder": str(temporary.parent), "none": None}
            raise OSError(30, "Read-only file system", names[where])

    with pytest.raises(ExportError) as raised:
        write()
    assert str(raised.value) == (
        f"{path}: cannot be written (Read-only file system); choose another place with -o"
    )


@pytest.mark.parametrize("in_one_step", [True, False])
def test_replacing_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        # As on a file system that cannot exchange two names.
        monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    target = tmp_path / "data"
    target.mkdir()
    (target / "old").touch()
    with writing_folder(target) as folder:
        new = folder / "data"
        new.mkdir()
        (new / "new").touch()
        replace_folder(new, target)
    assert [each.name for each in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("again", ["data", "another"])
def test_a_replacement_that_was_killed_half_way_is_undone(tmp_path: Path, again: str) -> None:
    """Killed between the two renames of a system that cannot exchange names."""
    script = """
        import os, signal, sys
        from pathlib import Path
        from vidgan import files
        target = Path(sys.argv[1])
        files._exchange = lambda first, second: False
        rename = Path.replace
        def replace(self, to):
            rename(self, to)
            os.kill(os.getpid(), signal.SIGKILL)
        Path.replace = replace
        with files.writing_folder(target) as folder:
            (folder / "data").mkdir()
            print("ready", flush=True)
            files.replace_folder(folder / "data", target)
    """
    target = tmp_path / "data"
    target.mkdir()
    (target / "old").touch()
    other = elsewhere(script, target)
    other.communicate()
    assert not target.exists()
    with writing_folder(tmp_path / again):
        assert [each.name for each in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]


def test_locked_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with locked(folder, folder):
        with pytest.raises(ExportError, match="another vidgan process"), locked(folder, folder):
            pass
        assert folder.is_dir()
    assert not folder.exists()
    with locked(folder, folder):
        (folder / "file").touch()
    assert (folder / "file").exists()


@pytest.mark.parametrize("command", ["enhance", "preprocess", "generate", "train", "resume"])
def test_two_commands_with_one_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    video = make_video(tmp_path / "v.mp4", 12, (48, 32))
    run = make_run(tmp_path / "run").path if command in ("generate", "resume") else None
    if command in ("train", "resume"):
        make_dataset(tmp_path / "data", size=(32, 40), fps=12.5)
    commands: dict[str, tuple[list[object], object]] = {
        "enhance": (["enhance", video, "-o", "o.mp4", "--method", "bicubic"], "o.mp4.parts"),
        "preprocess": (["preprocess", video, "-o", "data"], None),
        "generate": (["generate", run, "--n", 1, "-o", "o.mp4"], None),
        "train": (["train", "data", "-o", "new"], "new"),
        "resume": (["train", "data", "--resume", run, "--steps", 200], run),
    }
    arguments, held = commands[command]
    with contextlib.ExitStack() as stack:
        if held is None:
            stack.enter_context(writing_folder(Path(str(arguments[arguments.index("-o") + 1]))))
        else:
            stack.enter_context(locked(Path(str(held)), Path(str(held))))
        message = refused(*arguments)
    assert "another vidgan process is writing it" in message
    assert not list(tmp_path.glob("o.*"))


def test_names_of_any_length_and_bytes(tmp_path: Path) -> None:
    for name in ("x" * 250 + ".mp4", os.fsdecode(b"b\xf6se.mp4")):
        with atomic_path(tmp_path / name) as temporary:
            temporary.touch()
        assert (tmp_path / name).exists()
