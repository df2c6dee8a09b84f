"""From one video to another: decode, filter, encode, the first and last in threads."""

from collections.abc import Callable, Iterator
from itertools import islice

import cv2
import numpy as np

from vidgan.tiling.filter import Filter
from vidgan.tiling.masks import Mask
from vidgan.tiling.parts import Parts
from vidgan.tiling.plan import TilingPlan
from vidgan.tiling.source import VideoSource
from vidgan.tiling.threads import read_ahead, write_behind
from vidgan.tiling.windows import Frame, first_needed, restore


def fill_parts(
    source: VideoSource,
    mask: Mask | None,
    filter: Filter,
    plan: TilingPlan,
    parts: Parts,
    *,
    compare: bool = False,
    progress: Callable[[int], None] = lambda frames: None,
) -> None:
    """Restore what is missing of a video.

    Args:
        source: the video.
        mask: of its holes, for filters that fill.
        filter: what restores.
        plan: how the video is divided.
        parts: what is there already; the rest is added to it.
        compare: put every frame in front of its result.
        progress: told how many frames are ready, those of earlier calls included.
    """
    done = len(parts.times)

    def write(frame: Frame | None) -> None:
        if frame is None:
            parts.end_window()
        else:
            parts.write(frame.time, _picture(frame, compare))

    with (
        read_ahead(_frames(source, mask, first_needed(plan, done)), plan.waiting) as frames,
        write_behind(write, plan.waiting) as take,
    ):
        for ready in restore(
            frames,
            filter,
            plan,
            done=done,
            keep=compare,
            folder=parts.folder,
            progress=lambda now: progress(int(now)),
        ):
            while ready:
                take(ready.pop(0))
            take(None)
    parts.finish(source.closing)


def _frames(source: VideoSource, mask: Mask | None, skip: int) -> Iterator[Frame]:
    """Yield the frames from one on, with their masks."""
    if mask is None:
        yield from source.read(skip)
        return
    # A mask may depend on frames before.
    before = min(skip, mask.reach)
    yield from islice(mask.put_on(source.read(skip - before)), before, None)


def _picture(frame: Frame, compare: bool) -> np.ndarray:
    """Return what is written of a frame."""
    assert frame.result is not None
    if not compare:
        return frame.result
    height, width, _ = frame.result.shape
    before = cv2.resize(frame.pixels, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.concatenate([before, frame.result], axis=1)
