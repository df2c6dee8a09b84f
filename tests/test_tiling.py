"""Windows and tiles: what they bring is what the whole video at once would have brought."""

import errno
import os
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NoReturn

import cv2
import numpy as np
import pytest
from restore_helpers import result_of
from video_files import scene

from vidgan.errors import InputError
from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import TilingPlan, choose_plan, make_plan, tile_ranges
from vidgan.tiling.store import FrameStore, disk_space
from vidgan.tiling.windows import Frame, filter_frames, first_needed_frame

SIZE = (48, 32)


def average(
    reach: int,
    margin: int,
    scale: int = 1,
    edges: bool = False,
    multiple: int = 1,
    bytes_per_pixel: int = 64,
) -> Filter:
    """A filter whose every result hangs on so many frames and pixels around, and on no more.

    Args:
        reach: frames.
        margin: pixels.
        scale: of the enlargement.
        edges: go on beyond the borders with what is there, instead of with black.
        multiple: that the filter says its sides need.
        bytes_per_pixel: that it says it needs.
    """
    rng = np.random.default_rng(0)
    # What is far weighs less, as in networks.
    times = rng.uniform(0.2, 1, 2 * reach + 1) * np.exp(-np.abs(np.arange(-reach, reach + 1)))
    across = np.exp(-np.abs(np.arange(-margin, margin + 1)) / 2)
    kernel = rng.uniform(0.2, 1, (2 * margin + 1, 2 * margin + 1)) * np.outer(across, across)
    times, kernel = times / times.sum(), kernel / kernel.sum()

    border = cv2.BORDER_REPLICATE if edges else cv2.BORDER_CONSTANT
    mode: Literal["edge", "constant"] = "edge" if edges else "constant"

    def apply(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        blurred = np.stack(
            [cv2.filter2D(f.astype(np.float32), -1, kernel, borderType=border) for f in frames]
        )
        padded = np.pad(blurred, ((reach, reach), (0, 0), (0, 0), (0, 0)), mode=mode)
        mixed: np.ndarray = sum(t * padded[i : i + len(frames)] for i, t in enumerate(times))
        return mixed.repeat(scale, axis=1).repeat(scale, axis=2).astype(np.float32)

    return Filter(
        apply,
        "average",
        scale=scale,
        context=reach,
        margin=margin,
        multiple=multiple,
        bytes_per_pixel=bytes_per_pixel,
    )


def run(filter: Filter, plan: TilingPlan, clip: np.ndarray, **options: Any) -> np.ndarray:
    frames = (Frame(i, frame.copy()) for i, frame in enumerate(clip))
    made = [
        result_of(frame)
        for ready in filter_frames(frames, filter, plan, **options)
        for frame in ready
    ]
    return np.stack(made)


def whole(filter: Filter, clip: np.ndarray) -> np.ndarray:
    down, across = (-(-side // filter.multiple) * filter.multiple for side in clip.shape[1:3])
    pad = ((0, 0), (0, down - clip.shape[1]), (0, across - clip.shape[2]), (0, 0))
    made: np.ndarray = np.rint(
        np.clip(filter.apply(np.pad(clip, pad, mode="reflect"), None), 0, 255)
    )
    size = clip.shape[1] * filter.scale, clip.shape[2] * filter.scale
    return made[:, : size[0], : size[1]].astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("length", [1, 5, 12, 13, 23])
@pytest.mark.parametrize(
    ("step", "rows", "columns"), [(4, 1, 1), (30, 2, 3), (4, 2, 3), (1, 3, 1), (6, 1, 2)]
)
def test_joints_leave_no_trace(scale: int, length: int, step: int, rows: int, columns: int) -> None:
    filter = average(reach=2, margin=2, scale=scale)
    clip = scene(length, SIZE)
    plan = make_plan(filter, SIZE, 0, step, rows, columns)
    made = run(filter, plan, clip)
    assert made.shape == (length, 32 * scale, 48 * scale, 3)
    np.testing.assert_array_equal(made, whole(filter, clip))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("scale", [1, 2])
def test_frames_on_disk_are_those_in_memory(tmp_path: Path, scale: int, keep: bool) -> None:
    filter = average(reach=2, margin=2, scale=scale)
    clip = scene(13, SIZE)
    plan = make_plan(filter, SIZE, 0, 4, 2, 3, keep, on_disk=True)
    frames = (Frame(i, frame.copy()) for i, frame in enumerate(clip))
    made, sources = [], []
    for ready in filter_frames(frames, filter, plan, keep=keep, folder=tmp_path):
        made += [result_of(frame).copy() for frame in ready]
        sources += [frame.pixels.copy() for frame in ready]
    np.testing.assert_array_equal(made, whole(filter, clip))
    np.testing.assert_array_equal(sources, clip)
    assert not list(tmp_path.iterdir())


def mapped() -> int:
    """Return how many bytes of files this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * sum(
        int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem"))
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="not Linux")
def test_frames_on_disk_take_little_memory(tmp_path: Path) -> None:
    """Nowhere on their way, from the first that is read to the last that is encoded."""
    size = (1024, 512)
    filter = Filter(
        lambda frames, masks: frames.repeat(2, axis=1).repeat(2, axis=2).astype(np.float32),
        "larger",
        scale=2,
        context=1,
    )
    plan = make_plan(filter, size, 0, 16, 8, 8, on_disk=True)
    result = 4 * 3 * size[0] * size[1]
    most = before = mapped()

    def look() -> None:
        nonlocal most
        most = max(most, mapped())

    def stream() -> Iterator[Frame]:
        for i in range(40):
            yield Frame(i, np.full((size[1], size[0], 3), i, np.uint8))
            look()

    seen = []
    for ready in filter_frames(
        stream(), filter, plan, folder=tmp_path, progress=lambda frames: look()
    ):
        while ready:
            seen.append(result_of(ready.pop(0)).max())
            look()
    assert seen == list(range(40))
    # One that is encoded, and of all others a row of tiles.
    assert plan.disk > 16 * result
    assert most - before < 4 * result


def test_holes_are_filled_on_disk(tmp_path: Path) -> None:
    filter = Filter(lambda frames, masks: 255.0 - frames, "negative", margin=2, inpaints=True)
    clip = scene(7, SIZE)
    mask = np.zeros((32, 48), bool)
    mask[10:20, 12:30] = True
    plan = make_plan(filter, SIZE, 0, 3, 2, 2, on_disk=True)
    frames = (Frame(i, frame.copy(), mask) for i, frame in enumerate(clip))
    made = [
        result_of(f)
        for ready in filter_frames(frames, filter, plan, folder=tmp_path)
        for f in ready
    ]
    np.testing.assert_array_equal(made, np.where(mask[..., None], 255 - clip, clip))


def test_full_disk_while_frames_lie_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    filter = average(reach=1, margin=1)
    frames = (Frame(i, frame) for i, frame in enumerate(scene(5, SIZE)))
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"):
        list(
            filter_frames(
                frames, filter, make_plan(filter, SIZE, 0, 2, on_disk=True), folder=tmp_path
            )
        )
    assert not list(tmp_path.iterdir())


def test_what_is_released_is_still_there(tmp_path: Path) -> None:
    store = FrameStore(tmp_path)
    pictures = [store.copy(frame) for frame in scene(3, SIZE)]
    store.release()
    np.testing.assert_array_equal(pictures, scene(3, SIZE))
    pictures[1][:] = 7
    store.release()
    assert (pictures[1] == 7).all()


def test_disk_space_of_a_folder_yet_to_come(tmp_path: Path) -> None:
    assert 0 < disk_space(tmp_path / "a" / "b") < shutil.disk_usage(tmp_path).total


def test_sides_that_are_no_multiples() -> None:
    filter = average(reach=1, margin=2, multiple=8)
    clip = scene(9, (45, 35))
    made = run(filter, make_plan(filter, (45, 35), 0, 3, 2, 2), clip)
    np.testing.assert_array_equal(made, whole(filter, clip))


def roughness(clip: np.ndarray, axis: int) -> np.ndarray:
    """Return, in levels, how much each frame, row or column stands out from both neighbours."""
    moved = np.moveaxis(clip.astype(float), axis, 0)
    bends: np.ndarray = np.abs(2 * moved[1:-1] - moved[:-2] - moved[2:]).mean(axis=(1, 2, 3))
    return bends


def test_joints_do_not_stand_out_where_less_than_the_reach_is_thrown_away() -> None:
    """No seam and no flicker, against an undivided pass of a filter that reaches farther."""
    true = average(reach=3, margin=6, edges=True)
    near = replace(true, context=2, margin=3)
    clip = scene(40, (96, 64))
    made, undivided = run(near, make_plan(near, (96, 64), 0, 5, 2, 3), clip), whole(true, clip)
    assert (made != undivided).any(), "the test is about joints that can be seen"
    for axis in (0, 1, 2):
        more = roughness(made, axis) - roughness(undivided, axis)
        assert more.max() < 0.25, f"axis {axis}: {more.max()}"


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (3840, 2160)])
def test_plans_keep_to_memory_and_cost(size: tuple[int, int]) -> None:
    filter = average(reach=3, margin=12, bytes_per_pixel=150)
    plan = choose_plan(filter, size, 15000, 7 * 2**28)
    assert plan.memory <= 7 * 2**28
    assert plan.cost <= 1.3
    # As the plan itself adds it up: what the filter sees over what there is.
    rows, columns = plan.rows, plan.columns
    seen = len(rows) * (rows[0].stop - rows[0].start) * len(columns)
    seen *= columns[0].stop - columns[0].start
    windows = -(-(15000 - plan.frames) // plan.step) + 1
    assert seen * windows * plan.frames / (size[0] * size[1] * 15000) <= 1.31
    longer = choose_plan(filter, size, 10 * 15000, 7 * 2**28)
    assert longer.memory == pytest.approx(plan.memory, rel=0.1)


def test_disk_keeps_to_the_cost_where_memory_cannot() -> None:
    filter = average(reach=3, margin=12, scale=4, bytes_per_pixel=800)
    size, allowed = (1280, 720), (2**30, 2**32)
    without = choose_plan(filter, size, 0, allowed[0])
    plan = choose_plan(filter, size, 0, allowed[0], disk=allowed[1])
    assert (without.disk, without.cost > 1.3) == (0, True)
    assert plan.cost <= 1.3
    assert plan.memory <= allowed[0]
    assert plan.frames * 1280 * 720 * 3 < plan.disk <= allowed[1]
    assert choose_plan(filter, size, 0, allowed[0], disk=2**20) == without, "no room there"
    assert choose_plan(filter, SIZE, 0, allowed[0], disk=allowed[1]).disk == 0, "no need"


def test_whole_videos_that_fit_cost_nothing() -> None:
    plan = choose_plan(average(reach=3, margin=6), SIZE, 30, 2**30)
    assert (plan.cost, plan.frames, len(plan.rows), len(plan.columns)) == (1.0, 30, 1, 1)


def test_spans_cover_a_side_once() -> None:
    for count in (1, 2, 3):
        tiles = tile_ranges(100, count, 4, 8)
        kept = [range(tile.begin + tile.fade, tile.end) for tile in tiles]
        assert [len(part) > 0 for part in kept] == [True] * count
        covered = {i for tile in tiles for i in range(tile.begin, tile.end)}
        assert covered == set(range(100))
        assert all(tile.start % 8 == 0 and tile.stop % 8 == 0 for tile in tiles)
        assert all(a.end - b.begin == b.fade for a, b in pairwise(tiles))


def test_few_frames_hold_few_frames() -> None:
    """However long the stream is, no more frames are alive than the plan has room for."""
    alive: list[weakref.ref[Frame]] = []
    most = 0

    def stream() -> Iterator[Frame]:
        nonlocal most
        for i in range(60):
            frame = Frame(i, np.zeros((32, 48, 3), np.uint8))
            alive.append(weakref.ref(frame))
            most = max(most, sum(ref() is not None for ref in alive))
            yield frame
            del frame

    filter = average(reach=2, margin=0)
    plan = make_plan(filter, SIZE, 0, 4)
    for ready in filter_frames(stream(), filter, plan):
        while ready:
            ready.pop(0)
    assert most <= plan.frames + 2


@pytest.mark.parametrize("done", [0, 6, 10, 14])
def test_going_on_from_any_window(done: int) -> None:
    filter = average(reach=2, margin=1)
    clip = scene(20, SIZE)
    plan = make_plan(filter, SIZE, 0, 4)
    first = first_needed_frame(plan, done)
    frames = (Frame(i, clip[i].copy()) for i in range(first, 20))
    made = [result_of(f) for ready in filter_frames(frames, filter, plan, done=done) for f in ready]
    np.testing.assert_array_equal(np.stack(made), whole(filter, clip)[done:])


def test_a_mask_over_everything() -> None:
    filter = Filter(lambda frames, masks: frames.astype(np.float32), "same", inpaints=True)
    frames = (Frame(i, np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)) for i in range(3))
    with pytest.raises(InputError, match="no pixels are left"):
        list(filter_frames(frames, filter, make_plan(filter, (8, 8), 0, 2)))
