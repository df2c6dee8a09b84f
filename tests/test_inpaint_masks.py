"""Inpainting video: where the holes are, and that nothing else changes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from restore_helpers import call, ok, read, refused, result_of
from video_files import make_video, scene, write_video

from vidgan.images import encode
from vidgan.jobs.restore.classical_filters import median, telea
from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import make_plan
from vidgan.tiling.windows import Frame, filter_frames

SIZE = (48, 32)
LOSSLESS = ("--codec", "ffv1")
TELEA = ("--method", "telea", *LOSSLESS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("masks")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_video(folder / "clip.mp4", 12, SIZE)


@pytest.fixture(scope="module")
def moving() -> np.ndarray:
    """A box that moves by a pixel a frame."""
    masks = np.zeros((12, 32, 48), bool)
    for i, mask in enumerate(masks):
        mask[8:16, 4 + i : 14 + i] = True
    return masks


def as_video(path: Path, masks: np.ndarray, **kwargs: Any) -> Path:
    pictures = [np.repeat(mask[..., None] * np.uint8(255), 3, axis=2) for mask in masks]
    return write_video(path, pictures, codec="ffv1", pix_fmt="bgr0", **kwargs)


def as_image(path: Path, mask: np.ndarray) -> Path:
    path.write_bytes(encode(np.repeat(mask[..., None] * np.uint8(255), 3, axis=2), ".png"))
    return path


def check(out: Path, clip: Path, masks: np.ndarray) -> None:
    """See that holes are filled and nothing else has changed."""
    made, source = read(out).frames, read(clip).frames
    np.testing.assert_array_equal(made[~masks], source[~masks])
    for frame, before, mask in zip(made, source, masks, strict=True):
        if mask.any():
            expected = cv2.inpaint(before, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
            np.testing.assert_array_equal(frame, expected)


@pytest.mark.parametrize(("step", "rows", "columns"), [(30, 1, 1), (3, 2, 2), (3, 1, 3)])
@pytest.mark.parametrize("context", [0, 2])
def test_outside_the_mask_nothing_changes(
    moving: np.ndarray, context: int, step: int, rows: int, columns: int
) -> None:
    """Whatever a filter does there, and wherever windows and tiles meet."""

    def vandal(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        return np.full(frames.shape, 255, np.float32)

    filter = Filter(vandal, "vandal", context=context, margin=context, inpaints=True)
    plan = make_plan(filter, SIZE, 12, step, rows, columns)
    frames = scene(12, SIZE)
    stream = (Frame(i, f.copy(), m) for i, (f, m) in enumerate(zip(frames, moving, strict=True)))
    made = np.stack([result_of(f) for ready in filter_frames(stream, filter, plan) for f in ready])
    np.testing.assert_array_equal(made[~moving], frames[~moving])
    assert (made[moving] == 255).all()


def test_box(clip: Path, tmp_path: Path) -> None:
    ok("inpaint", clip, "--mask", "10,4,9,6", "-o", tmp_path / "o.mkv", *TELEA)
    masks = np.zeros((12, 32, 48), bool)
    masks[:, 4:10, 10:19] = True
    check(tmp_path / "o.mkv", clip, masks)


def test_image(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    mask = as_image(tmp_path / "m.png", moving[3])
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA)
    check(tmp_path / "o.mkv", clip, np.repeat(moving[3][None], 12, axis=0))


def test_video(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    mask = as_video(tmp_path / "m.mkv", moving)
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA)
    check(tmp_path / "o.mkv", clip, moving)


def test_video_through_a_lossy_codec(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    """Brighter than the middle is a hole."""
    pictures = [np.repeat(mask[..., None] * np.uint8(255), 3, axis=2) for mask in moving]
    mask = write_video(tmp_path / "m.mp4", pictures)
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA)
    holes = (read(tmp_path / "o.mkv").frames != read(clip).frames).any(axis=-1)
    assert (holes & ~moving).sum() < 0.1 * moving.sum()


def test_folder_of_images(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    (tmp_path / "masks").mkdir()
    for i, mask in enumerate(moving):
        as_image(tmp_path / "masks" / f"{i:03}.png", mask)
    ok("inpaint", clip, "--mask", tmp_path / "masks", "-o", tmp_path / "o.mkv", *TELEA)
    check(tmp_path / "o.mkv", clip, moving)


def test_spans_take_the_masks_along(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    mask = as_video(tmp_path / "m.mkv", moving)
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA, "--start", "0.2")
    made, source = read(tmp_path / "o.mkv").frames, read(clip).frames[5:]
    assert len(made) == 7
    np.testing.assert_array_equal(made[~moving[5:]], source[~moving[5:]])
    assert (made[moving[5:]] != source[moving[5:]]).any()


def test_mask_of_half_the_rate_holds(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    mask = as_video(tmp_path / "m.mkv", moving[::2], fps=12.5)
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA)
    check(tmp_path / "o.mkv", clip, moving[::2].repeat(2, axis=0))


def test_mask_of_as_many_frames_goes_by_number(
    clip: Path, tmp_path: Path, moving: np.ndarray
) -> None:
    mask = write_video(
        tmp_path / "m.mp4",
        [np.repeat(m[..., None] * np.uint8(255), 3, axis=2) for m in moving],
        fps=10,
        options={"crf": "0"},
        pix_fmt="yuv444p",
    )
    ok("inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA)
    check(tmp_path / "o.mkv", clip, moving)


def test_colour(tmp_path: Path) -> None:
    frames = scene(8, SIZE)
    frames[:, 10:18, 20:30] = (0, 255, 0)
    video = write_video(tmp_path / "v.mkv", frames, codec="ffv1", pix_fmt="bgr0")
    ok("inpaint", video, "--mask", "#00ff00", "-o", tmp_path / "o.mkv", *TELEA)
    made = read(tmp_path / "o.mkv").frames
    key = np.abs(made.astype(int) - (0, 255, 0)).max(axis=-1) <= 40
    assert not key.any()
    # Two pixels around belong to it, as the edge of a key is mixed; what is farther off stays.
    changed = (made != frames).any(axis=(0, 3))
    assert not changed[:8].any()
    assert not changed[:, :18].any()
    ok("inpaint", video, "--mask", "#00ff00", "--grow", 0, "-o", tmp_path / "p.mkv", *TELEA)
    changed = (read(tmp_path / "p.mkv").frames != frames).any(axis=(0, 3))
    assert not changed[:10].any()
    assert changed[10:18, 20:30].all()


def test_grow(clip: Path, tmp_path: Path) -> None:
    ok("inpaint", clip, "--mask", "10,10,4,4", "--grow", 3, "-o", tmp_path / "o.mkv", *TELEA)
    changed = (read(tmp_path / "o.mkv").frames != read(clip).frames).any(axis=(0, 3))
    assert changed[8, 8] or changed[7, 11]
    assert not changed[:7].any()
    assert not changed[:, 17:].any()


def test_median_takes_what_other_frames_show(tmp_path: Path, moving: np.ndarray) -> None:
    """Behind a box that moves, over a still picture, nothing is lost; a still one is as Telea's."""
    still = np.repeat(scene(1, SIZE), 12, axis=0)
    moving = np.roll(moving, 3, axis=1)
    fast = np.stack([np.roll(mask, 10 * i, axis=1) for i, mask in enumerate(moving)])
    hidden = still.copy()
    hidden[fast] = 0
    plan = make_plan(median(), SIZE, 12, 4)
    stream = (Frame(i, f.copy(), m) for i, (f, m) in enumerate(zip(hidden, fast, strict=True)))
    made = [result_of(f).copy() for ready in filter_frames(stream, median(), plan) for f in ready]
    np.testing.assert_array_equal(np.stack(made), still)
    fixed = np.repeat(fast[:1], 12, axis=0)
    by_median, by_telea = (filter.apply(still, fixed) for filter in (median(), telea()))
    assert np.abs(by_median - by_telea).max() < 1


