"""``vidgan preprocess --runner``: Beam makes the same dataset, whatever happens to its workers."""

import filecmp
import importlib.util
import os
import shutil
import subprocess
import sys
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
# Beam's own job server, without Flink, and workers in the process of the pipeline.
EMBEDDED = "--job_endpoint=embed --environment_type=LOOPBACK"

# Not UTF-8, as names on Linux need not be.
NAME = os.fsdecode(b"v\xff.mp4")


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

    def test_disk_full(self, tmp_path: Path) -> None:
        small = tmp_path / "small"
        small.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs to mount a small file system")
        try:
            make_video(tmp_path / "v.mp4", frames=150)
            options = ["--runner", "spark", "--beam-options", EMBEDDED, "--lossless"]
            status, output = run("v.mp4", "-o", "small/data", *options)
            assert status == 1
            assert output.startswith("Error: --runner spark: the pipeline failed (")
            assert "No space left on device" in output
            assert list(small.iterdir()) == []
        finally:
            subprocess.run(["umount", str(small)], check=True)

    @pytest.mark.parametrize(
        ("runner", "options", "problem"),
        [
            ("direct", "--direct_workers=2", "Beam has no --direct_workers; check the spelling"),
            ("dataflow", "--num_workers=many", "argument --num_workers: invalid int value: 'many'"),
            ("dataflow", "--project=my-project", "Missing required option: region."),
        ],
    )
    def test_wrong_options(self, library: Path, runner: str, options: str, problem: str) -> None:
        status, output = run(library, "--runner", runner, "--beam-options", options)
        assert status == 2
        assert output.startswith(f"Error: --runner {runner}: ")
        assert output.endswith(f"{problem}\n")
        assert len(output.splitlines()) == 1
        assert not Path("vidgan-data").exists()


class TestSource:
    """The step of the pipeline, without one."""

    pytestmark = needs_beam

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        make_video(tmp_path / "v.mp4", frames=24).rename(tmp_path / NAME)
        folder = tmp_path / "exchange"
        common = {"config": PreprocessConfig().to_json(), "fps": None, "threads": 1}
        sources = [(NAME, str(tmp_path / "0.frames"))]
        exchange.Jobs(str(tmp_path), sources, common).save(folder)
        return folder

    def scan(self, folder: Path) -> Scan:
        from vidgan.dataset.beam.source import ScanSource

        step = ScanSource(str(folder))
        step.setup()
        try:
            step.process(0)
        finally:
            step.teardown()
        return exchange.load_scan(folder, 0)

    def test_result_is_that_of_a_scan(self, folder: Path, tmp_path: Path) -> None:
        expected = scan(Path(NAME), tmp_path / "expected", PreprocessConfig(), None)
        assert self.scan(folder) == expected
        assert Path("0.frames").read_bytes() == Path("expected").read_bytes()
        assert 0 < exchange.frames_decoded(folder) <= 24
        assert sorted(path.name for path in folder.iterdir()) == ["0.json", "jobs.json", "progress"]

    def test_errors_name_the_source(self, folder: Path) -> None:
        Path(NAME).write_bytes(b"no video")
        result = self.scan(folder)
        assert result == scan(Path(NAME), Path("frames"), PreprocessConfig(), None)
        assert ": not a video" in str(result.error)

    def test_a_second_attempt_replaces_the_first(self, folder: Path) -> None:
        assert self.scan(folder) == self.scan(folder)

    def test_stops_when_the_folder_is_gone(self, folder: Path) -> None:
        from vidgan.dataset.beam.source import ScanSource

        step = ScanSource(str(folder))
        step.setup()
        shutil.rmtree(folder)
        with pytest.raises(FileNotFoundError):
            step.process(0)
        step.teardown()
        assert not folder.exists()


class TestWithoutBeam:
    def test_is_not_imported(self, library: Path) -> None:
        script = (
            "import sys, vidgan\n"
            f"vidgan.preprocess({str(library / 'run')!r}, 'data')\n"
            "assert not [m for m in sys.modules if 'beam' in m]\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", script], check=True, env=environment)

    def test_is_not_installed(self, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        status, output = run(library, "--runner", "direct")
        assert (status, output) == (
            2,
            "Error: --runner direct needs the package apache_beam; install it with: pip install "
            "'vidgan[beam]'\n",
        )

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"beam_options": "--region=r"}, "--beam-options has no effect without --runner"),
            ({"runner": "flink", "workers": 2}, "--workers is for this machine, --runner flink"),
            ({"runner": "flink", "beam_options": "--a='b"}, "--beam-options .*No closing quot"),
            ({"runner": "local"}, "--runner 'local' is none of direct, dataflow, flink, spark"),
            ({"workers": 0}, "--workers 0 is too small"),
        ],
    )
    def test_wrong_options(self, options: dict[str, Any], problem: str) -> None:
        with pytest.raises(OptionError, match=problem):
            RunnerConfig(**options)
        with pytest.raises(OptionError, match=problem):
            vidgan.preprocess("v.mp4", **options)
