"""Windows and tiles: what they bring is what the whole video at once would have brought."""

import cv2
import numpy as np
import pytest
from videos import scene

from vidgan.restoring.filter import Filter
from vidgan.restoring.plan import Plan, divide
from vidgan.restoring.windows import Frame, restore

SIZE = (48, 32)


def average(reach: int, margin: int, scale: int = 1, **declared: int) -> Filter:
    """A filter whose every result hangs on so many frames and pixels around, and on no more."""
    rng = np.random.default_rng(0)
    times = rng.uniform(-1, 1, 2 * reach + 1)
    times[reach] += 3
    kernel = rng.uniform(-1, 1, (2 * margin + 1, 2 * margin + 1))
    kernel[margin, margin] += 3
    times, kernel = times / times.sum(), kernel / kernel.sum()

    def apply(frames: np.ndarray, masks: np.ndarray | None) -> np.ndarray:
        blurred = np.stack(
            [
                cv2.filter2D(f.astype(np.float32), -1, kernel, borderType=cv2.BORDER_CONSTANT)
                for f in frames
            ]
        )
        padded = np.pad(blurred, ((reach, reach), (0, 0), (0, 0), (0, 0)))
        mixed = sum(t * padded[i : i + len(frames)] for i, t in enumerate(times))
        return mixed.repeat(scale, axis=1).repeat(scale, axis=2).astype(np.float32)

    declared = {"context": reach, "margin": margin} | declared
    return Filter(apply, "average", scale=scale, **declared)


def run(filter: Filter, plan: Plan, clip: np.ndarray, **options) -> np.ndarray:
    frames = (Frame(i, frame.copy()) for i, frame in enumerate(clip))
    made = [frame.result for ready in restore(frames, filter, plan, **options) for frame in ready]
    return np.stack(made)


def whole(filter: Filter, clip: np.ndarray) -> np.ndarray:
    down, across = (-(-side // filter.multiple) * filter.multiple for side in clip.shape[1:3])
    pad = ((0, 0), (0, down - clip.shape[1]), (0, across - clip.shape[2]), (0, 0))
    made = np.rint(np.clip(filter.apply(np.pad(clip, pad, mode="reflect"), None), 0, 255))
    size = clip.shape[1] * filter.scale, clip.shape[2] * filter.scale
    return made[:, : size[0], : size[1]].astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("length", [1, 5, 12, 13, 23])
@pytest.mark.parametrize(
    ("step", "rows", "columns"), [(4, 1, 1), (30, 2, 3), (4, 2, 3), (1, 3, 1), (6, 1, 2)]
)
def test_joints_leave_no_trace(scale, length, step, rows, columns):
    filter = average(reach=2, margin=2, scale=scale)
    clip = scene(length, SIZE)
    plan = divide(filter, SIZE, 0, step, rows, columns)
    made = run(filter, plan, clip)
    assert made.shape == (length, 32 * scale, 48 * scale, 3)
    np.testing.assert_array_equal(made, whole(filter, clip))


def test_sides_that_are_no_multiples():
    filter = average(reach=1, margin=2, multiple=8)
    clip = scene(9, (45, 35))
    made = run(filter, divide(filter, (45, 35), 0, 3, 2, 2), clip)
    np.testing.assert_array_equal(made, whole(filter, clip))


def steps(clip: np.ndarray, axis: int) -> np.ndarray:
    """Mean absolute change from one frame, row or column to the next."""
    others = tuple(i for i in range(4) if i != axis)
    return np.abs(np.diff(clip.astype(float), axis=axis)).mean(axis=others)
