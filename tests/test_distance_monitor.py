"""Distances measured while training: the figures, what they cost, the best checkpoint, patience."""

import itertools
import json
import math
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from dataset_files import make_dataset
from pictures import read_picture
from scipy.linalg import hadamard
from tiny_run import measurement

import vidgan
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import OptionError, RunError, TrainingError
from vidgan.metrics.covariance import OAS
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments
from vidgan.tasks.load import load_gan
from vidgan.tasks.synthesis import TASK
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training import distance_metrics, loop
from vidgan.training.callbacks.distance import FIRST_SEED, DistanceMonitor
from vidgan.training.callbacks.log import FIRST_COLUMNS, LAST_COLUMNS, Log
from vidgan.training.curves import draw
from vidgan.training.distance_metrics import METRICS, Distance
from vidgan.training.events import EventFile
from vidgan.training.log_file import LOG_NAME, read_log
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler
from vidgan.training.state import (
    SIGNIFICANT,
    Measurement,
    best_checkpoint,
    distance_column,
    read_measurement,
)

TINY: dict[str, Any] = {
    "frames": 8,
    "latent_dim": 6,
    "g_channels": 4,
    "d_channels": 4,
    "batch_size": 2,
    "log_every": 1,
    "seed": 5,
    "precision": "float32",
    "tensorboard": False,
    "health": False,
}
# A quarter of the clips, and looks as often as the clock below lets them be.
OFTEN: dict[str, Any] = {"metric_share": 1.0, "metric_every": "0.25"}
GENERATED, REAL = 16, 40
CHANCE = 0.5


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distance_metrics, "GENERATED", GENERATED)
        patch.setattr(distance_metrics, "REAL", REAL)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty test clips of eight frames; of every second one is measured."""
    folder = tmp_path_factory.mktemp("measuring") / "clips"
    make_dataset(folder, (40, 40), (320, 320), labels=("a", "b"))
    return folder


class Clock:
    """A second passes whenever it is looked at: two in each step as in each measurement."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def train(*args: Any, **options: Any) -> Path:
    return vidgan.train(*args, clock=Clock(), **options)


@pytest.fixture(scope="module")
def measured(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[str]]:
    output = tmp_path_factory.mktemp("measured") / "run"
    lines: list[str] = []
    options: dict[str, Any] = {
        **TINY,
        **OFTEN,
        "metrics": "frechet,kernel",
        "steps": 30,
        "keep": 50,
    }
    train(dataset, output=output, notify=lines.append, **options)
    return Run.open(output), lines


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let distances be what the test says, two of which differ by CHANCE where it is chance."""
    script: Iterator[float | Callable[[], float]] = iter(())
    patterns = itertools.cycle(hadamard(GENERATED)[1:])

    def say(*values: float | Callable[[], float]) -> None:
        nonlocal script
        script = itertools.chain(values, itertools.repeat(99.0))

    def measure(real: np.ndarray, made: np.ndarray) -> Distance:
        said = next(script)
        value = said() if callable(said) else said
        # Any two patterns are uncorrelated.
        influence = next(patterns) * CHANCE / SIGNIFICANT * (GENERATED / 2) ** 0.5
        return Distance(value, (np.zeros(len(real)), influence))

    monkeypatch.setitem(distance_metrics.METRICS, "frechet", measure)
    return say


class Steps(keras.Model):
    """Stands in for the networks: its steps do nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.budget_used = tf.Variable(0.0)

    def step_at(self, budget_used: float) -> Callable[[object], dict[str, tf.Tensor]]:
        step: Callable[[object], dict[str, tf.Tensor]] = self.train_step
        return step

    def train_step(self, data: object) -> dict[str, tf.Tensor]:
        return dict.fromkeys(("d_loss", "g_loss"), tf.constant(1.0))


