"""Samples that show nothing are called worthless; those that show something are not."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_files import make_dataset

import vidgan
from vidgan.config import TrainConfig
from vidgan.errors import TrainingError
from vidgan.training import health_rules
from vidgan.training.health_rules import SAMPLE_RULES, WORTHLESS, HealthTracker
from vidgan.training.sample_diversity import shrink
from vidgan.training.sample_quality import Reference


def scenes(count: int, seed: int, side: int = 48) -> np.ndarray:
    """Clips of coloured discs that move over a background of soft shapes."""
    random = np.random.default_rng(seed)
    clips = np.empty((count, 8, side, side, 3), np.uint8)
    for clip in clips:
        soft = cv2.resize(random.integers(40, 200, (5, 5, 3)).astype(np.uint8), (side, side))
        start, colour = random.integers(8, side - 8, 2), random.integers(0, 255, 3).tolist()
        for index, frame in enumerate(clip):
            frame[:] = soft
            cv2.circle(frame, (int(start[0]) + index, int(start[1])), 6, colour, -1)
    return clips


REAL = scenes(24, 0)
REFERENCE = Reference.of(REAL, shrink(REAL))


def problem(clips: np.ndarray) -> str | None:
    figures = REFERENCE.compare(clips, shrink(clips))
    tracker = HealthTracker(
        [rule for rule in SAMPLE_RULES if rule.name == WORTHLESS], TrainConfig()
    )
    events = tracker.add(1000, figures)
    return events[0].message if events else None


def garbage() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    stripes = np.zeros_like(REAL)
    stripes[:, :, ::8] = 255
    return {
        "blank": np.full_like(REAL, 120),
        "black": np.zeros_like(REAL),
        "noise": random.integers(0, 256, REAL.shape).astype(np.uint8),
        "saturated stripes": stripes,
        "saturated pictures": np.where(REAL > 120, 255, 0).astype(np.uint8),
        "other pictures": 255 - REAL,
    }


@pytest.mark.parametrize("kind", garbage())
def test_garbage_is_called_so(kind: str) -> None:
    assert problem(garbage()[kind]) is not None


def good() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(4).normal(0, 4, REAL.shape)
    blurred = np.stack([[cv2.GaussianBlur(frame, (0, 0), 2.5) for frame in clip] for clip in REAL])
    return {
        "training clips": REAL,
        "a little noise": np.clip(REAL + noise, 0, 255).astype(np.uint8),
        "blurred": blurred,
        "darker": (REAL * 0.8).astype(np.uint8),
        "shifted": np.roll(REAL, 3, axis=3),
    }


@pytest.mark.parametrize("kind", good())
def test_what_shows_something_is_not(kind: str) -> None:
    assert problem(good()[kind]) is None


def verdict(clips: np.ndarray, real: np.ndarray) -> str | None:
    figures = Reference.of(real, shrink(real)).compare(clips, shrink(clips))
    events = HealthTracker(SAMPLE_RULES, TrainConfig()).add(1000, figures)
    return events[0].message if events else None


def test_a_dark_and_still_video_is_no_garbage() -> None:
    dark = np.repeat((REAL[:, :1] * 0.04).astype(np.uint8), 8, axis=1)
    assert verdict(dark, dark) is None


def test_a_black_video_is_no_garbage() -> None:
    black = np.zeros_like(REAL)
    noise = np.random.default_rng(5).integers(0, 3, REAL.shape).astype(np.uint8)
    assert verdict(black, black) is None
    assert verdict(noise, black) is None
    assert "black or white" in (verdict(black + 255, black) or "")
    assert "resemble no training clip" in (verdict(black + 120, black) or "")
    assert "noise" in (verdict(noise * 60, black) or "")


def test_faint_noise() -> None:
    """Over plain grey it has no more detail than textured clips, some of which show little else."""
    random = np.random.default_rng(7)
    texture = random.normal(0, 30, (24, 8, 16, 16, 3)).repeat(2, axis=2).repeat(2, axis=3)
    walls = np.stack([[cv2.GaussianBlur(frame, (0, 0), 1.0) for frame in c] for c in texture])
    real = np.clip(120 + walls, 0, 255).astype(np.uint8)
    noise = np.clip(random.normal(120, 10, real.shape), 0, 255).astype(np.uint8)
    assert "noise (grain" in (verdict(noise, real) or "")
    assert verdict(real[::-1], real) is None


def test_plain_samples_of_a_video_that_shows_something() -> None:
    """A few training clips that are as plain as a thumbnail excuse nothing."""
    real = scenes(24, 1)
    real[:4] = 120
    plain = np.full_like(real, 120)
    plain[:, :, :16] = 124
    figures = Reference.of(real, shrink(real)).compare(plain, shrink(plain))
    assert figures["resemblance"] < health_rules.UNLIKE


def test_a_video_of_noise_is_no_garbage() -> None:
    """Not even its own clips resemble each other as thumbnails."""
    clips = np.random.default_rng(6).integers(0, 256, (48, *REAL.shape[1:])).astype(np.uint8)
    assert verdict(clips[:24], clips[24:]) is None
    assert "blank" in (verdict(np.full_like(REAL, 128), clips[24:]) or "")


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"clipped": 0.9, "contrast": 1.0}, "samples are black or white"),
        ({"clipped": 0.0, "contrast": 0.01}, "samples are blank"),
        # Faint and unlike training clips, as all samples are at first.
        ({"clipped": 0.0, "contrast": 0.1, "resemblance": 0.1}, None),
    ],
)
def test_early_verdict(figures: dict[str, float], told: str | None) -> None:
    event = health_rules.early_failure(60, figures)
    assert (event is None) == (told is None)
    if event is not None and told is not None:
        assert event.message.startswith(told)
        assert (event.step, event.rule, event.resolved) == (60, WORTHLESS, False)
    assert health_rules.early_failure(health_rules.GRACE + 1, figures) is None


def test_a_training_that_ends_with_garbage_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dataset(tmp_path / "clips").path
    monkeypatch.setattr(health_rules, "GRAINY", 0.0)  # Nothing is that smooth.
    for rule in SAMPLE_RULES:
        if rule.name == WORTHLESS:
            monkeypatch.setitem(rule.__dict__, "grace", 0)
    messages: list[str] = []
    with pytest.raises(TrainingError, match="samples are noise"):
        vidgan.train(
            dataset,
            output=tmp_path / "run",
            steps=50,
            frames=8,
            latent_dim=8,
            g_channels=4,
            d_channels=4,
            batch_size=2,
            metrics="none",
            notify=messages.append,
        )
    # The run is kept, and no message says that all is well.
    assert (tmp_path / "run" / "config.json").exists()
    assert len(vidgan.load(tmp_path / "run").generate(1)) == 1
    assert not any("no problem" in text or "resolved" in text for text in messages)
