"""What spoils clips: what each kind does, and that it is the same each time."""

from pkgutil import resolve_name
from typing import Any

import cv2
import numpy as np
import pytest
from dataset_files import moving_shapes

from vidgan.config import DAMAGES, EnhanceConfig
from vidgan.degradations import degradation_model
from vidgan.degradations.degradation_model import degrade
from vidgan.errors import OptionError
from vidgan.metrics import psnr

CLIP = moving_shapes(3, 8, (48, 32))
FLAT = np.full((6, 32, 32, 3), 128, np.uint8)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def only(kind: str, strength: Any, scale: int = 1) -> EnhanceConfig:
    return EnhanceConfig(damage=kind, scale=scale, **{kind: strength})


def quality(clip: np.ndarray) -> float:
    return float(psnr(clip[None], CLIP[None]).mean())


def test_registry_is_the_options() -> None:
    for kind, degradation in DAMAGES.items():
        assert callable(resolve_name(degradation.function)), kind


@pytest.mark.parametrize(
    ("kind", "weak", "strong"),
    [
        ("blur", "0.5", "3"),
        ("resize", "0.8", "0.2"),
        ("dark", "1.5", "8"),
        ("shot", "5", "40"),
        ("noise", "5", "40"),
        ("jpeg", "90", "5"),
        ("video", "15", "45"),
    ],
)
def test_stronger_is_worse(kind: str, weak: str, strong: str) -> None:
    made = [degrade(CLIP, only(kind, strength), generator()) for strength in (weak, strong)]
    assert all(clip.shape == CLIP.shape and clip.dtype == np.uint8 for clip in made)
    assert quality(made[0]) > quality(made[1]) + 3
    assert quality(made[1]) < 35


def test_noise_alone_has_its_sigma() -> None:
    noisy = degrade(FLAT, only("noise", "25"), generator()).astype(float)
    assert noisy.std() == pytest.approx(25, rel=0.03)
    assert noisy.mean() == pytest.approx(128, abs=1)
    assert np.abs(np.corrcoef(noisy[0].ravel(), noisy[1].ravel())[0, 1]) < 0.1, "fresh a frame"


def test_poisson_noise_grows_with_light() -> None:
    dim, light = (
        degrade(np.full_like(FLAT, level), only("shot", "20"), generator()).std()
        for level in (50, 200)
    )
    assert light / dim == pytest.approx(2, rel=0.1)


def test_dark_is_the_share_of_the_light() -> None:
    made = degrade(np.full_like(FLAT, 255), only("dark", "4"), generator())
    assert (made.mean() / 255) ** degradation_model.GAMMA == pytest.approx(1 / 4, rel=0.03)


def test_enlarging_alone() -> None:
    made = degrade(CLIP, EnhanceConfig(damage="none", scale=4), generator())
    expected = CLIP.reshape(8, 8, 4, 12, 4, 3).mean(axis=(2, 4))
    assert made.shape == (8, 8, 12, 3)
    assert np.abs(made - expected).max() <= 1


def test_none_is_shrinking_by_area() -> None:
    expected = [cv2.resize(f, (16, 10), interpolation=cv2.INTER_AREA) for f in CLIP[:, :30]]
    made = degrade(CLIP[:, :30], EnhanceConfig(damage="none", scale=3), generator())
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("factor", ["0.1", "0.37", "0.5..1.5", "1.3", "4"])
@pytest.mark.parametrize("damage", ["resize", "blur,resize,noise,jpeg,video"])
def test_resizing_ends_at_the_size_that_is_wanted(scale: int, factor: str, damage: str) -> None:
    clip = CLIP[:3, : 7 * scale, : 5 * scale]
    for seed in range(4):
        config = EnhanceConfig(damage=damage, resize=factor, scale=scale)
        made = degrade(clip, config, generator(seed))
        assert made.shape == (3, 7, 5, 3)
        assert made.dtype == np.uint8


def test_resizing_is_the_same_in_all_frames() -> None:
    still = np.repeat(CLIP[:1], 5, axis=0)
    found = set()
    for seed in range(12):
        made = degrade(still, only("resize", "0.6", scale=2), generator(seed))
        np.testing.assert_array_equal(made, np.repeat(made[:1], 5, axis=0))
        found.add(made[0].tobytes())
    assert 3 <= len(found) <= len(degradation_model.KERNELS) ** 2, "a kernel away, a kernel back"


def test_resizing_of_the_mixture_is_drawn_in_both_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    factors, resize = [], degradation_model.resize

    def noted(clip: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
        factors.append(factor)
        return resize(clip, factor, random)

    monkeypatch.setattr(degradation_model, "resize", noted)
    config = EnhanceConfig(damage="resize,jpeg", resize="0.5..1.5", scale=4)
    for seed in range(40):
        degrade(CLIP[:2], config, generator(seed))
    first = [factor for factor in factors if factor <= 1.5 / 4]
    second = [factor for factor in factors if factor > 1.5 / 4]
    assert 10 < len(first) < 30
    assert min(first) < 1 / 4 < max(first)
    assert 10 < len(second) < 30
    assert min(second) < 1 < max(second)


def test_compression_comes_last_at_the_size_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(clip: np.ndarray, quality: int, random: np.random.Generator) -> np.ndarray:
        seen.append(clip.shape[1:3])
        return clip

    monkeypatch.setattr(degradation_model, "jpeg", noted)
    config = EnhanceConfig(damage="resize,jpeg", resize="0.7", scale=2)
    monkeypatch.setattr(degradation_model, "PROBABILITY", 1.0)
    degrade(CLIP, config, generator())
    assert seen == [(11, 17), (16, 24)]


def test_mixture_is_drawn_once_a_clip() -> None:
    config = EnhanceConfig(scale=2)
    assert set(config.damages) == set(DAMAGES)
    made = [degrade(CLIP, config, generator(seed)) for seed in (0, 0, 1)]
    assert made[0].shape == (8, 16, 24, 3)
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()
    # What blurs one frame blurs all: a still clip without noise stays still.
    still = np.repeat(CLIP[:1], 6, axis=0)
    blurred = degrade(still, EnhanceConfig(damage="blur,jpeg", scale=1), generator())
    np.testing.assert_array_equal(blurred, np.repeat(blurred[:1], 6, axis=0))


def test_odd_sides_go_through_h264() -> None:
    assert degradation_model.video(CLIP[:, :15, :17], 20, generator()).shape == (8, 15, 17, 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"damage": "fog"}, "--damage 'fog' is none of blur"),
        (
            {"noise": "25..0"},
            "--noise '25..0' is neither a number nor a range within the bounds 0..255",
        ),
        ({"jpeg": "0..50"}, "--jpeg '0..50' is neither"),
        (
            {"resize": "0..1"},
            "--resize '0..1' is neither a number nor a range within the bounds 0.1..4",
        ),
        ({"blur": "much"}, "--blur 'much' is neither"),
        ({"scale": 5}, "--scale 5 is too large"),
    ],
)
def test_wrong_options(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError) as caught:
        EnhanceConfig(**options)
    assert str(caught.value).startswith(text)


def test_order_of_kinds_is_theirs() -> None:
    assert EnhanceConfig(damage="video, blur").damages == ("blur", "video")
    assert EnhanceConfig(damage="none").damages == ()
    assert EnhanceConfig(noise="3..7").strength("noise") == (3, 7)
    assert EnhanceConfig(noise="3").strength("noise") == (3, 3)
