"""Filtering a stream of frames window by window, with blended seams."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import TilingPlan, needs_result_buffer
from vidgan.tiling.store import FrameStore
from vidgan.tiling.tiles import blend, filter_window

# Rows of a frame that are blended at once: blending takes a few times their size in memory.
_BLEND_ROWS = 64


@dataclass
class Frame:
    """A frame of the source, with its result.

    Attributes:
        time: start in ticks of the source, from the start of the span.
        pixels: uint8 ``(height, width, channels)``, the first three RGB; see :class:`Filter`.
        mask: bool ``(height, width)``, True where pixels are to be filled; None without a mask.
        result: uint8 RGB ``(scale * height, scale * width, 3)``, None before filtering. Without
            ``keep`` of :func:`filter_frames` it may be the same array as ``pixels``.
    """

    time: int
    pixels: np.ndarray
    mask: np.ndarray | None = None
    result: np.ndarray | None = None


def first_needed_frame(plan: TilingPlan, done: int) -> int:
    """Return the first frame of a stream that is needed to continue after ``done`` frames.

    Args:
        plan: the division of the stream.
        done: finished frames, at the end of a window; see :func:`filter_frames`.
    """
    return max(0, done - plan.step - plan.context) if plan.fade else done


def filter_frames(
    frames: Iterable[Frame],
    filter: Filter,
    plan: TilingPlan,
    *,
    done: int = 0,
    keep: bool = False,
    folder: Path | None = None,
    progress: Callable[[float], None] = lambda frames: None,
) -> Iterator[list[Frame]]:
    """Filter a stream of frames.

    Args:
        frames: the stream, from frame ``first_needed_frame(plan, done)`` on.
        filter: the filter.
        plan: the division of the stream.
        done: finished frames of an earlier call: the sum of the lengths of the first lists that it
            yielded.
        keep: keep ``pixels`` as they are.
        folder: the folder for frames that the plan holds on disk.
        progress: called with the number of finished frames, as a fraction within a window.

    Yields:
        The finished frames of each window, with their results. A list is emptied before the next
        one is yielded.

    Raises:
        InputError: the mask covers all pixels of a window.
        OSError: the disk is full.
    """
    store = FrameStore(folder if plan.disk else None)
    if store.on_disk:
        frames = (replace(frame, pixels=store.copy(frame.pixels)) for frame in frames)
    separate = needs_result_buffer(filter, keep, store.on_disk)
    tail: list[np.ndarray] = []
    for start, window, last in _windows(frames, plan, first_needed_frame(plan, done)):
        begin = done - start
        end = len(window) if last else len(window) - plan.context - plan.fade
        reach = end if last else end + plan.fade
        spent = 0 if separate else len(window) if last else plan.step
        targets = {
            i: window[i].pixels if i < spent else _target(window[i], filter, store)
            for i in range(begin, reach)
        }
        _filter(filter, plan, window, targets, store, _shifted(progress, done, end - begin))
        for i, old in enumerate(tail, begin):
            _blend_into(targets[i], old, (i - begin + 1) / (len(tail) + 1), store)
        store.release()
        for i in range(begin, end):
            window[i].result = targets[i]
        ready = window[begin:end]
        tail = [targets[i] for i in range(end, reach)]
        done = start + end
        del window, targets
        yield ready
        ready.clear()


def _windows(
    frames: Iterable[Frame], plan: TilingPlan, start: int
) -> Iterator[tuple[int, list[Frame], bool]]:
    """Yield each window: the number of its first frame, its frames, and whether it is the last."""
    rest = iter(frames)
    window = list(islice(rest, plan.frames))
    while window:
        # Read one frame ahead to recognise the last window.
        ahead = list(islice(rest, 1))
        shared = window[plan.step :]
        # Keep no reference to a window here: its frames are freed one by one as they are encoded.
        handed = [window]
        del window
        yield start, handed.pop(), not ahead
        window = [*shared, *ahead] if ahead else []
        del shared
        window.extend(islice(rest, plan.step - 1 if ahead else 0))
        start += plan.step


def _target(frame: Frame, filter: Filter, store: FrameStore) -> np.ndarray:
    if filter.inpaints:
        return store.copy(frame.pixels)
    height, width, _ = frame.pixels.shape
    return store.empty((height * filter.scale, width * filter.scale, 3))


def _blend_into(target: np.ndarray, old: np.ndarray, weight: float, store: FrameStore) -> None:
    for start in range(0, len(target), _BLEND_ROWS):
        rows = slice(start, start + _BLEND_ROWS)
        target[rows] = blend(old[rows], target[rows], weight)
        store.release()


def _filter(
    filter: Filter,
    plan: TilingPlan,
    window: list[Frame],
    targets: dict[int, np.ndarray],
    store: FrameStore,
    progress: Callable[[float], None],
) -> None:
    """Filter a window."""
    # Videos that are too short for the filter are padded with their last frame.
    window = window + window[-1:] * (filter.frames - len(window))
    masks = [frame.mask for frame in window if frame.mask is not None] if filter.inpaints else None
    if masks and all(mask.all() for mask in masks):
        raise InputError("the mask covers whole frames: no pixels are left to fill them from")
    pixels = [frame.pixels for frame in window]

    def report_tile(fraction: float) -> None:
        store.release()
        progress(fraction)

    filter_window(filter, plan, pixels, masks, targets, report_tile)


def _shifted(progress: Callable[[float], None], before: int, count: int) -> Callable[[float], None]:
    return lambda fraction: progress(before + fraction * count)