def test_auto_finds_dust(tmp_path: Path) -> None:
    """Specks that come for one frame go; resuming anywhere would see them as well."""
    frames = np.repeat(scene(1, (96, 64)), 20, axis=0)
    dusty = frames.copy()
    dusty[9, 30:34, 40:44] = 255
    video = write_video(tmp_path / "v.mkv", dusty, codec="ffv1", pix_fmt="bgr0")
    out = tmp_path / "o.mkv"
    ok("inpaint", video, "--mask", "auto", "-o", out, "--method", "median", *LOSSLESS)
    np.testing.assert_array_equal(read(out).frames, frames)


# Masks that cannot be


@pytest.mark.parametrize(
    ("mask", "word", "status"),
    [
        ("40,4,9,6", "not inside the frame, which is 48x32", 2),
        ("4,4,0,6", "not inside", 2),
        ("0,0,48,32", "no pixels are left", 2),
        ("#00ff0", "neither a box", 2),
        ("nowhere.png", "no such file", 2),
        ("1,2,3", "neither a box", 2),
    ],
)
def test_wrong_words(clip: Path, tmp_path: Path, mask: str, word: str, status: int) -> None:
    words = refused(
        "inpaint", clip, "--mask", mask, "-o", tmp_path / "o.mkv", *TELEA, status=status
    )
    assert word in words
    assert not list(tmp_path.iterdir())


