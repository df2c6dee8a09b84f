"""Training from a dataset folder to a run folder: real steps of tiny networks, real files."""

import contextlib
import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from dataset_files import make_dataset
from pictures import read_picture
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import vidgan
from vidgan import config as configs
from vidgan import runtime, tasks
from vidgan.cli import main
from vidgan.config import DEFAULT_TASK, PRESETS, TrainConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, ExportError, OptionError, RunError, TrainingError
from vidgan.jobs.train import run_config
from vidgan.jobs.train import training_plan as planning
from vidgan.tasks.load import load_gan, load_generator
from vidgan.tasks.synthesis import TASK
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training import memory
from vidgan.training.callbacks.log import FIRST_COLUMNS, LAST_COLUMNS
from vidgan.training.distribution import Distribution
from vidgan.training.log_file import read_log
from vidgan.training.run import Run
from vidgan.training.run_lookup import next_run_path
from vidgan.training.soundness import EMA_NAME, GAN_NAME

TINY: dict[str, Any] = {"frames": 8, "latent_dim": 6, "g_channels": 4, "d_channels": 4}
# The penalty often enough that a run of a few steps meets it.
OPTIONS: dict[str, Any] = {
    **TINY,
    **{"batch_size": 2, "penalty_every": 3, "log_every": 2, "seed": 5},
    # The GAN alone, whose steps are alike from the first one on.
    "reconstruction": 0.0,
}
ARGUMENTS = [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
WIDTH, HEIGHT = 40, 32


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven training clips of eight frames, 40 × 32 pixels."""
    folder = tmp_path_factory.mktemp("train") / "clips of mine"
    make_dataset(folder, (20, 28, 36, 17), (20,), (WIDTH, HEIGHT), fps=12.5)
    return folder


@pytest.fixture(scope="module")
def straight(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight steps in one go."""
    output = tmp_path_factory.mktemp("straight") / "run"
    return vidgan.train(dataset, output=output, steps=8, **OPTIONS)


@pytest.fixture
def run(straight: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be spoilt."""
    return Path(shutil.copytree(straight, tmp_path / "run"))


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Return everything in an HDF5 file by name."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def steps_of(run: Path) -> list[int]:
    return [int(path.name.removeprefix("step-")) for path in Run.open(run).checkpoints()]


def logged_steps(run: Path) -> list[str]:
    with (run / "log.csv").open(newline="") as file:
        return [row["step"] for row in csv.DictReader(file)]


# What a run leaves behind.


def test_configuration(straight: Path, dataset: Path) -> None:
    values = json.loads((straight / "config.json").read_text())
    assert values["format"] == 1
    # Options that are the model's own, and what depends on the machine, are settled once.
    settled = {"model": "dcgan", **TINY, "discriminators": "clip", "spectral_norm": "none"}
    assert settled.items() <= values["model"].items()
    assert values["train"]["precision"] == runtime.best_precision("/CPU:0")
    assert values["train"]["steps"] == 8
    assert values["train"]["seed"] == 5
    assert values["dataset"] == {
        "path": str(dataset.resolve()),
        "size": [40, 32],
        "fps": 12.5,
        "sha256": Manifest.load(dataset).digest(),
    }
    run = Run.open(straight)
    assert (run.frames, run.stride, run.model.latent_dim, run.size) == (8, 1, 6, (40, 32))


def test_checkpoint(straight: Path) -> None:
    run = Run.open(straight)
    assert steps_of(straight) == [8]
    state = run.state()
    assert (state["step"], state["clips"]) == (8, 16)
    assert state["epoch"] == pytest.approx(16 / 64)
    assert 0 < state["seconds"] < 600
    generator = load_generator(run)
    clip = generator({"latent": np.zeros((1, 6), np.float32)})
    assert clip.shape == (1, 8, HEIGHT, WIDTH, 3)
    # What generates is the average, which is not the network that is trained.
    gan = load_gan(run)
    for found, average in zip(generator.weights, gan.generator_ema.weights, strict=True):
        np.testing.assert_array_equal(found, average)
    assert any(
        np.abs(average - weight).max() > 0
        for average, weight in zip(gan.generator_ema.weights, gan.generator.weights, strict=True)
    )
    assert int(gan.step) == 8


def test_checkpoint_is_weights_only(straight: Path) -> None:
    """Opening a run must execute nothing from it."""
    suffixes = {path.suffix for path in straight.rglob("*") if path.is_file()}
    assert not suffixes & {".keras", ".pkl", ".pb", ".py", ".pt"}


def test_log(straight: Path) -> None:
    with (straight / "log.csv").open(newline="") as file:
        table = csv.DictReader(file)
        rows = list(table)
    assert tuple(table.fieldnames or ()) == (*FIRST_COLUMNS, *TASK.columns, *LAST_COLUMNS)
    assert [row["step"] for row in rows] == ["2", "4", "6", "8"]
    for row in read_log(straight / "log.csv"):
        assert row["epoch"] == pytest.approx(row["step"] * 2 / 64, rel=1e-4)
        assert row["d_loss"] > 0
        assert 0 <= row["d_acc_real"] <= 1
        assert 0 <= row["wait_share"] < 1
        assert row["clips_per_second"] > 0
    # Steps 0, 3 and 6 measure the penalty: all lines have it but for the one of steps 5 and 6.
    assert [bool(row["r1"]) for row in rows] == [True, True, False, True]


def test_tensorboard(straight: Path) -> None:
    events = EventAccumulator(str(straight / "tensorboard"), size_guidance={"images": 0})
    events.Reload()
    scalars = {
        tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    } or {tag: [event.step for event in events.Tensors(tag)] for tag in events.Tags()["tensors"]}
    assert scalars["d_loss"] == [2, 4, 6, 8]
    assert set(scalars) >= {"g_loss", "d_acc_real", "d_acc_fake", "r1", "clips_per_second"}
    values = [float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors("g_loss")]
    logged = [row["g_loss"] for row in read_log(straight / "log.csv")]
    np.testing.assert_allclose(values, logged, rtol=1e-4)
    (image,) = events.Images("samples")
    assert image.step == 8
    frames = tf.io.decode_gif(image.encoded_image_string)
    assert len(frames) == 8, "the sample moves"


def test_samples(straight: Path) -> None:
    folder = straight / "samples"
    assert sorted(path.name for path in folder.iterdir()) == [
        "step-00000008.mp4",
        "step-00000008.png",
    ]
    sheet = read_picture(folder / "step-00000008.png")
    assert sheet.std() > 0
    with av.open(str(folder / "step-00000008.mp4")) as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
        assert float(stream.average_rate or 0) == pytest.approx(12.5)
    # Eight clips, four side by side.
    assert [(frame.width, frame.height) for frame in frames] == [(4 * WIDTH, 2 * HEIGHT)] * 8


def test_curves(straight: Path) -> None:
    picture = read_picture(straight / "curves.png")
    assert min(picture.shape[:2]) >= 400
    assert picture.std() > 5


def test_nothing_else_is_left(straight: Path) -> None:
    names = {path.name for path in straight.iterdir()}
    assert names == {
        "config.json",
        "checkpoints",
        "log.csv",
        "tensorboard",
        "samples",
        "curves.png",
        "health.jsonl",
    }
    assert not list(straight.rglob(".vidgan-*"))


# Repeating and resuming.


def test_resuming_equals_going_straight_on(straight: Path, dataset: Path, tmp_path: Path) -> None:
    """Four steps, then resumed for four: to the last bit what eight in one go give.

    Weights, moving average, both optimizers, random numbers and the order of clips, across the
    end of an epoch. It shows as well that a seed makes a run repeatable.
    """
    output = vidgan.train(dataset, output=tmp_path / "run", steps=4, **OPTIONS)
    halfway = logged_steps(output), (output / "log.csv").read_text()
    assert vidgan.train(resume=output, steps=8) == output
    assert steps_of(output) == [4, 8]
    for name in (GAN_NAME, EMA_NAME):
        expected = arrays(straight / "checkpoints/step-00000008" / name)
        found = arrays(output / "checkpoints/step-00000008" / name)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=key)
    saved = arrays(output / "checkpoints/step-00000008" / GAN_NAME)
    assert sum("optimizer" in key for key in saved) > sum("optimizer" not in key for key in saved)
    # The log goes on where it was; its losses are those of the other run.
    assert halfway[0] == ["2", "4"]
    assert (output / "log.csv").read_text().startswith(halfway[1])
    for row, other in zip(
        read_log(output / "log.csv"), read_log(straight / "log.csv"), strict=True
    ):
        assert (row["step"], row["d_loss"], row["epoch"]) == (
            other["step"],
            other["d_loss"],
            other["epoch"],
        )
    state = Run.open(output).state()
    assert (state["step"], state["clips"]) == (8, 16)
    assert (
        state["seconds"] > Run.open(output).state(output / "checkpoints/step-00000004")["seconds"]
    )


def test_another_seed_is_another_run(
    straight: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the command line, in the default place, without TensorBoard."""
    monkeypatch.chdir(tmp_path)
    arguments = [argument for argument in ARGUMENTS if "seed" not in argument]
    result = cli("train", dataset, *arguments, "--seed=6", "--steps=1", "--no-tensorboard")
    assert result.exit_code == 0, result.output
    output = Path("runs/00000-dcgan-clips_of_mine")
    assert f"{output}: training on CPU:0, from step 0" in result.output
    assert f"Samples will be in {output}/samples\n" in result.output
    assert f"{output}: done. Samples are in {output}/samples; next:" in result.output
    assert "100% step 1 epoch 0.0" in result.output
    assert not (output / "tensorboard").exists()
    assert [path.suffix for path in (output / "samples").iterdir()].count(".gif") == 0
    found = arrays(output / "checkpoints/step-00000001" / EMA_NAME)
    expected = arrays(straight / "checkpoints/step-00000008" / EMA_NAME)
    assert any((found[key] != expected[key]).any() for key in expected)
    # The newest run is taken, and the next one gets the next number.
    assert Run.open().path == output
    assert next_run_path(Path("runs"), "dcgan", dataset).name == "00001-dcgan-clips_of_mine"


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vidgan", "train", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(
    condition: Callable[[], object], process: subprocess.Popen[str], seconds: float = 120
) -> None:
    """Wait until the training has come so far."""
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"training did not get there: {process.communicate()}")
        time.sleep(0.02)