class Noise(EmaSampler):
    """Stands in for a sampler: clips of noise, without networks."""

    def __init__(self) -> None:
        pass

    def batches(self, noise: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
        count = len(noise["latent"])
        yield np.random.default_rng(0).integers(0, 256, (count, 8, 32, 32, 3), np.uint8)


def follow(
    dataset: Path,
    folder: Path,
    clock: Clock | None = None,
    gan: keras.Model | None = None,
    **options: Any,
) -> tuple[DistanceMonitor, Progress, list[str]]:
    """Measure a training without networks; return who measured, how far it came and what it did."""
    train = TrainConfig(batch_size=2, **options)
    run = Run(folder, ModelConfig(frames=8), train, dataset, (32, 32), 25.0)
    progress, clock = Progress(budget=train), clock or Clock()
    lines: list[str] = []
    measuring = DistanceMonitor(
        run,
        Manifest.load(dataset),
        progress,
        Noise(),
        lambda: lines.append(f"save at step {progress.step}"),
        lines.append,
        clock,
    )
    data = itertools.repeat(tf.zeros((2, 1)))
    loop.train(gan or Steps(), data, progress, [measuring], 10, clock)
    return measuring, progress, lines


def logged(run: Path, name: str = "frechet") -> dict[int, float]:
    """Return the figures in the log by their steps."""
    key = distance_column(name)
    return {int(row["step"]): row[key] for row in read_log(run / "log.csv") if key in row}


def last_of(progress: Progress) -> Measurement:
    assert progress.measurement is not None
    return progress.measurement


def summary_of(measuring: DistanceMonitor) -> str:
    summary = measuring.summary()
    assert summary is not None
    return summary


def steps_of(run: Path) -> list[int]:
    return [int(path.name.removeprefix("step-")) for path in Run.open(run).checkpoints()]


# Measurements.


@pytest.mark.slow
def test_figure_is_that_of_the_moving_average(
    measured: tuple[Run, list[str]], dataset: Path
) -> None:
    """The best checkpoint makes the clips that were measured, and they have the distance noted."""
    run, _ = measured
    embed = FEATURES[distance_metrics.FEATURES_NAME].load()
    clips = vidgan.load(run.path, checkpoint="best").generate(
        seeds=range(FIRST_SEED, FIRST_SEED + GENERATED)
    )
    # Sixteen clips are few for the features: the covariances are shrunk.
    real = [clip for clip, _ in labelled_clips(Manifest.load(dataset), "test", 8)][::2]
    expected = frechet_distance(Moments.of(embed(np.stack(real))), Moments.of(embed(clips)), OAS)
    found = measurement(run, "best")
    assert found.value == pytest.approx(expected, rel=1e-4)
    assert found.value == pytest.approx(logged(run.path)[found.step], rel=1e-5)
    assert found.protocol.startswith(
        f"{distance_metrics.FEATURES_NAME}, 16 clips against 40 of test ("
    )


def test_what_a_run_leaves(measured: tuple[Run, list[str]]) -> None:
    run, lines = measured
    kernel, frechet = (logged(run.path, name) for name in ("kernel", "frechet"))
    assert list(kernel) == list(frechet)
    assert len(kernel) >= 3
    assert all(value > 0 for value in frechet.values())
    assert all(math.isfinite(value) for value in kernel.values())
    # All were saved that were the best so far: the best of all is known.
    lowest = min(frechet, key=frechet.__getitem__)
    assert run.best() == run.checkpoint("best") == run.checkpoint(str(lowest))
    # The last step is looked at, too.
    assert max(frechet) == 30 == measurement(run, "latest").step
    assert f"at step {lowest}, the best (--checkpoint best)" in lines[-1]
    # With panels of both.
    rows = read_log(run.path / LOG_NAME)
    labels = {axes.get_ylabel() for axes in draw(rows, "", TASK.panels).axes}
    assert {panel.label for panel in distance_metrics.PANELS} <= labels
    height = draw(rows, "", TASK.panels).get_figheight()
    assert read_picture(run.path / "curves.png").shape[0] == pytest.approx(100 * height, abs=1)


def test_info_tells(measured: tuple[Run, list[str]]) -> None:
    run, _ = measured
    step = measurement(run, "best").step
    text = CliRunner().invoke(main, ["info", str(run.path)]).output
    assert re.search(
        rf"best +step {step}: frechet distance [\d.e-]+ "
        rf"\({distance_metrics.FEATURES_NAME}, 16 clips",
        text,
    )
    one = CliRunner().invoke(main, ["info", str(run.path), "--checkpoint", "best"]).output
    assert one.startswith(f"Checkpoint {run.best()}")
    assert vidgan.info(run.path)["best"]["step"] == step


@pytest.mark.slow
def test_measuring_changes_nothing(
    measured: tuple[Run, list[str]], dataset: Path, tmp_path: Path
) -> None:
    """The same weights, to the bit, without."""
    off = train(dataset, output=tmp_path / "off", metrics="none", steps=30, **TINY)
    pair = [load_gan(run) for run in (measured[0], Run.open(off))]
    for name in ("generator", "generator_ema", "d_optimizer"):
        weights = [[v.numpy() for v in getattr(gan, name).variables] for gan in pair]
        for a, b in zip(*weights, strict=True):
            np.testing.assert_array_equal(a, b)
    assert logged(off) == {}
    with pytest.raises(RunError, match="no checkpoint was measured"):
        Run.open(off).checkpoint("best")


@pytest.mark.slow
def test_labels_stride_and_half_precision(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clips are measured with labels as frequent as among the real ones."""
    seen = []
    original = VideoGAN.call

    def call(self: Any, inputs: dict[str, tf.Tensor], training: bool = False) -> Any:
        tf.py_function(lambda labels: seen.extend(labels.numpy()), [inputs["label"]], [])
        return original(self, inputs, training)

    monkeypatch.setattr(VideoGAN, "call", call)
    options: dict[str, Any] = {
        "conditional": True,
        "stride": 2,
        "precision": "mixed_bfloat16",
        "steps": 12,
    }
    run = train(dataset, output=tmp_path / "run", **{**TINY, **OFTEN, **options})
    assert len(logged(run)) >= 1
    # Two shots, one of each label.
    assert np.mean(seen[:GENERATED]) == 0.5
    assert "against 21 of test" in measurement(Run.open(run), "best").protocol


def test_cost_is_kept_within_the_share(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = Clock(), []

    def slow(real: np.ndarray, made: np.ndarray) -> Distance:
        clock.now += 20
        asked.append(clock.now)
        return Distance(1.0, (real[:, 0], made[:, 0]))

    monkeypatch.setitem(distance_metrics.METRICS, "frechet", slow)
    measuring, progress, _ = follow(
        dataset, tmp_path, clock, steps=200, metric_share=0.5, metric_every="0.01"
    )
    # Two to measure, and what the distance takes.
    spent = 22.0 * len(asked)
    assert 0.4 * progress.seconds < spent <= 0.5 * progress.seconds
    assert last_of(progress).step == progress.step == 200
    took = re.search(r"took ([\d.]+)% of the training time", summary_of(measuring))
    assert took is not None
    assert float(took[1]) == pytest.approx(100 * spent / progress.seconds, abs=0.1)


def test_time_between_measurements() -> None:
    train = TrainConfig(metric_every="2.5")
    assert train.metric_minutes == 2.5
    assert TrainConfig().metric_minutes is None
    for wrong in ("0", "-1", "often", "nan", "1e6"):
        with pytest.raises(OptionError, match="neither auto nor minutes"):
            TrainConfig(metric_every=wrong)


# What there is to compare with.


def run_of(tmp_path: Path, frames: int = 8) -> Run:
    return Run(tmp_path, ModelConfig(frames=frames), TrainConfig(), tmp_path, (32, 32), 25.0)


def test_split(dataset: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path)
    assert distance_metrics.choose_real_clips(run, Manifest.load(dataset)) == (("test", 8), None)
    real, line = distance_metrics.choose_real_clips(
        run, make_dataset(tmp_path / "train", (8 * 32,), (8 * 31,), shards=1)
    )
    assert real == ("train", 8)
    assert line is not None
    assert "31 test clips, 32 are needed" in line
    assert "--test-share" in line


def test_short_video(tmp_path: Path) -> None:
    """Its clips overlap, so that there are enough to compare with."""
    make_dataset(tmp_path / "clips", (7, 24, 23), ())
    measuring, progress, lines = follow(tmp_path / "clips", tmp_path, steps=20, **OFTEN)
    assert "memorised clips score well" in lines[0]
    assert "longer videos" in lines[0]
    # Of 17 + 16 windows of 8 frames.
    assert "against 33 of train" in last_of(progress).protocol
    windows = [clip for clip, _ in labelled_clips(measuring.manifest, "train", 8, step=5)]
    shots = [clip for clip, _ in labelled_clips(measuring.manifest, "train", 23)]
    expected = [shot[start : start + 8] for shot in shots for start in (0, 5, 10, 15)]
    np.testing.assert_array_equal(windows, expected)


def test_too_few_clips(tmp_path: Path) -> None:
    """One line says so, and training goes on."""
    make_dataset(tmp_path / "clips", (20, 25), ())
    measuring, progress, lines = follow(tmp_path / "clips", tmp_path, steps=200, patience=1)
    (line,) = lines
    assert "0 test and 5 training clips are too few, 32 of one are needed" in line
    assert (progress.step, progress.measurement, measuring.summary()) == (200, None, None)


def test_every_so_manieth_clip(dataset: Path) -> None:
    manifest = Manifest.load(dataset)
    every = [clip for clip, _ in labelled_clips(manifest, "test", 8)]
    third = [clip for clip, _ in labelled_clips(manifest, "test", 8, every=3)]
    np.testing.assert_array_equal(third, every[::3])


# The best checkpoint.


def checkpoint(folder: Path, number: int, **measured: Any) -> Path:
    path = folder / f"step-{number:08d}"
    path.mkdir()
    state: dict[str, Any] = {"step": number, "clips": 1, "epoch": 1.0, "seconds": 1.0}
    if measured:
        made = Measurement(number, "frechet", "p", value=0.1, mark=0.0)
        state["measurement"] = made.to_json() | measured
    (path / "state.json").write_text(json.dumps(state))
    return path


def test_best(tmp_path: Path) -> None:
    made = [
        checkpoint(tmp_path, 1, value=0.1, protocol="of another dataset"),
        checkpoint(tmp_path, 2, value=3.0),
        checkpoint(tmp_path, 3, value=2),
        checkpoint(tmp_path, 4, value=2.0),
        checkpoint(tmp_path, 5, value=1.0, step=4),
        checkpoint(tmp_path, 6, value=0.5),
        checkpoint(tmp_path, 7),
        checkpoint(tmp_path, 8, value=4.0),
    ]
    (made[5] / "state.json").write_text('{"step": 6, "measurement": {"value": "0.')
    assert best_checkpoint(made) == made[2]
    assert best_checkpoint([made[6]]) is None


@pytest.mark.parametrize(
    "change", [{"value": "0.1"}, {"value": float("nan")}, {"waited": 1.5}, {"metric": None}]
)
def test_damaged_measurement(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="checkpoint is damaged"):
        read_measurement(checkpoint(tmp_path, 1, **{"value": 0.1} | change))


def test_marks() -> None:
    """A gain counts where it is more than chance; small gains add up to one."""
    last: Measurement | None = None
    waited = []
    for value in (10.0, 9.7, 9.6, 9.4, 9.3, 9.9, 5.0):
        last = Measurement(1, "kernel", "p", value, mark=value).after(last, CHANCE / SIGNIFICANT)
        waited.append(last.waited)
    assert waited == [0, 1, 2, 0, 1, 2, 0]
    assert last is not None
    assert Measurement(1, "kernel", "another", 50.0, mark=50.0).after(last, 1.0).waited == 0
    assert Measurement.from_json(last.to_json()) == last


@pytest.mark.parametrize("name", METRICS)
def test_noise_is_that_of_other_clips(name: str) -> None:
    """As figures of two steps scatter with clips and latents that are drawn again for both."""
    random = np.random.default_rng(0)
    real, first = random.normal(size=(2, 60, 4))
    later = 0.5 * first + 0.2 * random.normal(size=first.shape) + 0.3
    differences = []
    for _ in range(60):
        i, j = random.integers(0, 60, (2, 60))
        figures = [METRICS[name](real[i], made[j]).value for made in (first, later)]
        differences.append(figures[1] - figures[0])
    noise = METRICS[name](real, first).noise(METRICS[name](real, later))
    assert noise == pytest.approx(np.std(differences), rel=0.3)


def test_best_and_patience(dataset: Path, tmp_path: Path, figures: Callable[..., None]) -> None:
    """The newest and the best are kept; training stops, says so and remembers."""
    lines: list[str] = []
    output = tmp_path / "run"
    figures(5.0, 3.0, 3.5, 2.9, 4.0, 4.0)
    options: dict[str, Any] = {**TINY, **OFTEN, "patience": 3, "keep": 1, "schedule": "constant"}
    train(dataset, output=output, notify=lines.append, steps=500, **options)
    found = logged(output)
    assert list(found.values()) == [5.0, 3.0, 3.5, 2.9, 4.0]
    *_, chosen, last = found
    assert last < 500
    assert steps_of(output) == [chosen, last]
    assert "no significant improvement in 3 measurements" in lines[-1]
    # The best one generates what it says.
    npy = tmp_path / "a.npy"
    arguments = ["generate", str(output), "--checkpoint=best", "--n=2", "--no-sharpen"]
    result = CliRunner().invoke(main, [*arguments, "-o", str(npy)])
    assert result.exit_code == 0, result.output
    expected = vidgan.load(output, checkpoint=str(chosen)).generate(n=2)
    np.testing.assert_array_equal(np.load(npy), expected)

    with pytest.raises(OptionError, match="3 measurements in a row were no better"):
        train(resume=output)
    # It goes on waiting where it was, and knows its best.
    figures(4.0, 3.0, 2.5, 4.0)
    train(resume=output, patience=5)
    assert list(logged(output).values())[5:] == [4.0, 3.0]
    assert steps_of(output) == [chosen, max(logged(output))]


@pytest.mark.parametrize("budget", [{"steps": 500}, {"epochs": 500.0}, {"minutes": 100.0}])
def test_early_end_with_a_schedule(
    budget: dict[str, Any], dataset: Path, tmp_path: Path, figures: Callable[..., None]
) -> None:
    """The learning rate decays to 0 before the end, also of a run that was interrupted."""
    figures(5.0, 3.0, 3.0, 3.0, 3.0)
    options = {**OFTEN, **budget, "patience": 2, "schedule": "cosine"}
    _, progress, lines = follow(dataset, tmp_path, **options)
    (line,) = [line for line in lines if "No significant improvement" in line]
    saved = Run.open(tmp_path).train
    assert saved.minutes is not None
    assert f"after {saved.minutes:.1f} minutes" in line
    assert progress.seconds == pytest.approx(60 * saved.minutes, abs=2)
    # After two measurements that were no better, at four fifths of the new budget.
    assert progress.step == pytest.approx(30 * saved.minutes, abs=2)
    assert progress.budget_used == pytest.approx(1, abs=0.05)


def test_patience_that_is_off(dataset: Path, tmp_path: Path, figures: Callable[..., None]) -> None:
    figures(1.0)
    measuring, progress, lines = follow(dataset, tmp_path, steps=100, **OFTEN)
    assert (progress.step, lines) == (100, ["save at step 11"])
    assert last_of(progress).waited >= 8
    assert "Stopped early" not in summary_of(measuring)


def test_interrupted_while_measuring(
    dataset: Path, tmp_path: Path, figures: Callable[..., None]
) -> None:
    def interrupt() -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    figures(2.0, interrupt)
    _, progress, lines = follow(dataset, tmp_path, steps=100, **OFTEN)
    assert progress.step == last_of(progress).step < 100
    assert lines == ["save at step 11", f"save at step {progress.step}"]


def test_broken_weights_are_not_measured(
    dataset: Path, tmp_path: Path, figures: Callable[..., None]
) -> None:
    figures(0.0)
    gan = Steps()
    gan.add_weight(shape=(2,), initializer=lambda shape, dtype: tf.constant([1.0, math.nan]))
    with pytest.raises(TrainingError, match="no longer finite at step"):
        follow(dataset, tmp_path, gan=gan, steps=300, **OFTEN)


def test_log_of_an_earlier_vidgan(tmp_path: Path) -> None:
    """It has fewer columns; its lines stay, and figures follow them."""
    new = [distance_column(name) for name in METRICS]
    columns = (*FIRST_COLUMNS, *TASK.columns, *LAST_COLUMNS)
    old = [name for name in columns if name not in new]
    lines = [",".join(old), *(",".join([str(step)] * len(old)) for step in (10, 20, 30)), "40,4"]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    progress = Progress(step=20, clips=40)
    log = Log(run_of(tmp_path), progress, EventFile(None, print), TASK.columns)
    rates = [keras.Variable(rate) for rate in (1e-3, 2e-3)]
    log.set_model(SimpleNamespace(schedules=SimpleNamespace(rates=rates)))
    log.on_train_begin()
    progress.step = 40
    log.on_train_batch_end(40, {"d_loss": 1.0, new[0]: 2.5})
    log.close()
    rows = read_log(tmp_path / "log.csv")
    assert [row["step"] for row in rows] == [10, 20, 40]
    assert rows[0]["d_loss"] == 10
    assert logged(tmp_path) == {40: 2.5}
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == ",".join(columns)


# Options.


def test_metrics_option() -> None:
    assert distance_metrics.parse("kernel, frechet,kernel") == ("kernel", "frechet")
    assert distance_metrics.parse("none") == ()
    with pytest.raises(OptionError, match="--metrics 'fvd' is none of frechet, kernel, none"):
        distance_metrics.parse("kernel,fvd")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"patience": 3}, "--patience has no effect with --metrics none"),
        ({"metric_every": "3"}, "--metric-every has no effect with --metrics none"),
        ({"metrics": "fvd"}, "'fvd' is none of"),
    ],
)
def test_contradictions(dataset: Path, tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        train(dataset, output=tmp_path / "run", **{**TINY, "metrics": "none", **options})
    assert not (tmp_path / "run").exists()
