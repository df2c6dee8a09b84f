"""The cache of statistics believes only files that it wrote."""

from pathlib import Path

import numpy as np
import pytest

import vidgan


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
