"""The cache of statistics believes only files that it wrote."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vidgan
from vidgan.jobs.evaluate.cache import MAX_FILES, SUFFIX
from vidgan.jobs.evaluate.clip_statistics import ClipStatistics, StatisticsCollector
from vidgan.jobs.evaluate.sources import ClipSet


def test_damaged_and_renamed_files_are_computed_anew(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        np.save(f"{name}.npy", rng.integers(0, 256, (40, 8, 16, 16, 3), np.uint8))

    def values(real: str) -> list[float | None]:
        report = vidgan.evaluate(
            real=f"{real}.npy",
            fake="c.npy",
            clip_features="random3d",
            measures="distance",
            bootstrap=0,
            frames=8,
            overwrite=True,
            device="cpu",
        )
        return [figure["value"] for figure in report["figures"]]

    expected = {real: values(real) for real in "ab"}
    assert expected["a"] != expected["b"]
    assert set(expected["a"]) != {None}
    files = sorted((cache / "real").iterdir())
    contents = [file.read_bytes() for file in files]
    assert len(files) >= 2
    for file, content in zip(files, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    assert values("a") == expected["a"]
    for file in files:
        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
    assert values("a") == expected["a"]


# Waits for the file "go" before it evaluates, so that two begin together.
TOGETHER = """
import json, pathlib, sys, time, vidgan
import tensorflow, vidgan.jobs.evaluate.measure
pathlib.Path(sys.argv[1] + ".ready").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
for number in range(int(sys.argv[2])):
    report = vidgan.evaluate(
        real="real.npy", fake="fake.npy", output=sys.argv[1] + ".json", measures="motion",
        bootstrap=0, frames=8, overwrite=True, device="cpu",
    )
    if number + 1 < int(sys.argv[2]):
        for file in pathlib.Path(sys.argv[3], "real").glob("[!.]*"):
            file.unlink(missing_ok=True)
print(json.dumps([figure["value"] for figure in report["figures"]]))
"""


@pytest.mark.slow
def test_two_processes_share_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both succeed, also where each removes files that the other one has just found."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("real", "fake"):
        np.save(f"{name}.npy", rng.integers(0, 256, (4, 8, 32, 32, 3), np.uint8))
    folder = cache / "real"
    folder.mkdir(parents=True)
    # So many that each evaluation removes some, too.
    for number in range(MAX_FILES + 20):
        (folder / f"{number}.npz").write_bytes(b"old")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER, name, "2", str(cache)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    while not all(Path(f"{name}.ready").exists() for name in "ab"):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)
    Path("go").touch()
    printed = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    values = [json.loads(output.splitlines()[-1]) for output, _ in printed]
    assert values[0] == values[1]
    # No file of a process is left, and what they wrote is read.
    assert not list(folder.glob(".*"))
    assert len(list(folder.iterdir())) <= MAX_FILES
    before = {file: file.read_bytes() for file in folder.glob(f"*{SUFFIX}")}
    assert before
    computed = []
    collect = StatisticsCollector.collect

    def recorded(collector: StatisticsCollector, clips: ClipSet) -> ClipStatistics:
        computed.append(clips.path.name)
        return collect(collector, clips)

    monkeypatch.setattr(StatisticsCollector, "collect", recorded)
    report = vidgan.evaluate(
        real="real.npy",
        fake="fake.npy",
        measures="motion",
        bootstrap=0,
        frames=8,
        device="cpu",
    )
    assert [figure["value"] for figure in report["figures"]] == values[0]
    assert computed == ["fake.npy"]
