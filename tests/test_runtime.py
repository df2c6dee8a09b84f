"""What is settled around TensorFlow."""

import logging
from pathlib import Path

import pytest

from vidgan import runtime


@pytest.mark.parametrize(
    ("flags", "device", "precision"),
    [
        ("fpu avx2 avx512_bf16 sse", "/CPU:0", "float32"),
        ("fpu avx512_bf16 amx_bf16", "/CPU:0", "mixed_bfloat16"),
        ("fpu avx2 avx512f avx512_vnni", "/CPU:0", "float32"),
        ("fpu amx_bf16", "/GPU:0", "float32"),
    ],
)
def test_best_precision(tmp_path: Path, flags: str, device: str, precision: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\nbogomips : 1\n")
    assert runtime.best_precision(device, tmp_path) == precision


@pytest.mark.parametrize(
    ("flags", "lanes"), [("avx avx2 avx512f", 16), ("avx avx2", 8), ("fp asimd", 4)]
)
def test_vector_lanes(tmp_path: Path, flags: str, lanes: int) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: {flags}\n")
    assert runtime.vector_lanes(tmp_path) == lanes


def test_best_precision_where_nothing_describes_the_cpu(tmp_path: Path) -> None:
    assert runtime.best_precision("/CPU:0", tmp_path / "nowhere") == "float32"


def test_tensorflow_warns_with_debug_only(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    monkeypatch.setenv("VIDGAN_DEBUG", "1")
    runtime.prepare()
    assert logger.isEnabledFor(logging.WARNING)
    monkeypatch.delenv("VIDGAN_DEBUG")
    runtime.prepare()
    assert not logger.isEnabledFor(logging.WARNING)
