"""The detector behind ``vidgan inpaint --mask auto``."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from video_files import scene

from vidgan.degradations import scratches
from vidgan.degradations.scratch_detector import REACH, detect


def masks(clip: np.ndarray) -> np.ndarray:
    return np.stack([mask for _, mask in detect(clip)])


def widened(mask: np.ndarray) -> np.ndarray:
    return np.stack([cv2.dilate(m.astype(np.uint8), np.ones((3, 3))) for m in mask]) > 0


def dusty(clip: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a clip with three grains of dust a frame, and where they are."""
    random = np.random.default_rng(seed)
    marks = scratches.Marks.empty(clip.shape[:3])
    for frame in range(len(clip)):
        for _ in range(3):
            scratches.blotch(marks, frame, random)
    return np.where(marks.mask[..., None], marks.shade[..., None], clip).astype(
        np.uint8
    ), marks.mask


def walking(frames: int = 24) -> np.ndarray:
    """Return a man-like dark shape that crosses a lit wall, faster than its own width."""
    clip = np.full((frames, 96, 128, 3), 170, np.uint8)
    clip += np.random.default_rng(0).integers(0, 20, (96, 128, 1), dtype=np.uint8)
    for frame, image in enumerate(clip):
        left = 8 * frame % 128
        cv2.rectangle(image, (left, 30), (left + 6, 60), (40, 30, 60), cv2.FILLED)
    return clip


def test_dust_is_found_and_little_else() -> None:
    clip, truth = dusty(scene(20, (128, 96)))
    found = masks(clip)
    assert (found & widened(truth)).sum() > 0.9 * found.sum()
    assert (widened(found) & truth).sum() > 0.7 * truth.sum()


@pytest.mark.parametrize("clip", [scene(24, (128, 96)), walking()], ids=["scene", "walking"])
def test_what_moves_is_no_dust(clip: np.ndarray) -> None:
    assert masks(clip).mean() < 1e-3


def test_scratch_is_found_and_what_stands_upright_in_the_scene_is_not() -> None:
    clip = scene(24, (128, 96), seed=2).clip(0, 180)
    clip[:, 20:85, 30] = 235  # A pole: always there.
    scratched = clip.copy()
    for frame in range(6, 18):
        scratched[frame, :, 80 + frame % 3] = 235
    found = masks(scratched)
    assert found[:, 20:85, 30].mean() < 0.02
    assert found[6:18, :, 79:84].any(axis=2).mean() > 0.9
    assert not found[:6, :, 79:84].any()
    assert not found[18:, :, 79:84].any()


def test_flicker_is_no_damage() -> None:
    clip = np.repeat(scene(1, (128, 96)), 20, axis=0)
    assert masks(scratches.flicker(clip, np.random.default_rng(0))).mean() < 1e-3


def test_a_cut_and_a_flash_are_no_damage() -> None:
    clip = np.concatenate([scene(12, seed=1), scene(1, seed=2), scene(12, seed=3)])
    assert masks(clip).mean() < 0.01


def test_frames_come_through_in_order_few_of_them_held() -> None:
    clip = scene(30, (64, 48))
    taken = []

    def source() -> Iterator[np.ndarray]:
        for index, frame in enumerate(clip):
            taken.append(index)
            yield frame

    for index, (frame, mask) in enumerate(detect(source())):
        assert frame is clip[index] or (frame == clip[index]).all()
        assert mask.shape == (48, 64)
        assert len(taken) <= index + REACH + 1
    assert index == 29


def test_a_mask_depends_on_few_frames() -> None:
    clip, _ = dusty(scene(40, (96, 64)))
    whole = masks(clip)
    part = masks(clip[20 - REACH : 20 + REACH + 1])
    assert whole[20].any()
    assert (part[REACH] == whole[20]).all()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (3, 200), (200, 17)])
@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_short_and_small_video(frames: int, size: tuple[int, int]) -> None:
    clip = np.zeros((frames, size[1], size[0], 3), np.uint8)
    found = list(detect(clip))
    assert len(found) == frames
    assert all(mask.shape == size[::-1] and not mask.any() for _, mask in found)


def test_large_frames_keep_their_size() -> None:
    clip = np.repeat(scene(1, (640, 480)), 5, axis=0)
    clip[2, 100:120, 200:220] = 255
    found = masks(clip)
    assert found[2, 102:118, 202:218].all()
    assert not found[[0, 1, 3, 4]].any()
