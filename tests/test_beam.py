"""``vidgan preprocess --runner``: Beam makes the same dataset, whatever happens to its workers."""

import filecmp
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from video_files import make_video

import vidgan
from vidgan.cli import main
from vidgan.config import PreprocessConfig, RunnerConfig
from vidgan.dataset.beam import exchange
from vidgan.dataset.scan import Scan, scan
from vidgan.errors import OptionError

needs_beam = pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is None, reason="needs: pip install vidgan[beam]"
)
# Beam's own job server, without Flink: the path of the clusters, with workers in the pipeline's process.
EMBEDDED = "--job_endpoint=embed --environment_type=LOOPBACK"


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos in two folders, among them a copy, a broken and a short one, and one that crashes."""
    folder = tmp_path_factory.mktemp("library")
    for i, name in enumerate(["walk/a.mp4", "walk/b.mkv", "run/c.mp4", "run/d.avi", "run/e.mp4"]):
        make_video(folder / name, frames=24 + i, seed=i)
    shutil.copy(folder / "walk/a.mp4", folder / "run/copy.mp4")
    (folder / "walk/broken.mp4").write_bytes(b"no video")
    make_video(folder / "walk/short.mp4", frames=4, seed=8)
    make_video(folder / "run/crash.mp4", frames=24, seed=9)
    return folder


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the worker processes die at crash.mp4; return the file that counts how often."""
    count = tmp_path / "crashes" / "count"
    count.parent.mkdir()
    (count.parent / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'vidgan.dataset.worker' in ' '.join(sys.orig_argv):\n"
        "    import vidgan.dataset.scan as s\n"
        "    real = s.scan\n"
        "    def scan(path, *rest):\n"
        "        if path.name == 'crash.mp4':\n"
        f"            open({str(count)!r}, 'a').write('x')\n"
        "            os.kill(os.getpid(), 11)\n"
        "        return real(path, *rest)\n"
        "    s.scan = scan\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(count.parent))
    return count


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["preprocess", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def assert_same(one: Path, other: Path) -> None:
    names = sorted(path.name for path in one.iterdir())
    assert sorted(path.name for path in other.iterdir()) == names
    assert filecmp.cmpfiles(one, other, names, shallow=False) == (names, [], [])


class TestPipelines:
    pytestmark = needs_beam

    def test_two_processes(self, library: Path, tmp_path: Path, crashing: Path) -> None:
        """Byte for byte the local dataset; relative paths, and a decoder that crashes."""
        shutil.copytree(library, "in")
        status, expected = run("in", "-o", "local", "--labels", "--workers", "1")
        assert (status, crashing.read_text()) == (0, "x")
        status, output = run("in", "-o", "data", "--labels", "--runner", "direct", "--workers", "2")
        assert status == 0, output
        assert_same(Path("local"), Path("data"))
        assert output.replace("data", "local") == expected.replace("data", "local")
        assert "in/run/crash.mp4: the decoder crashed (SIGSEGV); leave it out" in output
        assert "near-duplicates: 1 of" in output
        assert crashing.read_text() == "xxx", "Beam tries it twice"
        assert not list(tmp_path.glob(".vidgan-*"))

    def test_job_server(self, library: Path, tmp_path: Path) -> None:
        vidgan.preprocess(library, "local", progress=False)
        status, output = run(library, "--runner", "flink", "--beam-options", EMBEDDED, "--progress")
        assert status == 0, output
        assert_same(Path("local"), Path("vidgan-data"))
        assert " 0%" in output
        assert not list(tmp_path.glob(".vidgan-*"))
