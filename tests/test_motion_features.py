"""Flow statistics on clips whose motion is known."""

import cv2
import numpy as np
import pytest
from clip_distances import clip_distance

from vidgan.metrics import FEATURES
from vidgan.metrics.features.appearance_motion import MOTION_WEIGHT
from vidgan.metrics.features.motion import statistics

# Where the numbers of one kind stand.
VELOCITY, ACCELERATION, SPEEDS = slice(0, 8), slice(8, 16), slice(16, 21)
STEADINESS, TURNING, LEFT, CHANGE = slice(21, 25), slice(25, 27), slice(27, 29), slice(29, 33)
TREND, SUDDEN, SHARPER, GROWTH = 33, 34, 35, 36


def texture(seed: int = 0, side: int = 64) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, 1, (side, side, 3)).astype(np.float32)
    grain = np.dstack([cv2.GaussianBlur(grain[..., c], (0, 0), 2.5) for c in range(3)])
    picture: np.ndarray = np.clip(128 + 40 * grain / grain.std(), 0, 255)
    return picture.astype(np.uint8)


def sliding(velocity: tuple[int, int], frames: int = 12) -> np.ndarray:
    """A texture that moves by so many pixels a frame, x and y, round the edges."""
    picture = texture()
    x, y = velocity
    return np.stack([np.roll(picture, (y * t, x * t), axis=(0, 1)) for t in range(frames)])


def zooming(rate: float, frames: int = 12) -> np.ndarray:
    picture = texture(side=192)
    return np.stack(
        [
            cv2.getRectSubPix(
                cv2.resize(picture, None, fx=rate**t, fy=rate**t), (64, 64), (96 * rate**t,) * 2
            )
            for t in range(frames)
        ]
    )


@pytest.mark.parametrize(
    ("velocity", "direction"), [((2, 0), 0), ((2, 2), 1), ((0, 2), 2), ((-2, 0), 4), ((1, -1), 7)]
)
def test_speed_and_direction(velocity: tuple[int, int], direction: int) -> None:
    found = statistics(sliding(velocity))
    by_direction = np.exp(found[VELOCITY]) - 0.01
    assert by_direction.argmax() == direction
    speed = np.hypot(*velocity)
    # Flow is lost at the edges, where the texture comes in anew.
    assert by_direction.sum() == pytest.approx(speed, rel=0.25)
    shares = np.exp(found[SPEEDS]) - 0.01
    faster = speed > np.array([0.25, 0.5, 1, 2, 4])
    assert (shares[faster] > 0.75).all()
    assert (shares[speed * 1.2 < np.array([0.25, 0.5, 1, 2, 4])] < 0.2).all()


def test_even_motion_does_not_accelerate_and_explains_the_next_frame() -> None:
    even, shaken = sliding((2, 0)), sliding((2, 0))
    random = np.random.default_rng(1)
    shaken = np.stack([np.roll(frame, random.integers(-3, 4), axis=1) for frame in shaken])
    found, other = statistics(even), statistics(shaken)
    assert np.exp(found[ACCELERATION]).sum() < 0.4 * np.exp(other[ACCELERATION]).sum()
    # What is left once the flow is undone is little of what changed.
    assert (found[LEFT][0] < found[CHANGE][0] - 1).all()
    assert found[STEADINESS][0] < other[STEADINESS][0]


def test_a_still_clip_has_finite_numbers() -> None:
    found = statistics(np.repeat(texture()[None], 5, axis=0))
    assert found.shape == (37,)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[: CHANGE.stop][:27], np.log(0.01), atol=1e-6)
    np.testing.assert_array_equal(found[TREND:], 0)


def test_growth_and_shrinking() -> None:
    grown, shrunk = statistics(zooming(1.04)), statistics(zooming(1.04)[::-1])
    assert grown[GROWTH] > 5
    assert shrunk[GROWTH] < -5
    assert grown[TURNING][0] > grown[TURNING][1]


def test_time_backwards_turns_the_signs() -> None:
    # It starts at once, slows down and fades to blur.
    places = np.round(40 * (1 - np.exp(-0.4 * np.arange(12)))).astype(int)
    clip = np.stack([np.roll(texture(3), place, axis=1) for place in [0, 0, *places]])
    blurred = [cv2.GaussianBlur(frame, (0, 0), 0.3 + 0.3 * t) for t, frame in enumerate(clip)]
    clip = np.stack(blurred)
    forth, back = statistics(clip), statistics(clip[::-1])
    # Exactly, where no flow takes part.
    np.testing.assert_allclose(back[[SUDDEN, SHARPER]], -forth[[SUDDEN, SHARPER]], rtol=1e-4)
    assert forth[SUDDEN] > 1
    assert forth[SHARPER] < -1
    assert forth[TREND] * back[TREND] < 0
    np.testing.assert_allclose(back[CHANGE], forth[CHANGE], rtol=1e-4)
    # Directions change places with the opposite ones.
    assert np.roll(back[VELOCITY], 4).argmax() == forth[VELOCITY].argmax()


def test_the_numbers_stay_what_they_are() -> None:
    """Figures of different versions can only be compared while this holds."""
    found = statistics(sliding((2, 1), frames=6))
    wanted = [-3.8853, 0.8034, 0.01, -4.4773, -6.0251, -2.9674]
    np.testing.assert_allclose(found[[0, 1, 17, 21, 27, 29]], wanted, atol=0.02)


def test_clips_do_not_depend_on_their_neighbours_or_threads() -> None:
    clips = np.stack([sliding((1, 0)), sliding((0, 1)), sliding((2, -1))])
    embed = FEATURES["motion"].load()
    threads = cv2.getNumThreads()
    together = embed(clips)
    assert cv2.getNumThreads() == threads
    np.testing.assert_array_equal(together, embed(clips))
    for clip, found in zip(clips, together, strict=True):
        np.testing.assert_array_equal(embed(clip[None])[0], found)


def test_the_default_joins_looks_and_motion() -> None:
    clips = np.stack([sliding((1, 0)), sliding((0, 2))])
    joined = FEATURES["appearance-motion"].load()(clips)
    assert joined.shape == (2, FEATURES["appearance-motion"].dim)
    alone = FEATURES["motion"].load()(clips)
    np.testing.assert_allclose(joined[:, 64:], MOTION_WEIGHT * alone, rtol=1e-6)
    # Redder clips move as the others do.
    redder = clips.copy()
    redder[..., 0] = np.minimum(redder[..., 0], 215) + 40
    redder[..., 1] = np.maximum(redder[..., 1], 20) - 20
    changed = np.abs(FEATURES["appearance-motion"].load()(redder) - joined)
    assert changed[:, :64].mean() > 3 * changed[:, 64:].mean()


def test_frozen_and_dropped_frames_do_not_hide_behind_good_ones() -> None:
    """What the random convolutions alone hardly notice."""
    random = np.random.default_rng(4)
    clips = np.stack([sliding(tuple(random.integers(-2, 3, 2).tolist())) for _ in range(40)])
    real, other = clips[:20], clips[20:]
    frozen = other[:, np.minimum(np.arange(12), 8)]
    dropped = other[:, np.arange(12) // 2 * 2]
    for damaged in (frozen, dropped):
        floor = {name: clip_distance(real, other, name) for name in ("random3d", "motion")}
        noticed = {name: clip_distance(real, damaged, name) / floor[name] for name in floor}
        assert noticed["motion"] > 2 * noticed["random3d"]
