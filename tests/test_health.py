"""The diagnosis of a training: rules on made-up figures, and real small trainings."""

import io
import math
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from commands import get_command
from dataset_files import counting, make_dataset

import vidgan
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig
from vidgan.errors import TrainingError
from vidgan.tasks.load import load_gan
from vidgan.training import health_rules, sample_diversity
from vidgan.training.callbacks.progress_bar import ProgressBar, write_above_bar
from vidgan.training.health_rules import (
    SAMPLE_RULES,
    STEP_RULES,
    HealthEvent,
    HealthRule,
    HealthTracker,
)
from vidgan.training.log_file import read_log
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.sample_diversity import shrink as small

HEALTHY = {
    "d_loss": 1.2,
    "g_loss": 0.8,
    "d_acc_real": 0.7,
    "d_acc_fake": 0.75,
    "g_norm": 1.0,
    "d_norm": 3.0,
}
FINE = {"diversity": 0.8, "motion_diversity": 1.1, "novelty": 0.95, "overfitting": 0.1}


def follow(
    rows: Iterable[dict[str, float]], rules: Sequence[HealthRule] = STEP_RULES, **options: Any
) -> list[HealthEvent]:
    """Return the events of windows or checks that come every 50 steps."""
    tracker = HealthTracker(rules, TrainConfig(**options))
    return [found for i, row in enumerate(rows, 1) for found in tracker.add(50 * i, row)]


def names(events: Iterable[HealthEvent]) -> list[str]:
    return [event.rule for event in events]


# Rules.


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"d_acc_real": 0.99, "d_acc_fake": 1.0, "g_loss": 9.0}, "winning discriminator"),
        ({"d_acc_real": 0.5, "d_acc_fake": 0.6, "g_norm": 1e-4}, "idle discriminator"),
        ({"d_acc_real": 0.9, "d_acc_fake": 0.01}, "idle discriminator"),
        ({"d_norm": 2e3}, "exploding gradient"),
        ({"g_norm": 1.5e3}, "exploding gradient"),
        ({"g_norm": 1e-4}, "vanishing gradient"),
    ],
)
def test_a_problem_is_reported_once_and_when_it_is_over(
    bad: dict[str, float], problem: str
) -> None:
    events = follow([HEALTHY] * 2 + [HEALTHY | bad] * 8 + [HEALTHY] * 8)
    assert names(events) == [problem, problem]
    assert [event.resolved for event in events] == [False, True]
    appeared, gone = events
    # A winning discriminator is waited for two windows longer than anything else.
    later = 100 if problem == "winning discriminator" else 0
    assert 150 < appeared.step <= 250 + later
    assert 500 < gone.step <= 650 + later
    assert str(gone) == f"step {gone.step}: {problem}: over"


def test_healthy_figures_raise_nothing() -> None:
    """What healthy runs showed at their worst (benchmarks/stability.md), all the time."""
    first = HEALTHY | {"d_acc_real": 1.0, "d_acc_fake": 0.97}
    last = HEALTHY | {"d_acc_real": 0.39, "d_acc_fake": 0.66, "g_norm": 0.18, "d_norm": 1.1}
    assert follow([first] * 20 + [last] * 20) == []
    assert follow([FINE | {"diversity": 0.6, "overfitting": 0.5}] * 20, SAMPLE_RULES) == []


def test_a_discriminator_of_pairs_may_lead_at_first() -> None:
    """What healthy trainings showed from step 50 to 200 (benchmarks/stability.md)."""
    lead = HEALTHY | {"d_acc_real": 1.0, "d_acc_fake": 1.0}
    assert follow([HEALTHY] + [lead] * 3 + [HEALTHY] * 8) == []


def test_one_bad_window_is_no_problem() -> None:
    bad = HEALTHY | {"d_acc_real": 1.0, "d_acc_fake": 1.0, "d_norm": 1e5}
    assert follow([HEALTHY, bad, HEALTHY] * 5) == []


def test_advice_names_options() -> None:
    """Every option that an advice names is one of ``vidgan train``."""
    options = {param for p in get_command("train").params for param in p.opts}
    for rule in (*STEP_RULES, *SAMPLE_RULES):
        named = [word.strip(",") for word in rule.advice.split() if word.startswith("--")]
        assert named
        assert set(named) <= options


