"""Decoding, filtering and encoding a video, with threads for decoding and encoding."""

from collections.abc import Callable, Iterator
from itertools import islice

import cv2
import numpy as np

from vidgan.tiling.filter import Filter
from vidgan.tiling.masks import Mask
from vidgan.tiling.parts import Parts
from vidgan.tiling.plan import TilingPlan
from vidgan.tiling.source import FrameSource
from vidgan.tiling.threads import read_ahead, write_behind
from vidgan.tiling.windows import Frame, filter_frames, first_needed_frame


def restore_parts(
    source: FrameSource,
    mask: Mask | None,
    filter: Filter,
    plan: TilingPlan,
    parts: Parts,
    *,
    compare: bool = False,
    progress: Callable[[int], None] = lambda frames: None,
) -> None:
    """Filter the frames of a video that its parts do not have yet.

    Args:
        source: the video.
        mask: the area to fill, for filters that inpaint.
        filter: the filter.
        plan: the division into windows and tiles.
        parts: the finished parts; new ones are added.
        compare: write each frame to the left of its result.
        progress: called with the number of finished frames, those of earlier calls included.
    """
    done = len(parts.times)
    first = first_needed_frame(plan, done)

    def write(frame: Frame | None) -> None:
        if frame is None:
            parts.end_window()
        else:
            parts.write(frame.time, _picture(frame, compare))

    with (
        read_ahead(_frames(source, mask, first), plan.queue_frames) as frames,
        write_behind(write, plan.queue_frames) as take,
    ):
        for ready in filter_frames(
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
    parts.finish(source.end_time)


def _frames(source: FrameSource, mask: Mask | None, skip: int) -> Iterator[Frame]:
    """Yield the frames from number ``skip`` on, with their masks."""
    if mask is None:
        yield from source.read(skip)
        return
    # The mask of a frame may depend on frames before it.
    before = min(skip, mask.reach)
    yield from islice(mask.apply(source.read(skip - before)), before, None)


def _picture(frame: Frame, compare: bool) -> np.ndarray:
    """Return the image to write for a frame."""
    assert frame.result is not None
    if not compare:
        return frame.result
    height, width, _ = frame.result.shape
    before = cv2.resize(frame.pixels[..., :3], (width, height), interpolation=cv2.INTER_CUBIC)
    return np.concatenate([before, frame.result], axis=1)
