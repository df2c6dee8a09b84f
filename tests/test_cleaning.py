"""Frames that no model should learn, and real ones that must stay."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_files import scene, write_video

from vidgan.video.cleaning import Cleaner, is_black
from vidgan.video.rate import ResampledFrame, resample
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video

FPS = 25.0


def samples(
    clip: np.ndarray, copies: int = 1, gaps: Collection[int] = ()
) -> Iterator[ResampledFrame]:
    return (
        ResampledFrame(i * copies, frame, copies, gap=i in gaps) for i, frame in enumerate(clip)
    )


def clean(
    clip: np.ndarray, fps: float = FPS, enabled: bool = True, **kwargs: Any
) -> tuple[list[int], list[int], dict[str, int]]:
    """Return the indices kept, where breaks are, and what was dropped."""
    cleaner = Cleaner(fps, enabled)
    kept = list(cleaner(samples(clip, **kwargs)))
    indices = [frame.sample.index for frame in kept]
    return indices, [f.sample.index for f in kept if f.breaks], dict(cleaner.dropped)


@pytest.fixture
def clip() -> np.ndarray:
    return scene(40, (64, 64))


def test_a_good_clip_passes_whole(clip: np.ndarray) -> None:
    assert clean(clip) == (list(range(40)), [0], {})


def test_black_frames_go_and_break_the_shot(clip: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    clip[10:15] = rng.integers(0, 4, clip[10:15].shape)
    indices, breaks, dropped = clean(clip)
    assert indices == [*range(10), *range(15, 40)]
    assert breaks == [0, 15]
    assert dropped == {"black": 5}


def test_a_night_scene_is_not_black(clip: np.ndarray) -> None:
    assert clean(clip // 12)[2] == {}
    # A small light in an otherwise black picture.
    night = np.zeros((64, 64, 3), np.uint8)
    night[30:33, 30:33] = 60
    assert not is_black(night)
    # A uniform dark wall.
    assert not is_black(np.full((64, 64, 3), 24, np.uint8))


def test_a_frozen_run_goes_and_breaks_the_shot(clip: np.ndarray) -> None:
    clip[10:30] = clip[10]
    indices, breaks, dropped = clean(clip)
    assert indices == [*range(11), *range(30, 40)]
    assert breaks == [0, 30]
    assert dropped == {"frozen": 19}


def test_a_freeze_at_the_end_is_counted(clip: np.ndarray) -> None:
    clip[20:] = clip[20]
    assert clean(clip)[2] == {"frozen": 19}


def test_duplicates_go_and_the_shot_goes_on(clip: np.ndarray) -> None:
    doubled = clip.repeat(2, axis=0)
    indices, breaks, dropped = clean(doubled)
    assert indices == list(range(0, 80, 2))
    assert breaks == [0]
    assert dropped == {"duplicate": 40}


def test_a_duplicate_encoded_again_is_one(clip: np.ndarray) -> None:
    again = clip[:20].repeat(2, axis=0)
    again[1::2, ::16, ::16] += 1
    assert clean(again)[2] == {"duplicate": 20}


def test_copies_of_the_resampler_are_no_duplicates(clip: np.ndarray) -> None:
    assert clean(clip, copies=30)[2] == {}


def test_a_still_scene_keeps_its_noisy_frames(clip: np.ndarray) -> None:
    # Two grey levels of camera noise, averaged over 11 × 11 pixels by shrinking: 0.2 are left.
    rng = np.random.default_rng(0)
    still = clip[0] + rng.normal(0, 0.2, (30, 64, 64, 3))
    still = np.clip(still.round(), 0, 255).astype(np.uint8)
    assert clean(still)[2] == {}


def test_a_small_motion_in_a_still_picture_stays(clip: np.ndarray) -> None:
    still = clip[:1].repeat(20, axis=0)
    for i in range(20):
        still[i, 20 + i, 30] = 255 - still[0, 20 + i, 30]
    assert clean(still)[2] == {}


def test_a_slow_fade_is_not_frozen() -> None:
    # One grey level in ten frames: neighbours are equal, but the picture does go on.
    fade = np.stack([np.full((64, 64, 3), 50 + i // 10, np.uint8) for i in range(100)])
    indices, _, dropped = clean(fade)
    assert indices == list(range(0, 100, 10))
    assert dropped == {"duplicate": 90}


@pytest.mark.parametrize("kind", ["white", "garbage", "half"])
def test_single_frame_flashes_go(clip: np.ndarray, kind: str) -> None:
    rng = np.random.default_rng(0)
    if kind == "white":
        clip[12] = 255
    elif kind == "garbage":
        clip[12] = rng.integers(0, 256, clip[12].shape)
    else:
        clip[12, 32:] = rng.integers(0, 256, clip[12, 32:].shape)
    indices, breaks, dropped = clean(clip)
    assert indices == [*range(12), *range(13, 40)]
    assert breaks == [0]
    assert dropped == {"flash": 1}


def test_a_flash_shown_twice_by_the_resampler_is_one(clip: np.ndarray) -> None:
    clip[12] = 255
    assert clean(clip, copies=2)[2] == {"flash": 2}


def test_a_cut_is_no_flash() -> None:
    both = np.concatenate([scene(20, (64, 64), 1), scene(20, (64, 64), 2)])
    assert clean(both)[2] == {}


def test_fast_motion_is_no_flash() -> None:
    # A bar that crosses the picture in three frames and comes back.
    rng = np.random.default_rng(0)
    background = rng.integers(60, 120, (64, 64, 3)).astype(np.uint8)
    clip = background[None].repeat(30, axis=0)
    for i in range(30):
        left = abs((20 * i) % 120 - 60)
        clip[i, :, left : left + 12] = 230
    assert clean(clip)[2] == {}


def test_a_strobe_is_no_flash(clip: np.ndarray) -> None:
    clip[1::2] = 255
    # Only when the second flash comes is it clear what the first was.
    assert clean(clip)[2] == {"flash": 1}


def test_at_a_low_rate_a_quick_event_is_no_flash(clip: np.ndarray) -> None:
    clip[12] = 255
    assert clean(clip, fps=2.0)[2] == {}


def test_switched_off_everything_passes(clip: np.ndarray) -> None:
    clip[5], clip[10:30] = 0, clip[10]
    clip[32] = 255
    assert clean(clip, enabled=False) == (list(range(40)), [0], {})


def test_a_gap_of_the_source_breaks_the_shot(clip: np.ndarray) -> None:
    assert clean(clip, gaps=(7,))[1] == [0, 7]
    # Also when the frame after the gap is itself dropped.
    clip[7] = 0
    assert clean(clip, gaps=(7,))[1] == [0, 8]


def test_motion_is_measured(clip: np.ndarray) -> None:
    cleaner = Cleaner(FPS)
    motion = [frame.motion for frame in cleaner(samples(clip))]
    assert motion[0] == 0
    expected = np.abs(np.diff(clip[:2].astype(int), axis=0)).mean()
    assert motion[1] == pytest.approx(expected)


@pytest.mark.parametrize("crf", ["18", "32"])
def test_a_freeze_is_found_after_encoding(tmp_path: Path, crf: str) -> None:
    clip = scene(60, (320, 240))
    clip[20:40] = clip[20]
    video = write_video(tmp_path / "v.mp4", clip, options={"crf": crf})
    cleaner = Cleaner(FPS)
    with open_video(video, FrameFit(64, 64)) as reader:
        kept = [frame.sample.index for frame in cleaner(resample(reader, FPS))]
    # The encoder may still refine the first of the equal frames a little.
    assert 14 <= cleaner.dropped["frozen"] + cleaner.dropped["duplicate"] <= 19
    assert set(range(20)) | set(range(40, 60)) <= set(kept)