def test_generator_that_catches_up_has_not_lost() -> None:
    rows = [
        HEALTHY | {"d_acc_real": 1.0, "d_acc_fake": 1.0, "g_loss": 9 * 0.8**i} for i in range(9)
    ]
    assert follow(rows) == []
    assert names(follow(rows[:1] * 9)) == ["winning discriminator"]


def test_wasserstein_critic_may_win() -> None:
    rows = [HEALTHY | {"d_acc_real": 1.0, "d_acc_fake": 1.0}] * 9
    assert follow(rows, loss="wasserstein") == []


def test_generator_that_takes_no_step_in_a_window() -> None:
    rows = [{k: v for k, v in HEALTHY.items() if k != "g_norm"}] * 9
    assert follow(rows, g_every=100) == []


def test_mode_collapse() -> None:
    rows = [FINE] * 8 + [FINE | {"diversity": 0.2}] * 4
    (event,) = follow(rows, SAMPLE_RULES)
    assert event.rule == "mode collapse"
    assert "20% as much as training clips" in event.message


def test_diversity_that_is_on_its_way() -> None:
    """At first all clips are alike; it counts later, and only where it does not rise."""
    rising = [FINE | {"diversity": min(0.8, 0.02 * 1.2**i)} for i in range(30)]
    assert follow(rising, SAMPLE_RULES) == []
    late = follow([FINE | {"diversity": 0.1}] * 30, SAMPLE_RULES)
    assert names(late) == ["mode collapse"]
    assert late[0].step > 200


def test_memorisation_needs_a_test_split() -> None:
    (event,) = follow([FINE | {"overfitting": 0.9}] * 9, SAMPLE_RULES)
    assert event.rule == "memorisation"
    assert "90% less often" in event.message
    assert follow([{"diversity": 0.8}] * 9, SAMPLE_RULES) == []


def test_file_of_events(tmp_path: Path) -> None:
    path = tmp_path / "health.jsonl"
    first = HealthEvent(100, "mode collapse", False, "ü: --g-lr")
    second = HealthEvent(150, "memorisation", False, "copies")
    gone = HealthEvent(200, "mode collapse", True, "over")
    text = "".join(map(health_rules.to_json_line, (first, second, gone)))
    path.write_text(text + '{"step": 300, "trou', encoding="utf-8")
    assert text.splitlines()[0] == (
        '{"step": 100, "trouble": "mode collapse", "gone": false, "text": "ü: --g-lr"}'
    )
    assert health_rules.read_events(path) == [first, second, gone]
    assert health_rules.unresolved([first, second]) == [first, second]
    assert health_rules.unresolved([first, second, gone]) == [second]


# Measures.


