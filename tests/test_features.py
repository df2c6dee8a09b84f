"""The embedded features: what they take, that they repeat, and that damage counts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clip_distances import clip_distance, clip_moments

from vidgan.config import EvaluateConfig
from vidgan.errors import InputError, OptionError
from vidgan.metrics import FEATURES, frechet_distance

random3d = FEATURES["random3d"].load()


def distance(real: np.ndarray, fake: np.ndarray) -> float:
    return clip_distance(real, fake, "random3d")


def growing_discs(seed: int, n: int = 40, frames: int = 12, side: int = 64) -> np.ndarray:
    """Clips of a disc that drifts and grows before a textured wall."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    clips = np.empty((n, frames, side, side, 3), np.uint8)
    for clip in clips:
        wall = cv2.GaussianBlur(random.normal(0, 60, (side, side)), (0, 0), 1.5)[..., None]
        wall = wall + random.uniform(100, 140, 3)
        colour = random.uniform(20, 235, 3)
        centre, speed = random.uniform(20, 44, 2), random.uniform(-1, 1, 2)
        radius = random.uniform(4, 7)
        for t in range(frames):
            at = centre + speed * t
            mask = np.hypot(y - at[0], x - at[1]) < radius + 0.8 * t
            clip[t] = np.clip(np.where(mask[..., None], colour, wall), 0, 255)
    return clips


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    return growing_discs(1)


@pytest.fixture(scope="module")
def other() -> np.ndarray:
    return growing_discs(2)


@pytest.fixture(scope="module")
def floor(real: np.ndarray, other: np.ndarray) -> float:
    return distance(real, other)


def blurred(clips: np.ndarray, sigma: float) -> np.ndarray:
    frames = clips.reshape(-1, *clips.shape[2:])
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames]).reshape(
        clips.shape
    )


def noisy(clips: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, sigma, clips.shape)
    return np.clip(np.rint(clips + noise), 0, 255).astype(np.uint8)


