"""Recovery from divergence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from dataset_files import make_dataset
from matrices import some

import vidgan
from vidgan.config import ModelConfig, TrainConfig
from vidgan.errors import TrainingError
from vidgan.models import resolve
from vidgan.tasks.synthesis import build_gan
from vidgan.training.batch_figures import batch_figures
from vidgan.training.health_log import HealthLog
from vidgan.training.health_rules import DIVERGENCE, HealthEvent, read_events
from vidgan.training.recovery import MAX_RECOVERIES, RATE_FACTOR, Recovery
from vidgan.training.run import Run

TINY: dict[str, Any] = {"frames": 8, "latent_dim": 8, "g_channels": 4, "d_channels": 4}
SOUND = {"reconstruction_loss": 0.5, "g_loss": 1.0, "d_loss": 1.0, "g_norm": 1.0, "d_norm": 2.0}
SOUND |= {"batch_clipped": 0.0, "batch_contrast": 0.8}


def make_recovery(folder: Path) -> Recovery:
    run = Run(folder, resolve(ModelConfig(**TINY)), TrainConfig(), folder, (32, 32), 25.0)
    folder.mkdir(exist_ok=True)
    recovery = Recovery(build_gan(run), HealthLog(folder, lambda text: None))
    recovery.log.begin(0)
    recovery.begin()
    return recovery


def spoil(recovery: Recovery) -> None:
    for weight in recovery.gan.generator.trainable_variables:
        weight.assign(tf.fill(weight.shape, float("nan")))


def weights(recovery: Recovery) -> list[np.ndarray]:
    return [weight.numpy() for weight in recovery.gan.generator.weights]


def factor(recovery: Recovery) -> float:
    return float(recovery.gan.schedules.scale)


@pytest.mark.parametrize("loss", ["reconstruction_loss", "d_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_sets_the_weights_back_at_once(
    tmp_path: Path, loss: str, value: float
) -> None:
    recovery = make_recovery(tmp_path)
    before = weights(recovery)
    assert not recovery.check(1, SOUND)
    spoil(recovery)
    assert recovery.check(2, SOUND | {loss: value})
    for old, new in zip(before, weights(recovery), strict=True):
        np.testing.assert_array_equal(old, new)
    assert factor(recovery) == pytest.approx(RATE_FACTOR)
    (event,) = read_events(tmp_path / "health.jsonl")
    assert (event.step, event.rule, event.resolved) == (2, DIVERGENCE, True)


@pytest.mark.parametrize(
    "bad",
    [
        {"g_norm": 1e6},
        {"d_norm": 1e6},
        {"reconstruction_loss": 1.5},
        {"g_loss": 4.5e10},
        {"g_loss": -4.5e10},
        {"batch_clipped": 0.7},
        {"batch_contrast": 0.1},
    ],
    ids=str,
)
def test_other_divergence_is_seen_within_fifty_steps(tmp_path: Path, bad: dict[str, float]) -> None:
    recovery = make_recovery(tmp_path)
    found = [recovery.check(step, SOUND) for step in range(1, 101)]
    assert not any(found)
    found = [recovery.check(step, SOUND | bad) for step in range(101, 151)]
    assert any(found)


def test_clips_that_are_still_blank_have_not_diverged(tmp_path: Path) -> None:
    recovery = make_recovery(tmp_path)
    faint = SOUND | {"batch_contrast": 0.05}
    assert not any(recovery.check(step, faint) for step in range(1, 201))


def test_figures_of_a_batch() -> None:
    random = np.random.default_rng(0)
    real = tf.constant(random.uniform(-0.5, 0.5, (2, 8, 32, 32, 3)), tf.float32)
    black, blank = tf.fill(real.shape, -1.0), tf.fill(real.shape, 0.2)
    found = {
        name: [float(value) for value in batch_figures(clips, real).values()]
        for name, clips in {"real": real, "black": black, "blank": blank}.items()
    }
    assert found["real"] == pytest.approx([0, 1])
    assert found["black"] == pytest.approx([1, 0.03], abs=0.01)
    assert found["blank"] == pytest.approx([0, 0.03], abs=0.01)
    # What is black in the video may be black.
    assert [float(value) for value in batch_figures(black, black).values()] == [0, 1]


def test_weights_are_those_of_before_it_began(tmp_path: Path) -> None:
    recovery = make_recovery(tmp_path)
    kernel = recovery.gan.generator.trainable_variables[0]
    for step in range(1, 151):
        kernel.assign(tf.fill(kernel.shape, float(step)))
        recovery.check(step, SOUND)
    assert recovery.check(151, SOUND | {"g_loss": float("nan")})
    np.testing.assert_array_equal(kernel, np.full(kernel.shape, 100.0))


def test_rates_stay_low_when_training_is_resumed(tmp_path: Path) -> None:
    recovery = make_recovery(tmp_path)
    recovery.check(3, {"d_loss": float("nan")})
    recovery.check(9, {"d_loss": float("nan")})
    resumed = Recovery(recovery.gan, HealthLog(tmp_path, lambda text: None))
    resumed.log.begin(5)  # The second divergence came after the checkpoint.
    resumed.begin()
    assert factor(resumed) == pytest.approx(RATE_FACTOR)


def test_it_gives_up_in_the_end(tmp_path: Path) -> None:
    recovery = make_recovery(tmp_path)
    for step in range(MAX_RECOVERIES):
        recovery.check(step, {"d_loss": float("nan")})
    with pytest.raises(TrainingError, match="diverged 9 times"):
        recovery.check(MAX_RECOVERIES, {"d_loss": float("nan")})


@pytest.mark.parametrize("reconstruction", some([0.0, 1.0], [0.0]))
def test_rates_that_are_far_too_high_are_mended(tmp_path: Path, reconstruction: float) -> None:
    dataset = make_dataset(tmp_path / "clips").path
    messages: list[str] = []
    path = vidgan.train(
        dataset,
        output=tmp_path / "run",
        steps=120,
        reconstruction=reconstruction,
        g_lr=0.5,
        d_lr=0.5,
        r1=0.0,
        batch_size=2,
        metrics="none",
        notify=messages.append,
        **TINY,
    )
    events = [each for each in read_events(path / "health.jsonl") if each.rule == DIVERGENCE]
    assert events
    assert any("back to the last good weights" in text for text in messages)
    assert not any("no problem" in text for text in messages)
    assert np.isfinite(vidgan.load(path).generate(2)).all()


def test_an_event_is_kept(tmp_path: Path) -> None:
    log = HealthLog(tmp_path, lambda text: None)
    log.record([HealthEvent(4, DIVERGENCE, True, "text"), HealthEvent(8, DIVERGENCE, True, "more")])
    again = HealthLog(tmp_path, lambda text: None)
    again.begin(5)
    assert [event.step for event in again.events] == [4]