def noise(count: int, seed: int = 0, size: tuple[int, int] = (40, 32)) -> np.ndarray:
    shape = (count, 8, *size, 3)
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 8, 4, 4, 3))
    return coarse.repeat(size[0] // 4, 2).repeat(size[1] // 4, 3).astype(np.uint8).reshape(shape)


def real(train: np.ndarray, test: np.ndarray | None = None) -> sample_diversity.RealClips:
    sets = (train, train[:0] if test is None else test)
    made = [
        sample_diversity.Clips.collect([(c, -1) for c in each], each.shape[1:], False)
        for each in sets
    ]
    return sample_diversity.RealClips(*made)


def test_distances() -> None:
    a = np.zeros((2, 3, 3), np.float32)
    b = np.stack([np.full((3, 3), 2.0), np.zeros((3, 3))])
    np.testing.assert_allclose(sample_diversity.rms_distances(a, b), [[2, 0], [2, 0]])
    assert sample_diversity.mean_distance(b) == pytest.approx(2)


def test_figures_of_honest_clips() -> None:
    figures = real(noise(24), noise(24, 1)).compare(small(noise(24, 2)))
    assert figures == pytest.approx(dict.fromkeys(figures, 1.0), abs=0.1)
    assert set(figures) == {"diversity", "motion_diversity", "novelty"}


def test_figures_of_copies() -> None:
    train = noise(24)
    figures = real(train, noise(24, 1)).compare(small(train[::-1]))
    assert figures["novelty"] < 0.02
    assert figures["diversity"] == pytest.approx(1)


def test_figures_of_one_clip_many_times() -> None:
    figures = real(noise(24), noise(24, 1)).compare(small(noise(1, 2).repeat(24, 0)))
    assert figures["diversity"] < 0.01
    assert figures["motion_diversity"] < 0.01


def test_what_cannot_be_compared_is_left_out() -> None:
    still = noise(24)[:, :1].repeat(8, 1)
    assert set(real(still).compare(small(noise(24, 2)))) == {"diversity"}


# Real trainings.

TINY: dict[str, Any] = {
    # The GAN alone: discriminators train from the first step on.
    "reconstruction": 0.0,
    "frames": 8,
    "latent_dim": 6,
    "g_channels": 4,
    "d_channels": 4,
    "batch_size": 2,
    "log_every": 10,
    "seed": 5,
    "tensorboard": False,
}
# The generator stands still before a discriminator that learns fast: it must lose.
LOST: dict[str, Any] = {"g_lr": 1e-6, "d_lr": 5e-3, "r1": 0.0, "augment": "none"}


def arguments(options: dict[str, Any]) -> list[str]:
    return [
        f"--{'no-' * (value is False)}{name.replace('_', '-')}"
        + ("" if isinstance(value, bool) else f"={value}")
        for name, value in options.items()
    ]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("health") / "clips"
    make_dataset(folder, (20, 28, 36, 17), (20, 20))
    return folder


@pytest.fixture(scope="module")
def lost(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run that fails, and what the command printed."""
    path = tmp_path_factory.mktemp("lost") / "run"
    options = arguments({**TINY, **LOST, "steps": 350})
    result = CliRunner().invoke(main, ["train", str(dataset), "-o", str(path), *options])
    # Its samples show nothing.
    assert result.exit_code == 1, result.output
    assert ": samples " in result.output
    return path, result


@pytest.fixture(scope="module")
def healthy(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    path = tmp_path_factory.mktemp("healthy") / "run"
    lines: list[str] = []
    vidgan.train(dataset, output=path, steps=150, notify=lines.append, **TINY)
    return path, lines


def test_command_tells_and_keeps(lost: tuple[Path, Result]) -> None:
    path, result = lost
    (told,) = [x for x in result.stderr.splitlines() if "the discriminator has won" in x]
    assert "--d-lr" in told
    events = health_rules.read_events(path / "health.jsonl")
    (won,) = [event for event in events if event.rule == "winning discriminator"]
    assert told == str(won)
    assert 200 < won.step <= 350
    assert str(won) in result.stdout.split("Health:")[1]


def test_line_stands_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line has a row of its own, and the bar goes on below it."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    file = Terminal()
    monkeypatch.setattr(sys, "stderr", file)
    bar = ProgressBar(Progress(budget=TrainConfig(steps=10)), file)
    bar.on_train_begin()
    write_above_bar("step 5: mode collapse")
    bar.close()
    rows = re.split("[\r\n]", file.getvalue())
    place = rows.index("step 5: mode collapse")
    assert any("0%" in row for row in rows[:place])
    assert any("0%" in row for row in rows[place + 1 :])


def test_info_tells(lost: tuple[Path, Result], healthy: tuple[Path, list[str]]) -> None:
    sick = CliRunner().invoke(main, ["info", str(lost[0])]).output
    assert "the discriminator has won" in sick
    well = CliRunner().invoke(main, ["info", str(healthy[0])]).output
    assert "too early to judge" in well
    values = vidgan.info(lost[0])["health"]
    assert any("the discriminator has won" in text for text in values)
    assert vidgan.info(healthy[0])["health"] == []


def test_healthy_training(healthy: tuple[Path, list[str]]) -> None:
    path, lines = healthy
    assert (path / "health.jsonl").read_text() == ""
    assert lines[-1].startswith("Health: too early to judge")
    assert "\n" not in lines[-1]
    rows = [row for row in read_log(path / "log.csv") if "diversity" in row]
    assert rows
    for row in rows:
        assert all(math.isfinite(row[name]) for name in FINE)
        assert row["diversity"] > 0
        assert -1 <= row["overfitting"] <= 1


def test_verdicts_of_a_training_that_is_long_enough(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_rules, "GRACE", 59)
    lines: list[str] = []
    path = vidgan.train(dataset, output=tmp_path / "run", steps=60, notify=lines.append, **TINY)
    assert lines[-1] == "Health: no problem found."
    assert "no problem found" in CliRunner().invoke(main, ["info", str(path)]).output


def test_a_short_training_with_blank_samples_fails(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_rules, "EMPTY", 9.0)
    lines: list[str] = []
    with pytest.raises(TrainingError, match="samples are blank"):
        vidgan.train(dataset, output=tmp_path / "run", steps=60, notify=lines.append, **TINY)
    assert not any("no problem" in line or "too early" in line for line in lines)


@pytest.mark.slow
def test_watching_changes_nothing(
    healthy: tuple[Path, list[str]], dataset: Path, tmp_path: Path
) -> None:
    """The same weights, to the bit, without."""
    lines: list[str] = []
    off = vidgan.train(
        dataset, output=tmp_path / "off", steps=150, health=False, notify=lines.append, **TINY
    )
    assert not (off / "health.jsonl").exists()
    assert not any("Health" in line for line in lines)
    assert "not watched" in CliRunner().invoke(main, ["info", str(off)]).output
    on = Run.open(healthy[0])
    for name in ("generator", "generator_ema"):
        pair = [getattr(load_gan(run), name).get_weights() for run in (on, Run.open(off))]
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)


def test_resumed_run_goes_on_with_its_events(lost: tuple[Path, Result], tmp_path: Path) -> None:
    """A problem that persists is not reported again; events after the checkpoint are forgotten."""
    run = shutil.copytree(lost[0], tmp_path / "run")
    path = run / "health.jsonl"
    before = health_rules.read_events(path)
    later = HealthEvent(400, "memorisation", False, "of a future that was lost")
    path.write_text(path.read_text() + health_rules.to_json_line(later))
    lines: list[str] = []
    with pytest.raises(TrainingError, match="samples"):
        vidgan.train(resume=run, steps=420, notify=lines.append)
    assert health_rules.read_events(path)[: len(before)] == before
    assert later not in health_rules.read_events(path)
    assert "winning discriminator" not in names(health_rules.read_events(path)[len(before) :])
    summary = next(line for line in lines if line.startswith("Health"))
    assert "the discriminator has won" in summary


def test_too_short_to_tell(dataset: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    vidgan.train(dataset, output=tmp_path / "run", steps=3, notify=lines.append, **TINY)
    assert not any("Health" in line for line in lines)


def test_dataset_without_a_test_split(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    make_dataset(folder, (20, 28), ())
    lines: list[str] = []
    run = vidgan.train(folder, output=tmp_path / "run", steps=60, notify=lines.append, **TINY)
    assert "Memorisation was not checked" in lines[-1]
    assert "--test-share" in lines[-1]
    rows = [row for row in read_log(run / "log.csv") if "diversity" in row]
    assert rows
    assert not {"novelty", "overfitting"} & set(rows[0])


def test_held_out_clips_are_spread(tmp_path: Path) -> None:
    """From all of a test split, at most as many as are compared."""
    folder = tmp_path / "clips"
    manifest = make_dataset(folder, (20,), (8 * 40, 8 * 30), draw=counting)
    run = Run(tmp_path, ModelConfig(frames=8), TrainConfig(), folder, (32, 32), 25.0)
    loaded = sample_diversity.RealClips.load(run, manifest)
    assert 20 <= len(loaded.test.small) == len(loaded.test.whole) <= sample_diversity.CLIPS
    # Counting from 1: record 0 is the training one.
    assert set(loaded.test.whole[:, 0, 0, 0, 0].tolist()) == {1, 2}
    assert loaded.test.small.shape[1:] == (8, 8, 8, 3)
    assert len(loaded.train.whole) == sample_diversity.CLIPS <= len(loaded.train.small)


def test_overfitting() -> None:
    made = np.array([0.0, 1.0])
    assert sample_diversity.overfitting(np.array([2.0, 3.0]), np.array([5.0]), made) == 0
    assert sample_diversity.overfitting(np.array([2.0, 3.0]), np.array([-1.0]), made) == 1
    assert sample_diversity.overfitting(np.array([0.0]), np.array([2.0, 9.0]), made) == -0.75