def held(clips: np.ndarray, every: float) -> np.ndarray:
    """Show every n-th frame only, each for n frames."""
    return clips[:, np.arange(clips.shape[1]) // int(every) * int(every)]


def shuffled(clips: np.ndarray, share: float) -> np.ndarray:
    random, out = np.random.default_rng(4), clips.copy()
    for clip, damaged in zip(clips, out, strict=True):
        some = random.choice(len(clip), round(share * len(clip)), replace=False)
        damaged[some] = clip[random.permutation(some)]
    return out


def test_the_options_name_the_features_there_are() -> None:
    fields = EvaluateConfig.__dataclass_fields__
    for unit in ("clip", "frame"):
        named = {name for name, each in FEATURES.items() if each.unit == unit}
        assert set(fields[f"{unit}_features"].metadata["option"].choices) == named


@pytest.mark.parametrize("shape", [(4, 64, 64), (9, 33, 50), (8, 224, 128), (32, 8, 8)])
def test_any_size_and_length(shape: tuple[int, int, int]) -> None:
    clips = np.random.default_rng(0).integers(0, 256, (3, *shape, 3), np.uint8)
    features = random3d(clips)
    assert features.shape == (3, 64)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_extremes_are_finite() -> None:
    clips = np.zeros((2, 4, 64, 64, 3), np.uint8)
    clips[1] = 255
    assert np.isfinite(random3d(clips)).all()


def test_frames_come_in_their_order_and_alone(real: np.ndarray) -> None:
    random2d = FEATURES["random2d"].load()
    features = random2d(real[:3])
    assert features.shape == (3 * real.shape[1], 64)
    backwards = random2d(real[:3, ::-1]).reshape(3, -1, 64)[:, ::-1].reshape(-1, 64)
    np.testing.assert_allclose(features, backwards, atol=1e-4)
    one = random2d(real[1:2, 4:5])
    np.testing.assert_allclose(features[real.shape[1] + 4], one[0], atol=1e-4)


def test_frames_are_blind_to_their_order_but_not_to_blur(
    real: np.ndarray, other: np.ndarray
) -> None:
    floor = clip_distance(real, other, "random2d")
    disordered = clip_distance(real, shuffled(other, 1), "random2d")
    assert disordered == pytest.approx(floor, rel=1e-3)
    assert clip_distance(real, blurred(other, 0.5), "random2d") > 2 * floor


def test_every_entry_of_the_registry_is_told_apart() -> None:
    for name, features in FEATURES.items():
        assert features.name == name
        assert features.unit in ("clip", "frame")
        assert "\n" not in features.description
    distances = [features.distance for features in FEATURES.values()]
    assert len(set(distances)) == len(distances)
    # What is FVD and FID is called so, and nothing else is.
    short = {name: features.distance.rpartition("(")[2] for name, features in FEATURES.items()}
    assert {n for n, s in short.items() if s in ("FVD)", "FID)")} == {"i3d", "inception"}


def test_embedded_features_take_no_weights(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="the features random2d have no weights"):
        FEATURES["random2d"].load(tmp_path / "w.npz")


def test_the_registry_starts_no_tensorflow() -> None:
    source = "import sys, vidgan.metrics; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], check=True)


def test_no_clips_give_no_features() -> None:
    assert random3d(np.zeros((0, 8, 64, 64, 3), np.uint8)).shape == (0, 64)


def test_the_weights_stay_what_they_are() -> None:
    """Figures of different versions can only be compared while this holds."""
    clips = growing_discs(5, n=2, frames=8)
    wanted = [
        [1.885884, 0.639233, -2.584257, -2.131197],
        [1.648494, 0.272436, -2.634754, -1.200537],
    ]
    # As far as float32 sums in another order agree.
    np.testing.assert_allclose(random3d(clips)[:, :4], wanted, rtol=0, atol=1e-4)


def test_repeats_to_the_last_digit(real: np.ndarray) -> None:
    np.testing.assert_array_equal(random3d(real), random3d(real))


def test_a_clip_does_not_depend_on_its_neighbours(real: np.ndarray) -> None:
    alone = np.concatenate([random3d(real[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(random3d(real)[:4], alone, atol=1e-4)


def test_a_larger_picture_of_the_same_gives_nearly_the_same(real: np.ndarray, floor: float) -> None:
    larger = np.stack(
        [[cv2.resize(f, (128, 128), interpolation=cv2.INTER_NEAREST) for f in c] for c in real]
    )
    assert distance(real, larger) < 1e-3 * floor


@pytest.mark.parametrize(
    ("damage", "strengths"),
    [
        (blurred, (0.5, 1, 2)),
        (noisy, (3, 8, 20)),
        (held, (2, 4, 12)),
        (shuffled, (0.3, 0.6, 1)),
    ],
)
def test_damage_raises_the_distance_with_its_strength(
    real: np.ndarray,
    other: np.ndarray,
    floor: float,
    damage: Callable[..., Any],
    strengths: tuple[float, float, float],
) -> None:
    distances = [distance(real, damage(other, strength)) for strength in strengths]
    assert distances == sorted(distances)
    assert distances[0] > floor
    assert distances[-1] > 4 * floor


def test_the_direction_of_time_counts(real: np.ndarray, other: np.ndarray, floor: float) -> None:
    assert distance(real, other[:, ::-1]) > 1.5 * floor


def test_a_lost_variety_counts(real: np.ndarray, other: np.ndarray, floor: float) -> None:
    repeated = np.repeat(other[:4], 10, axis=0)
    assert distance(real, repeated) > 2 * floor


def test_streamed_batches_give_the_same_distance(
    real: np.ndarray, other: np.ndarray, floor: float
) -> None:
    moments = clip_moments((other[i : i + 5] for i in range(0, len(other), 5)), "random3d")
    assert frechet_distance(clip_moments([real], "random3d"), moments) == pytest.approx(
        floor, rel=1e-3
    )


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        (np.zeros((2, 3, 64, 64, 3), np.uint8), "3 frames are too short.*at least 4"),
        (np.zeros((2, 8, 64, 64, 3), np.float32), "uint8.*float32"),
        (np.zeros((8, 64, 64, 3), np.uint8), r"found uint8 \(8, 64, 64, 3\)"),
        (np.zeros((2, 8, 64, 64, 1), np.uint8), "uint8"),
    ],
)
def test_other_arrays_are_refused(clips: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        random3d(clips)


def test_one_clip_or_none_is_refused(real: np.ndarray) -> None:
    for count in (0, 1):
        with pytest.raises(InputError, match=f"at least 2 clips, found {count}"):
            distance(real, real[:count])
    with pytest.raises(InputError, match="found 0"):
        frechet_distance(clip_moments([], "random3d"), clip_moments([], "random3d"))