@pytest.mark.slow
def test_interrupted_then_killed(dataset: Path, tmp_path: Path) -> None:
    """Ctrl-C saves and says how to go on; kill -9 loses what came after the last snapshot only."""
    output = tmp_path / "runs" / "00003-mine"
    process = start(
        dataset, *ARGUMENTS, "--steps=100000", "--log-every=1", "-o", output, cwd=tmp_path
    )
    wait_for(lambda: (output / "log.csv").exists() and logged_steps(output)[2:], process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    interrupted = steps_of(output)[-1]
    assert f"Stopped at step {interrupted} and saved." in out
    assert f"vidgan train --resume {output}" in out
    assert "Traceback" not in out + err
    assert Run.open(output).state()["step"] == interrupted == int(logged_steps(output)[-1])
    assert (output / "curves.png").exists()

    # From elsewhere than it began; "latest" is the newest under runs.
    process = start(
        "--resume=latest", "--snapshot-minutes=0.001", "--log-every=1", "--keep=2", cwd=tmp_path
    )
    wait_for(lambda: steps_of(output)[-1] > interrupted + 2, process)
    wait_for(lambda: int(logged_steps(output)[-1]) > steps_of(output)[-1], process)
    process.kill()
    process.communicate()
    killed = steps_of(output)[-1]
    assert len(steps_of(output)) <= 3  # Two kept, and one perhaps about to go.
    # What a kill in the middle of a save leaves.
    (output / "checkpoints" / ".vidgan-0123abcd").mkdir()

    vidgan.train(resume=output, steps=killed + 2, keep=2)
    steps = [int(step) for step in logged_steps(output)]
    assert steps == list(range(1, killed + 3))
    assert steps_of(output)[-1] == killed + 2
    assert len(steps_of(output)) == 2
    assert not list(output.rglob(".vidgan-*"))


def test_budget_is_used_up(run: Path) -> None:
    before = sorted(path.stat().st_mtime_ns for path in run.rglob("*"))
    result = cli("train", "--resume", run)
    assert result.exit_code == 2
    assert f"{run} has used up its budget (0.2 epochs, 8 steps); give a larger one" in result.output
    assert sorted(path.stat().st_mtime_ns for path in run.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--g-lr=0.1"], "--g-lr cannot change when a run is resumed"),
        (["--frames=16"], "--frames cannot change when a run is resumed"),
        (["--output=elsewhere"], "--output cannot be given with --resume"),
        (["--dry-run"], "--dry-run and --resume do not go together"),
    ],
)
def test_what_stays_when_resuming(run: Path, arguments: list[str], text: str) -> None:
    result = cli("train", "--resume", run, "--steps=9", *arguments)
    assert result.exit_code == 2
    assert text in result.output
    assert steps_of(run) == [8]


