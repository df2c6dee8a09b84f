"""Training on several devices and with several workers."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import two_replicas
from click.testing import CliRunner, Result
from dataset_files import counting, make_dataset
from training_workers import cluster, start_workers

from vidgan import replicas, runtime
from vidgan.cli import main
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import training_clips
from vidgan.errors import OptionError
from vidgan.training.run import Run

CASES = ("dcgan, alone",)
OPTIONS = (
    *("--frames=8", "--batch-size=4", "--g-channels=4", "--d-channels=4", "--reconstruction=0"),
    *("--metrics=none", "--r1=0", "--no-pairs", "--precision=float32", "--log-every=1"),
)


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("replicas") / "data"
    return make_dataset(folder, (24, 40, 17), (24,), (32, 32), draw=counting)


# Two logical devices: what a step computes.


def compare(*cases: str) -> None:
    """Compare steps on two replicas with steps on one; see the script."""
    only = [argument for case in cases for argument in ("--only", case)]
    done = subprocess.run(
        [sys.executable, two_replicas.__file__, *only], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert all(f"| {case} |" in done.stdout for case in cases)


def test_two_replicas_take_the_same_step_as_one() -> None:
    compare(*CASES)


@pytest.mark.slow
def test_two_replicas_take_the_same_step_in_every_case() -> None:
    compare(*two_replicas.CASES)


def test_one_replica_draws_and_averages_nothing_else() -> None:
    seed = tf.constant((1, 2))
    expected = tf.random.stateless_normal((4, 3), seed)
    np.testing.assert_array_equal(replicas.normal((4, 3), seed), expected)
    expected = tf.random.stateless_uniform((4,), seed, 2, 9, tf.int32)
    np.testing.assert_array_equal(replicas.uniform((4,), seed, 2, 9, tf.int32), expected)
    assert replicas.count() == 1
    assert replicas.mean([seed])[0] is seed
    assert replicas.gather(seed) is seed


# Several workers: the data.


@pytest.mark.parametrize("skip", [0, 3])
def test_workers_get_their_parts_of_each_batch(dataset: Manifest, skip: int) -> None:
    """Two workers with two devices each."""
    whole = list(training_clips(dataset, 8, 8, skip=skip).take(4).as_numpy_iterator())
    parts = []
    for worker in range(2):
        context = tf.distribute.InputContext(2, worker, 4)
        data = training_clips(dataset, 8, 8, skip=skip, context=context).take(8)
        parts.append(np.stack(list(data.as_numpy_iterator())))
        assert parts[-1].shape == (8, 2, 8, 32, 32, 3)
    for step, batch in enumerate(whole):
        own = [part[2 * step : 2 * step + 2].reshape(-1, *batch.shape[1:]) for part in parts]
        np.testing.assert_array_equal(np.concatenate(own), batch)


# Several workers: two processes.


def log_losses(run: Path) -> np.ndarray:
    rows = np.genfromtxt(run / "log.csv", delimiter=",", names=True)
    return np.stack([rows["step"], rows["d_loss"], rows["g_loss"]])


def test_two_workers_train_one_run(dataset: Manifest, tmp_path: Path) -> None:
    """The chief alone writes it; it is resumed by one process, as if that had trained it all."""
    workers = start_workers(dataset.path, *OPTIONS, "--steps=4", "-o", tmp_path / "run")
    said = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert "training on 2 CPUs of 2 workers, from step 0" in said[0][0]
    assert "done. Samples are in" in said[0][0]
    assert said[1][0].splitlines() == [
        "worker 1 of 2: waiting for the others",
        "training on 2 CPUs of 2 workers, from step 0",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    assert Run.open(tmp_path / "run").train.batch_size == 4
    result = cli("train", "--resume", tmp_path / "run", "--steps=6")
    assert result.exit_code == 0, result.output
    result = cli("train", dataset.path, *OPTIONS, "--steps=6", "-o", tmp_path / "alone")
    assert result.exit_code == 0, result.output
    losses = log_losses(tmp_path / "run")
    assert losses[0].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(losses, log_losses(tmp_path / "alone"), rtol=0.01)


def send_signal(dataset: Manifest, run: Path, to: int, number: int) -> tuple[int, str, str]:
    """Send one of two workers a signal when a checkpoint is there.

    Returns:
        The exit status of the other one within a minute, and what it printed.
    """
    workers = start_workers(
        dataset.path, *OPTIONS, "--steps=100000", "--snapshot-minutes=0.02", "-o", run
    )
    try:
        until = time.monotonic() + 200
        while not list(run.glob("checkpoints/step-*")):
            assert all(worker.poll() is None for worker in workers)
            assert time.monotonic() < until
            time.sleep(0.1)
        workers[to].send_signal(number)
        output, errors = workers[1 - to].communicate(timeout=60)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    assert "Traceback" not in errors
    assert Run.open(run).checkpoint().is_dir()
    return workers[1 - to].returncode, output, errors


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_the_other_worker_stops_when_one_is_killed(
    dataset: Manifest, tmp_path: Path, killed: int
) -> None:
    status, _, errors = send_signal(dataset, tmp_path / "run", killed, signal.SIGKILL)
    assert status == 1
    assert errors.splitlines()[-1].startswith("Error: another worker has stopped")


@pytest.mark.slow
def test_the_chief_saves_when_another_worker_is_interrupted(
    dataset: Manifest, tmp_path: Path
) -> None:
    status, output, _ = send_signal(dataset, tmp_path / "run", 1, signal.SIGTERM)
    assert status == 130
    assert "and saved. Continue with: vidgan train --resume" in output


# Several workers: options.


def test_a_batch_that_cannot_be_divided(
    dataset: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", cluster(0, [1, 2]))
    for extra, multiple in (([], 2), (["--pairs"], 4)):
        options = [*OPTIONS, "--batch-size=3" if not extra else "--batch-size=6", *extra]
        result = cli("train", dataset.path, *options, "--steps=1", "-o", tmp_path / "run")
        assert result.exit_code == 2
        assert "can't be divided over 2 devices" in result.output
        assert f"use a multiple of {multiple}" in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "is not what TensorFlow expects"),
        ("[]", "is not what TensorFlow expects"),
        ('{"cluster": {"worker": 3}}', "is not what TensorFlow expects"),
        ('{"cluster": {"ps": ["a:1"], "worker": ["b:1"]}}', "tasks of type ps"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "no worker of index 1",
        ),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief"}}', "no chief of index 0"),
    ],
)
def test_bad_clusters(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("TF_CONFIG", value)
    with pytest.raises(OptionError, match=message):
        runtime.find_worker()


@pytest.mark.parametrize(
    ("task", "number"), [({"type": "chief"}, 0), ({"type": "worker", "index": 1}, 2), ({}, 1)]
)
def test_the_chief_comes_first(
    monkeypatch: pytest.MonkeyPatch, task: dict[str, Any], number: int
) -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    worker = runtime.find_worker()
    assert (worker.number, worker.count, worker.is_chief) == (number, 3, number == 0)


def test_without_a_cluster_there_is_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "{}", '{"cluster": {}}'):
        monkeypatch.setenv("TF_CONFIG", value)
        assert runtime.find_worker() == runtime.Worker(0, 1)
