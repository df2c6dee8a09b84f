"""The run folder, without TensorFlow."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vidgan.config import ModelConfig, TrainConfig
from vidgan.errors import RunError
from vidgan.training.run import Run
from vidgan.training.run_lookup import CONFIG_NAME, claim_run_path, newest_run, next_run_path


def make_run(path: Path, step: int | None = None) -> Path:
    path.mkdir(parents=True)
    Run(path, ModelConfig(), TrainConfig(), path, (64, 64), 25.0).save()
    if step is not None:
        folder = path / "checkpoints" / f"step-{step:08d}"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(
            json.dumps({"step": step, "clips": 4 * step, "epoch": 0.5, "seconds": 1.0})
        )
    return path


def test_newest_is_the_last_one_with_a_checkpoint(tmp_path: Path) -> None:
    make_run(tmp_path / "00000-a", step=3)
    middle = make_run(tmp_path / "00001-a", step=2)
    begun = make_run(tmp_path / "00002-a")
    assert newest_run(tmp_path) == middle
    assert Run.open("latest", tmp_path).path == middle
    # One that is named is opened all the same, and says what it lacks.
    with pytest.raises(RunError, match="no checkpoint yet"):
        Run.open(begun).checkpoint()


def test_newest_of_runs_that_have_only_begun(tmp_path: Path) -> None:
    make_run(tmp_path / "00000-a")
    last = make_run(tmp_path / "00001-a")
    assert newest_run(tmp_path) == last


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="vidgan train"):
        newest_run(tmp_path / "missing")


def test_next_path_counts_on(tmp_path: Path) -> None:
    assert next_run_path(tmp_path, "dcgan", tmp_path / "my clips").name == "00000-dcgan-my_clips"
    make_run(tmp_path / "00007-a")
    assert next_run_path(tmp_path, "dcgan", tmp_path / "b").name == "00008-dcgan-b"


def test_config_round_trip(tmp_path: Path) -> None:
    run = Run.open(make_run(tmp_path / "00000-a", step=3))
    assert (run.size, run.fps, run.model) == ((64, 64), 25.0, ModelConfig())
    assert run.state(run.checkpoints()[-1])["step"] == 3
    assert json.loads((run.path / CONFIG_NAME).read_text())["format"] == 1


def test_runs_that_begin_at_the_same_time_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        claims = [
            threads.submit(claim_run_path, tmp_path / "runs", "dcgan", tmp_path) for _ in range(32)
        ]
    paths = {claim.result() for claim in claims}
    assert len(paths) == 32
    assert all(path.is_dir() for path in paths)
    assert sorted(int(path.name[:5]) for path in paths) == list(range(32))
