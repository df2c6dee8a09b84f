"""Restored clips against their originals, and temporal consistency."""

from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.metrics
from moving_textures import drifting, noisy
from pictures import decoded_picture

from vidgan.errors import InputError
from vidgan.metrics import colour_flicker, perceptual_distance, psnr, ssim, tof, warping_error
from vidgan.video.chroma import turn_colours


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return np.stack([drifting(0, (1.5, 0)), drifting(1, (0, -1))])


def each_frame(clips: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    frames = clips.reshape(-1, *clips.shape[2:])
    return np.stack([change(frame) for frame in frames]).reshape(clips.shape)


def blurred(clips: np.ndarray, sigma: float) -> np.ndarray:
    return each_frame(clips, lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma))


def blocky(clips: np.ndarray, quality: float) -> np.ndarray:
    def coded(frame: np.ndarray) -> np.ndarray:
        code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
        return decoded_picture(code.tobytes())

    return each_frame(clips, coded)


def test_figures_of_frames_are_scikit_images(clean: np.ndarray) -> None:
    damaged = noisy(blurred(clean, 1), 6)
    options: dict[str, Any] = {
        "channel_axis": -1,
        "gaussian_weights": True,
        "use_sample_covariance": False,
    }
    ratios, similarities = psnr(damaged, clean), ssim(damaged, clean)
    assert ratios.shape == similarities.shape == clean.shape[:2]
    for place in np.ndindex(ratios.shape):
        pair = clean[place], damaged[place]
        expected = skimage.metrics.peak_signal_noise_ratio(*pair)
        assert ratios[place] == pytest.approx(expected, rel=1e-9)
        expected = skimage.metrics.structural_similarity(*pair, sigma=1.5, **options)
        assert similarities[place] == pytest.approx(expected, rel=1e-6)


def test_equal_clips(clean: np.ndarray) -> None:
    assert np.isposinf(psnr(clean, clean)).all()
    np.testing.assert_allclose(ssim(clean, clean), 1)
    assert (perceptual_distance(clean, clean) == 0).all()
    assert (tof(clean, clean) == 0).all()


@pytest.mark.parametrize(
    ("damage", "strengths"),
    [(blurred, (0.6, 1, 2, 4)), (noisy, (3, 8, 20, 40)), (blocky, (90, 60, 30, 10))],
)
def test_perceptual_distance_rises_with_damage(
    clean: np.ndarray, damage: Callable[..., Any], strengths: tuple[float, float, float, float]
) -> None:
    distances = [perceptual_distance(damage(clean, s), clean).mean() for s in strengths]
    assert distances == sorted(distances)
    assert distances[-1] > 3 * distances[0] > 0


def leaves(at: float = 0.0) -> np.ndarray:
    """Draw a picture of overlapping discs: edges and plain areas, as photographs have them.

    Args:
        at: pixels by which the picture is moved to the right.

    Returns:
        uint8 RGB ``(1, 1, 64, 64, 3)``.
    """
    random, scale = np.random.default_rng(5), 16
    canvas = np.zeros((72 * scale, 72 * scale, 3), np.uint8)
    for _ in range(400):
        centre, radius = random.uniform(0, 72 * scale, 2), scale * 2 / random.uniform(0.1, 1)
        colour = random.uniform(30, 225, 3).tolist()
        cv2.circle(canvas, centre.astype(int).tolist(), int(radius), colour, -1, cv2.LINE_AA)
    left = round((4 - at) * scale)
    window = canvas[4 * scale : 68 * scale, left : left + 64 * scale]
    return cv2.resize(window, (64, 64), interpolation=cv2.INTER_AREA)[None, None]


def test_perceptual_distance_orders_what_has_the_same_psnr() -> None:
    """To PSNR a shift by half a pixel and more light are as bad as blur and noise."""
    picture, shifted = leaves(), leaves(at=0.5)
    target = psnr(shifted, picture).item()

    def as_bad(
        damage: Callable[[np.ndarray, float], np.ndarray], strengths: Iterable[float]
    ) -> np.ndarray:
        damaged = (damage(picture, strength) for strength in strengths)
        return next(some for some in damaged if psnr(some, picture).item() <= target)

    def brighter(clips: np.ndarray, levels: float) -> np.ndarray:
        return np.clip(clips + levels, 0, 255).astype(np.uint8)

    near = [shifted, as_bad(brighter, np.arange(1, 99))]
    far = [
        as_bad(blurred, np.arange(0.5, 5, 0.05)),
        as_bad(noisy, np.arange(1, 99)),
        as_bad(blocky, np.arange(99, 1, -1)),
    ]
    distances = [
        [perceptual_distance(some, picture).item() for some in each] for each in (near, far)
    ]
    assert max(distances[0]) < 0.8 * min(distances[1])


def test_tof_is_the_difference_of_velocities(clean: np.ndarray) -> None:
    slower = np.stack([drifting(0, (0.5, 0)), drifting(1, (0, -1))])
    found = tof(slower, clean)
    assert found[0] == pytest.approx(1, abs=0.35)
    assert found[1] == 0


def test_motion_alone_has_no_warping_error(clean: np.ndarray) -> None:
    found = warping_error(clean)
    assert (found.error < 2e-4).all()
    assert (found.visible > 0.7).all()


def test_warping_error_is_the_noise_between_frames(clean: np.ndarray) -> None:
    """Independent noise of σ in both frames leaves twice its variance, the later one smoothed."""
    found = warping_error(noisy(clean, 8)).error
    variance = (8 / 255) ** 2
    assert ((variance < found) & (found < 2.2 * variance)).all()
    flickering = clean.astype(int)
    flickering[:, ::2] += 12
    found = warping_error(np.clip(flickering, 0, 255).astype(np.uint8)).error
    np.testing.assert_allclose(found, (12 / 255) ** 2, rtol=0.2)


def test_what_the_flow_cannot_follow_is_seen_in_the_visible_share() -> None:
    random = np.random.default_rng(3).integers(0, 256, (1, 4, 48, 48, 3), np.uint8)
    still = np.repeat(random[:, :1], 4, axis=1)
    assert warping_error(random).visible[0] < 0.6
    assert warping_error(still).visible[0] == 1
    assert warping_error(still).error[0] == 0


def test_colours_that_move_along_do_not_flicker(clean: np.ndarray) -> None:
    steady = turn_colours(clean, 1.0, 1.0)
    jumping = clean.copy()
    jumping[:, ::2] = turn_colours(clean[:, ::2], 1.0, 1.0)
    assert (colour_flicker(clean, clean) == 0).all()
    assert (colour_flicker(steady, clean) * 5 < colour_flicker(jumping, clean)).all()
    unsteady = (clean // 2 + 40).astype(np.uint8)
    brighter = unsteady.copy()
    brighter[:, ::2] += 20
    assert (colour_flicker(brighter, unsteady) < 0.01).all()


def test_pairs_that_are_none_are_refused(clean: np.ndarray) -> None:
    for measure in (psnr, ssim, perceptual_distance, tof, colour_flicker):
        with pytest.raises(InputError, match="one shape"):
            measure(clean, clean[:1])
        with pytest.raises(InputError, match="uint8"):
            measure(clean / 255, clean)
    small = np.zeros((1, 2, 10, 40, 3), np.uint8)
    for measure, side in ((ssim, 11), (tof, 16), (perceptual_distance, 32)):
        with pytest.raises(InputError, match=f"40x10 are too small: at least {side}x{side}"):
            measure(small, small)
    with pytest.raises(InputError, match="1 frames are too short: at least 2"):
        tof(clean[:, :1], clean[:, :1])