def test_other_sizes(clip: Path, tmp_path: Path) -> None:
    image = as_image(tmp_path / "m.png", np.eye(16, dtype=bool))
    words = refused("inpaint", clip, "--mask", image, "-o", tmp_path / "o.mkv", *TELEA)
    assert "16x16" in words
    assert "48x32" in words
    video = make_video(tmp_path / "m.mp4", 12, (64, 48))
    words = refused("inpaint", clip, "--mask", video, "-o", tmp_path / "o.mkv", *TELEA)
    assert "64x48" in words


def test_full(clip: Path, tmp_path: Path) -> None:
    image = as_image(tmp_path / "m.png", np.ones((32, 48), bool))
    words = refused("inpaint", clip, "--mask", image, "-o", tmp_path / "o.mkv", *TELEA)
    assert "no pixels are left" in words
    video = as_video(tmp_path / "m.mkv", np.ones((12, 32, 48), bool))
    words = refused("inpaint", clip, "--mask", video, "-o", tmp_path / "o.mkv", *TELEA)
    assert "no pixels are left" in words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.mkv", "m.png"]


def test_one_full_frame_is_filled_from_its_neighbours(
    clip: Path, tmp_path: Path, moving: np.ndarray
) -> None:
    masks = moving.copy()
    masks[5] = True
    video = as_video(tmp_path / "m.mkv", masks)
    ok("inpaint", clip, "--mask", video, "-o", tmp_path / "o.mkv", "--method", "median", *LOSSLESS)
    made, source = read(tmp_path / "o.mkv").frames, read(clip).frames
    assert np.abs(made[5].astype(int) - source[5]).mean() < 30


def test_empty_is_a_copy_and_said(clip: Path, tmp_path: Path) -> None:
    video = as_video(tmp_path / "m.mkv", np.zeros((12, 32, 48), bool))
    result = ok("inpaint", clip, "--mask", video, "-o", tmp_path / "o.mkv", *TELEA)
    assert "empty in all frames" in result.output
    np.testing.assert_array_equal(read(tmp_path / "o.mkv").frames, read(clip).frames)


def test_shorter_and_longer(clip: Path, tmp_path: Path, moving: np.ndarray) -> None:
    short = as_video(tmp_path / "s.mkv", moving[:8])
    words = call("inpaint", clip, "--mask", short, "-o", tmp_path / "o.mkv", *TELEA)
    assert words.exit_code == 1
    assert "the mask ends after 8 frames" in words.output
    assert "--end" in words.output
    ok("inpaint", clip, "--mask", short, "-o", tmp_path / "o.mkv", *TELEA, "--end", "0.32")
    assert len(read(tmp_path / "o.mkv").frames) == 8
    long = as_video(tmp_path / "l.mkv", np.concatenate([moving, moving]))
    ok("inpaint", clip, "--mask", long, "-o", tmp_path / "p.mkv", *TELEA)
    check(tmp_path / "p.mkv", clip, moving)


def test_folder_of_masks(tmp_path: Path, moving: np.ndarray) -> None:
    for name in ("a", "b"):
        make_video(tmp_path / "in" / f"{name}.mp4", 12, SIZE)
    (tmp_path / "masks").mkdir()
    as_image(tmp_path / "masks" / "a.png", moving[0])
    result = call(
        "inpaint",
        tmp_path / "in",
        "--mask",
        tmp_path / "masks",
        "-o",
        tmp_path / "out",
        "--method",
        "telea",
    )
    assert result.exit_code == 1
    assert "b.mp4: no mask of its name" in result.output
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.mp4"]
