"""What breaks while a training runs, or between two trainings, costs as little as possible."""

import contextlib
import json
import logging
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dataset_files import make_dataset
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import vidgan
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, ExportError, RunError
from vidgan.tasks.synthesis import build_gan
from vidgan.training.events import EventFile
from vidgan.training.run import Run
from vidgan.training.soundness import EMA_NAME, GAN_NAME
from vidgan.training.state import STATE_NAME

TINY: dict[str, Any] = {
    "frames": 8,
    "latent_dim": 8,
    "g_channels": 4,
    "d_channels": 4,
    "batch_size": 2,
    "metrics": "none",
    "snapshot_minutes": 1000,
    "tensorboard": False,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return make_dataset(tmp_path_factory.mktemp("damaged") / "dataset")


@pytest.fixture(scope="module")
def trained(dataset: Manifest) -> Run:
    """A run with checkpoints of steps 1 and 2."""
    path = dataset.path.with_name("run")
    vidgan.train(dataset.path, output=path, steps=1, **TINY)
    vidgan.train(resume=path, steps=2)
    return Run.open(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "cut weights": (GAN_NAME, cut),
    "flipped bit": (EMA_NAME, flip),
    "missing weights": (EMA_NAME, Path.unlink),
    "cut state": (STATE_NAME, lambda path: path.write_text("{")),
    "missing state": (STATE_NAME, Path.unlink),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_newest_sound_checkpoint_is_taken(
    trained: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    run = Run.open(shutil.copytree(trained.path, tmp_path / "run"))
    first, second = run.checkpoints()
    file, apply = DAMAGE[damage]
    apply(second / file)
    with caplog.at_level(logging.WARNING):
        assert run.checkpoint() == first
        assert run.checkpoint() == first
    (record,) = caplog.records
    assert str(second / file) in record.message
    assert f"taking {first.name}" in record.message
    assert vidgan.info(run.path)["trained"]["step"] == 1
    apply(first / file)
    with pytest.raises(RunError, match=file):
        run.checkpoint()


def test_training_and_generating_go_on_from_it(trained: Run, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(trained.path, tmp_path / "run"))
    expected = vidgan.load(trained.path, checkpoint="1", device="cpu").generate(seeds="0")
    flip(run.checkpoints()[-1] / EMA_NAME)
    found = vidgan.load(run.path, device="cpu").generate(seeds="0")
    assert (found == expected).all()
    vidgan.train(resume=run.path, steps=2)
    assert run.checkpoint().name == "step-00000002"
    assert run.checkpoints() == [run.path / "checkpoints" / f"step-0000000{i}" for i in (1, 2)]


def test_old_checkpoints_without_hashes(trained: Run, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(trained.path, tmp_path / "run"))
    path = run.checkpoints()[-1] / STATE_NAME
    values = json.loads(path.read_text())
    del values["sha256"]
    path.write_text(json.dumps(values))
    assert run.checkpoint() == path.parent
    cut(path.with_name(EMA_NAME))
    assert run.checkpoint() == run.checkpoints()[0]


def test_steps_before_a_damaged_shard_are_saved(dataset: Manifest, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(dataset.path, tmp_path / "dataset"))
    calls = 0
    messages: list[str] = []

    def clock() -> float:
        nonlocal calls
        calls += 1
        if calls == 7:  # Within the third step.
            for shard in folder.glob("train-*"):
                cut(shard)
        return float(calls)

    with pytest.raises(DatasetError, match=r"cut short|damaged"):
        vidgan.train(
            folder, output=tmp_path / "run", steps=1000, clock=clock, notify=messages.append, **TINY
        )
    step = Run.open(tmp_path / "run").state()["step"]
    assert step >= 3
    assert f"Saved at step {step}" in messages[-1]


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, as ``ulimit -f`` does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_checkpoint_that_cannot_be_written(trained: Run, tmp_path: Path) -> None:
    run = trained.replace(path=tmp_path / "run")
    gan = build_gan(run)
    with largest_file(10_000), pytest.raises(ExportError, match="File too large"):
        run.save_checkpoint(gan, trained.state() | {"step": 3})
    assert run.checkpoints() == []
    assert not list(run.path.rglob(".vidgan-*"))
    run.save_checkpoint(gan, trained.state() | {"step": 3})
    assert run.checkpoint().name == "step-00000003"


def test_events(tmp_path: Path) -> None:
    messages: list[str] = []
    events = EventFile(tmp_path / "events", messages.append)
    with largest_file(1000):
        for step in range(100):
            events.scalars(step, {"loss": float(step)})
    events.close()
    (message,) = messages
    assert "File too large" in message
    read = EventAccumulator(str(tmp_path / "events"), size_guidance={"tensors": 0})
    read.Reload()
    steps = [event.step for event in read.Tensors("loss")]
    assert steps == list(range(len(steps)))
    assert 3 < len(steps) < 100
    EventFile(None, messages.append).scalars(1, {"loss": 1.0})
    assert len(messages) == 1
