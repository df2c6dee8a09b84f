"""How clips move, on textures that move in a known way."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from moving_textures import drifting, noisy, texture

from vidgan.errors import InputError
from vidgan.metrics import Motion, direction_distance, measure_motion, speed_distance, warping_error
from vidgan.metrics.motion import DIRECTIONS, SPEED_STEP, SPEEDS
from vidgan.video import optical_flow
from vidgan.video.optical_flow import dis_flow, grey


@pytest.mark.parametrize("velocity", [(2.0, 0.0), (0.0, -1.5), (-1.0, 1.0), (0.0, 0.0)])
def test_flow_is_the_velocity_and_back(velocity: tuple[float, float]) -> None:
    frames = grey(drifting(0, velocity, frames=3))
    inside = np.s_[:, 8:-8, 8:-8]
    np.testing.assert_allclose(
        np.median(dis_flow(frames)[inside], (1, 2)), [velocity] * 2, atol=0.1
    )
    back = np.median(dis_flow(frames, backward=True)[inside], (1, 2))
    np.testing.assert_allclose(back, -np.array([velocity] * 2), atol=0.1)


def test_histograms_hold_the_speed_and_the_direction() -> None:
    found = measure_motion(np.stack([drifting(1, (2, 0)), drifting(2, (0, 1.2))]))
    np.testing.assert_allclose(found.speed.sum(axis=1), 1)
    middles = (np.arange(SPEEDS) + 0.5) * SPEED_STEP
    np.testing.assert_allclose(found.speed @ middles, [2, 1.2], atol=0.25)
    # 0° is to the right, 90° downwards, on the border of two bins each.
    right, down = found.direction / found.direction.sum(axis=1, keepdims=True)
    assert right[0] + right[-1] > 0.8
    assert down[DIRECTIONS // 4 - 1] + down[DIRECTIONS // 4] > 0.8


def test_speed_distance_is_wassersteins() -> None:
    random = np.random.default_rng(3)
    a, b = random.random((4, SPEEDS)), random.random((6, SPEEDS)) * np.arange(SPEEDS)
    bins = np.arange(SPEEDS) * SPEED_STEP
    expected = scipy.stats.wasserstein_distance(bins, bins, a.sum(0), b.sum(0))
    assert speed_distance(a, b) == pytest.approx(expected)
    assert speed_distance(a, a) == 0


@pytest.mark.parametrize("turn", [0, 1, 9, 18, 27, 35])
def test_a_turn_is_its_angle_the_shorter_way_round(turn: int) -> None:
    random = np.random.default_rng(4).random(DIRECTIONS) ** 8
    one = np.zeros((1, DIRECTIONS))
    one[0, 5] = 2.0
    expected = 10 * min(turn, DIRECTIONS - turn)
    assert direction_distance(one, np.roll(one, turn, axis=1)) == pytest.approx(expected)
    spread = random[None]
    assert angle(spread, np.roll(spread, turn, axis=1)) <= expected + 1e-9


def angle(first: np.ndarray, second: np.ndarray) -> float:
    found = direction_distance(first, second)
    assert found is not None
    return found


def test_faster_and_turned_sets_lie_apart() -> None:
    slow = measure_motion(np.stack([drifting(i, (1, 0)) for i in range(3)]))
    other = measure_motion(np.stack([drifting(i, (1, 0)) for i in range(3, 6)]))
    fast = measure_motion(np.stack([drifting(i, (3, 0)) for i in range(3)]))
    turned = measure_motion(np.stack([drifting(i, (-1, 0)) for i in range(3)]))
    assert speed_distance(slow.speed, other.speed) < 0.15
    assert speed_distance(slow.speed, fast.speed) == pytest.approx(2, abs=0.3)
    assert angle(slow.direction, other.direction) < 15
    assert angle(slow.direction, turned.direction) > 150


def test_nothing_that_moves_has_no_direction() -> None:
    still = measure_motion(np.repeat(drifting(5, (0, 0), frames=1)[None], 4, axis=1))
    assert (
        direction_distance(still.direction, measure_motion(drifting(5, (1, 0))[None]).direction)
        is None
    )


def test_frozen_clips_and_frozen_steps() -> None:
    moving = drifting(6, (1.5, 0), frames=8)
    held = moving[[0, 0, 0, 1, 2, 3, 4, 5]]
    frozen = noisy(np.repeat(moving[:1], 8, axis=0), 1.0)
    found = measure_motion(np.stack([moving, held, frozen]))
    np.testing.assert_allclose(found.still, [0, 2 / 7, 1])
    np.testing.assert_array_equal(found.frozen, [False, False, True])
    assert not found.looping.any()


def test_a_small_thing_that_moves_is_not_frozen() -> None:
    clip = np.repeat(texture(7, 64)[None].astype(np.uint8), 6, axis=0)
    for step in range(6):
        clip[step, 20:26, 10 + 3 * step : 16 + 3 * step] = 255
    assert measure_motion(clip[None]).still[0] == 0


def test_loops_are_told_from_going_on_and_from_coming_slowly() -> None:
    moving = drifting(8, (1.5, 0.5), frames=12)
    loop = noisy(moving[[0, 1, 2, 3, 2, 1] * 2], 1.0)
    quick = moving[[0, 6] * 6]
    slow = drifting(8, (0.1, 0), frames=12)
    found = measure_motion(np.stack([moving, loop, quick, slow]))
    np.testing.assert_array_equal(found.loop, [0, 6, 2, 0])


def test_flicker_is_its_deviation_and_fading_is_none() -> None:
    def clip(levels: np.ndarray) -> np.ndarray:
        frames = np.broadcast_to(np.rint(levels)[:, None, None, None], (len(levels), 16, 16, 3))
        return frames.astype(np.uint8)[None]

    flickering = clip(np.random.default_rng(9).normal(120, 5, 1000))
    assert measure_motion(flickering).flicker[0] == pytest.approx(5, rel=0.12)
    assert measure_motion(clip(np.arange(200.0))).flicker[0] == pytest.approx(0, abs=1e-9)


def test_batches_join() -> None:
    clips = np.stack([drifting(i, (i, 0)) for i in range(3)])
    whole, parts = measure_motion(clips), [measure_motion(clips[:1]), measure_motion(clips[1:])]
    joined = Motion.join(parts)
    for name in ("speed", "direction", "still", "loop", "flicker"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_what_has_no_motion_is_refused() -> None:
    with pytest.raises(InputError, match="2 frames are too short: at least 3"):
        measure_motion(np.zeros((1, 2, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="32x12 are too small: at least 16x16"):
        measure_motion(np.zeros((1, 4, 12, 32, 3), np.uint8))
    with pytest.raises(InputError, match=r"uint8.*not empty"):
        measure_motion(np.zeros((0, 4, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="shape"):
        speed_distance(np.zeros((0, SPEEDS)), np.zeros((1, SPEEDS)))
    with pytest.raises(InputError, match="NaN"):
        direction_distance(np.full((1, DIRECTIONS), np.nan), np.ones((1, DIRECTIONS)))


def test_a_clips_flow_is_computed_once_for_all_that_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed = []

    def counting(frames: np.ndarray, backward: bool = False) -> Any:
        computed.append(backward)
        return dis_flow(frames, backward)

    monkeypatch.setattr(optical_flow, "dis_flow", counting)
    clips = np.stack([drifting(20, (1, 0)), drifting(21, (0, 1))])
    first, again = measure_motion(clips), measure_motion(clips)
    warping_error(clips)
    assert computed == [False, False]
    np.testing.assert_array_equal(first.speed, again.speed)


def test_remembered_flows_take_no_more_than_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [grey(drifting(i, (1, 0), frames=3)) for i in range(22, 25)]
    flows = [dis_flow(clip) for clip in clips]
    remembered = optical_flow.FlowCache(2 * flows[0].nbytes)
    for _ in range(2):
        for clip, wanted in zip(clips, flows, strict=True):
            np.testing.assert_array_equal(remembered(clip), wanted)
    assert remembered.size == 2 * flows[0].nbytes
    monkeypatch.setattr(optical_flow, "dis_flow", None)
    np.testing.assert_array_equal(remembered(clips[2]), flows[2])
    with pytest.raises(TypeError):
        remembered(clips[0])