def test_resume_with_a_dataset_of_another_size(run: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "other", (20, 20), (20,), (32, 32))
    with pytest.raises(DatasetError, match="frames are 32x32, the run was trained on 40x32"):
        vidgan.train(tmp_path / "other", resume=run, steps=9)


def test_resume_with_a_dataset_of_another_rate(run: Path, tmp_path: Path) -> None:
    size = Run.open(run).size
    make_dataset(tmp_path / "other", (20, 20), (20,), size, fps=10.0)
    with pytest.raises(DatasetError, match="has 10 frames/s, the run was trained on"):
        vidgan.train(tmp_path / "other", resume=run, steps=9)


@pytest.mark.slow
def test_resume_after_the_dataset_went(run: Path, dataset: Path, tmp_path: Path) -> None:
    """It says where the dataset was; a dataset that has moved can be named."""
    values = json.loads((run / "config.json").read_text())
    values["dataset"]["path"] = str(tmp_path / "gone")
    (run / "config.json").write_text(json.dumps(values))
    with pytest.raises(DatasetError, match="gone: no dataset there"):
        vidgan.train(resume=run, steps=9)
    vidgan.train(dataset, resume=run, steps=9)
    assert steps_of(run)[-1] == 9


# Divergence and lack of room.


def test_divergence_keeps_the_last_good_checkpoint(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = VideoGAN._logs

    def spoil(self: Any, found: Any) -> dict[str, tf.Tensor]:
        logs = original(self, found)
        return logs | {"g_loss": tf.where(self.step == 2, math.nan, logs["g_loss"])}

    monkeypatch.setattr(VideoGAN, "_logs", spoil)
    output = tmp_path / "run"
    result = cli(
        "train",
        dataset,
        *ARGUMENTS,
        "--steps=9",
        "--snapshot-minutes=0.001",
        "--no-health",
        "-o",
        output,
    )
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith("Error: g_loss is nan at step 3: training has diverged; try half of")
    # The first step builds the graph, which takes longer than the time between two snapshots.
    good = steps_of(output)[-1]
    assert 1 <= good <= 2
    assert all(
        np.isfinite(value).all()
        for value in arrays(Run.open(output).checkpoint() / EMA_NAME).values()
    )
    assert int(load_gan(Run.open(output)).step) == good


def test_weights_that_are_not_finite_are_not_saved(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losses look sound for one more step when the optimizer has just broken the weights."""
    original = VideoGAN._update_average

    def spoil(self: Any) -> None:
        original(self)
        weight = self.generator.trainable_variables[0]
        weight.assign(tf.where(self.step == 1, math.nan, weight))

    monkeypatch.setattr(VideoGAN, "_update_average", spoil)
    with pytest.raises(TrainingError, match="no longer finite at step 2"):
        vidgan.train(dataset, output=tmp_path / "run", steps=2, **OPTIONS)
    assert steps_of(tmp_path / "run") == []


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(run: Path, tmp_path: Path) -> None:
    """The next snapshot finds no room: one line, and what was saved before is whole."""
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    with small_disk(tmp_path / "disk", str(size + 100 * 1024)) as disk:
        output = shutil.copytree(run, disk / "run")
        result = cli("train", "--resume", output, "--steps=9")
        assert result.exit_code == 1
        last = result.output.splitlines()[-1]
        assert last.startswith(
            f"Error: {output / 'checkpoints' / 'step-00000009'}: cannot be written"
        )
        assert "No space left on device" in last
        assert "free some space" in last
        assert steps_of(output) == [8]
        assert not list(output.rglob(".vidgan-*"))
        load_gan(Run.open(output))


def test_full_disk_for_the_log(run: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4M") as disk:
        output = shutil.copytree(run, disk / "run")
        with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        result = cli("train", "--resume", output, "--steps=9")
        assert result.exit_code == 1
        assert "No space left on device" in result.output.splitlines()[-1]
        load_gan(Run.open(output))


def test_output_cannot_be_written(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = cli(
        "train", dataset, *ARGUMENTS, "--steps=1", "-o", tmp_path / "file" / "deep" / "run"
    )
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith(f"Error: {tmp_path / 'file'}")
    assert "cannot be written" in last


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_in_a_folder_that_is_read_only(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o555)
    with pytest.raises(ExportError, match="Permission denied"):
        vidgan.train(dataset, output=tmp_path / "shut" / "run", steps=1, **OPTIONS)


def test_memory_that_does_not_suffice(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gan = job_gan(dataset)
    room = (memory.estimate_memory(gan, 5) + memory.estimate_memory(gan, 6)) // 2
    monkeypatch.setattr(memory, "available_memory", lambda device: room)
    options = [a for a in ARGUMENTS if "batch" not in a]
    for extra in ([], ["--dry-run"]):
        result = cli("train", dataset, *options, "--batch-size=8", "-o", tmp_path / "run", *extra)
        assert result.exit_code == 1
        assert "--batch-size 8 needs about" in result.output
        assert "use --batch-size 5" in result.output
        assert not (tmp_path / "run").exists()
    monkeypatch.setattr(memory, "available_memory", lambda device: 0)
    with pytest.raises(TrainingError, match="use fewer --frames or a smaller --size"):
        run_config.check_memory(
            gan,
            run_config.new_run(
                [dataset], [Manifest.load(dataset)], Path(), TrainingOptions.parse(DEFAULT_TASK, {})
            ),
            Distribution(None, "/CPU:0"),
        )


def job_gan(dataset: Path) -> VideoGAN:
    from vidgan.tasks.synthesis import build_gan

    return build_gan(
        run_config.new_run(
            [dataset],
            [Manifest.load(dataset)],
            Path(),
            TrainingOptions.parse(DEFAULT_TASK, OPTIONS),
        )
    )


def test_memory_of_this_machine() -> None:
    free = memory.available_memory("/CPU:0")
    assert free is None or 2**26 < free < 2**46


def test_memory_within_a_control_group(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  5000 kB\n")
    (tmp_path / "self" / "status").write_text("Name:\tpython\nVmRSS:\t  100 kB\n")
    assert memory._available_host(tmp_path, tmp_path) == 5100 * 1024
    (tmp_path / "memory.max").write_text("2048000\n")
    (tmp_path / "memory.current").write_text("1024000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 512000\n")
    assert memory._available_host(tmp_path, tmp_path) == 2048000 - 512000 + 100 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._available_host(tmp_path, tmp_path) == 5100 * 1024
    assert memory._available_host(tmp_path / "nowhere", tmp_path) is None


# What cannot be trained on.


def test_batch_larger_than_the_dataset(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        vidgan.train(dataset, output=tmp_path / "run", **{**OPTIONS, "batch_size": 12})
    assert "holds 11 training clips; use --batch-size 11 or less" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_default_batch_and_budget(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "DEFAULT_BATCH", 13)
    options = {name: value for name, value in OPTIONS.items() if name != "batch_size"}
    run = run_config.new_run(
        [dataset], [Manifest.load(dataset)], Path(), TrainingOptions.parse(DEFAULT_TASK, options)
    )
    assert run.train.batch_size == 11
    assert run.train.minutes == configs.DEFAULT_MINUTES
    assert run.train.epochs is None
    assert run.train.patience == (configs.DEFAULT_PATIENCE if run.train.metrics != "none" else 0)
    large = Manifest.load(dataset)
    large.splits["train"].lengths.extend([100] * 4)
    run = run_config.new_run(
        [dataset], [large], Path(), TrainingOptions.parse(DEFAULT_TASK, {**options, "steps": 3})
    )
    assert run.train.batch_size == 13
    assert run.train.epochs is None
    assert run.train.patience == 0


@pytest.mark.parametrize(
    ("options", "free", "wanted"),
    [
        ({}, 200 * 2**30, 32),
        ({"reconstruction": 0.0, "pairs": False}, 200 * 2**30, 32),
        ({}, None, 32),  # Unknown.
        ({}, 0, 4),  # A pair on each; whether it fits is checked later.
        ({"batch_size": 6}, 0, 6),
    ],
)
def test_batch_of_two_gpus(
    dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    free: int | None,
    wanted: int,
) -> None:
    monkeypatch.setattr(runtime, "choose_devices", lambda name: ["/GPU:0", "/GPU:1"])
    monkeypatch.setattr(memory, "available_memory", lambda device: free)
    manifest = Manifest.load(dataset)
    manifest.splits["train"].lengths.extend([100] * 4)
    requested = TrainingOptions.parse(DEFAULT_TASK, {"frames": 8, **options})
    run = run_config.new_run([dataset], [manifest], Path(), requested)
    assert run.train.batch_size == wanted


def test_batch_of_a_gpu_fits_its_memory(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "choose_devices", lambda name: ["/GPU:0"])
    manifest = Manifest.load(dataset)
    manifest.splits["train"].lengths.extend([100] * 4)
    requested = TrainingOptions.parse(DEFAULT_TASK, {"frames": 8})

    monkeypatch.setattr(memory, "available_memory", lambda device: 200 * 2**30)
    run = run_config.new_run([dataset], [manifest], Path(), requested)
    assert run.train.batch_size == configs.GPU_BATCH
    gan = tasks.find_task(run.task).build(run)
    for clips, wanted in ((4, 4), (9, 8)):  # Pairs.
        free = memory.estimate_memory(gan, clips)
        monkeypatch.setattr(memory, "available_memory", lambda device, free=free: free)
        run = run_config.new_run([dataset], [manifest], Path(), requested)
        assert run.train.batch_size == wanted


def test_patience_ends_with_a_new_budget(dataset: Path, tmp_path: Path) -> None:
    """A user who resumes a run with more minutes gets them all, unless told otherwise."""
    options = TrainingOptions.parse(DEFAULT_TASK, {"patience": 2})
    run = run_config.new_run([dataset], [Manifest.load(dataset)], tmp_path, options)
    assert run.train.patience == 2
    run.save()
    (tmp_path / "checkpoints").mkdir()
    assert run_config.resumed_run(tmp_path, {}).train.patience == 2
    assert run_config.resumed_run(tmp_path, {"minutes": 60.0}).train.patience == 0
    both = run_config.resumed_run(tmp_path, {"minutes": 60.0, "patience": 3})
    assert both.train.patience == 3


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((35, 64), "data: --size 35x64: sides are even numbers of pixels from 32 to 512"),
        ((64, 16), "data: --size 64x16: sides are even numbers of pixels from 32 to 512"),
    ],
)
def test_size_that_is_not_possible(tmp_path: Path, size: tuple[int, int], text: str) -> None:
    make_dataset(tmp_path / "data", (20, 20), (), size)
    result = cli("train", tmp_path / "data", *ARGUMENTS, "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert text in result.output
    assert "--size" in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"frames": 32, "stride": 2}, "the longest training shot has 36 frames, a clip needs 63"),
        ({"augment": "colour"}, "--augment 'colour' is none of"),
        ({"device": "gpu:7"}, "--device gpu:7: TensorFlow finds"),
        ({"device": "tpu"}, "--device 'tpu' is none of"),
        ({"volume": 3}, "unknown option 'volume'"),
        ({"epochs": 0}, "--epochs 0 is too small"),
        ({"frames": 9}, "--frames 9 is none of 8, 16, 32"),
    ],
)
def test_options_that_cannot_work(
    dataset: Path, tmp_path: Path, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(vidgan.VidganError) as caught:
        vidgan.train(dataset, output=tmp_path / "run", **{**OPTIONS, **options})
    assert text in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_no_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("train")
    assert result.exit_code == 1
    assert result.output == (
        "Error: vidgan-data: no dataset there (no manifest.json); make one with vidgan preprocess\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_damaged_shard(dataset: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(dataset, tmp_path / "data")
    shard = next(folder.glob("train-*"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    result = cli("train", folder, *ARGUMENTS, "--epochs=2", "-o", tmp_path / "run")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith(f"Error: {shard}: is damaged; run vidgan")


def test_output_that_exists(dataset: Path, run: Path) -> None:
    result = cli("train", dataset, *ARGUMENTS, "-o", run)
    assert result.exit_code == 2
    assert f"--output {run} exists already; choose another or --resume {run}" in result.output
    assert steps_of(run) == [8]


# Runs that cannot be opened.


def spoil_config(text: str | None = None, **changes: Any) -> Callable[[Path], None]:
    def spoil(run: Path) -> None:
        path = run / "config.json"
        values = json.loads(path.read_text())
        for key, value in changes.items():
            part, _, name = key.partition("__")
            if name:
                values[part][name] = value
            else:
                values[part] = value
        path.write_text(json.dumps(values) if text is None else text)

    return spoil


def truncate_weights(run: Path) -> None:
    path = run / "checkpoints/step-00000008" / GAN_NAME
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty_weights(run: Path) -> None:
    (run / "checkpoints/step-00000008" / GAN_NAME).write_bytes(b"")


def remove_weights(run: Path) -> None:
    (run / "checkpoints/step-00000008" / GAN_NAME).unlink()


def remove_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")


def remove_state(run: Path) -> None:
    (run / "checkpoints/step-00000008/state.json").unlink()


def spoil_state(run: Path) -> None:
    (run / "checkpoints/step-00000008/state.json").write_text('{"step": 8}')


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (spoil_config("{"), "config.json: not what vidgan train writes (not valid JSON"),
        (spoil_config("[1]"), "config.json: not what vidgan train writes"),
        (
            spoil_config("{}"),
            "config.json: not what vidgan train writes (object missing",
        ),
        (spoil_config(format=2), "config.json: format 2 is newer than this vidgan; upgrade"),
        (spoil_config(train__volume=3), "config.json: unknown option 'volume'"),
        (spoil_config(train__r1=-1), "config.json: --r1 -1.0 is too small"),
        (spoil_config(train__mirror="no"), "config.json: mirror: expected bool, got str"),
        (spoil_config(model__g_channels=8), "does not fit the run's config.json or is damaged"),
        (spoil_config(model__frames=16), "does not fit the run's config.json or is damaged"),
        (remove_checkpoints, "the run has no checkpoint yet"),
        (remove_weights, "gan.weights.h5: missing"),
        (truncate_weights, "gan.weights.h5: it has changed since it was written"),
        (empty_weights, "gan.weights.h5: it has changed since it was written"),
        (remove_state, "state.json: cannot be read"),
        (
            spoil_state,
            "state.json: not what vidgan train writes (object missing",
        ),
    ],
)
def test_run_that_cannot_be_resumed(run: Path, spoil: Callable[..., Any], text: str) -> None:
    spoil(run)
    with pytest.raises(RunError) as caught:
        vidgan.train(resume=run, steps=9)
    message = str(caught.value)
    assert text in message
    assert str(run) in message
    assert "\n" not in message
    assert len(message) < 500


def test_checkpoint_of_another_shape(
    run: Path, straight: Path, dataset: Path, tmp_path: Path
) -> None:
    """Another run's weights under this run's name."""
    other = Run.open(straight)
    wide = Run(tmp_path, other.model.replace(d_channels=8), other.train, dataset, other.size, 25.0)
    from vidgan.tasks.synthesis import build_gan

    build_gan(wide).save_weights(run / "checkpoints/step-00000008" / GAN_NAME)
    # As in a run of an earlier version, which holds no hashes of the weights.
    state = run / "checkpoints/step-00000008/state.json"
    values = json.loads(state.read_text())
    del values["sha256"]
    state.write_text(json.dumps(values))
    with pytest.raises(RunError, match="does not fit the run's config"):
        vidgan.train(resume=run, steps=9)


@pytest.mark.parametrize("arguments", [["--resume", "nowhere"], ["--resume", "latest"]])
def test_no_run_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("train", *arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "no run there" in result.output
    assert "vidgan train" in result.output


# What it would be.


def test_dry_run(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("train", dataset, *ARGUMENTS, "--epochs=1000000", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert lines["latent_dim"] == "6"
    assert lines["epochs"] == "1000000.0"
    assert lines["clips"].startswith("8 frames of 40x32 at 12.5 frames/s; 64 an epoch")
    gan = job_gan(dataset)
    assert lines["parameters"] == (
        f"generator {gan.generator.count_params():,}, "
        f"discriminator {gan.discriminators['clip'].count_params():,}"
    )
    assert lines["memory"] == f"about {memory.estimate_memory(gan, 2) / 2**30:.1f} GiB"
    clips_per_second, hours = lines["speed"].split()[0], lines["time"].split()[1]
    assert float(hours) == pytest.approx(64e6 / float(clips_per_second) / 3600, rel=0.05)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(dataset: Path, preset: str) -> None:
    """All that a preset says can be trained; what the user says counts for more."""
    # The GAN alone, which is traced in less time.
    alone: dict[str, Any] = {"reconstruction": 0.0, "batch_size": 2}
    own: dict[str, Any] = {"preset": preset, "frames": 8, "steps": 1, **alone}
    run = planning.plan([dataset], TrainingOptions.parse(DEFAULT_TASK, own)).run
    assert run.train.preset == preset
    options: dict[str, Any] = run.model.to_json() | run.train.to_json()
    assert PRESETS[preset].items() <= options.items()
    given: dict[str, int] = {}
    for name, value in PRESETS[preset].items():
        assert isinstance(value, int)
        given[name] = value // 2
    parsed = TrainingOptions.parse(DEFAULT_TASK, {**own, **given})
    run = run_config.new_run([dataset], [Manifest.load(dataset)], Path(), parsed)
    assert given.items() <= run.model.to_json().items()


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        ({"minutes": 3.0}, 180),
        ({"steps": 1800}, 3630),
        ({"epochs": 10.0}, 280),
        ({"minutes": 3.0, "steps": 1800, "epochs": 1000.0}, 180),
        ({"minutes": 300.0, "steps": 1800, "epochs": 1000.0}, 3630),
    ],
)
def test_time_that_the_budget_takes(budget: dict[str, Any], seconds: float) -> None:
    """Steps of 2 s after 30 s of tracing, epochs of 100 clips in batches of 8."""
    config = TrainConfig(batch_size=8, **budget)
    assert planning._seconds(config, 2.0, 30.0, 100) == pytest.approx(seconds)
