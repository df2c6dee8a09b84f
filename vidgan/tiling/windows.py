"""A stream of frames through a filter, window by window, blended where the windows meet."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import TilingPlan, lie_apart
from vidgan.tiling.store import Store
from vidgan.tiling.tiles import blend, restore_window

# Whole frames are blended so many rows at a time: what that takes is a few times their size.
_BLENDED_ROWS = 64


@dataclass
class Frame:
    """A frame on its way.

    Attributes:
        time: in ticks of the source, from where the result begins.
        pixels: uint8 RGB ``(height, width, 3)``.
        mask: bool ``(height, width)``, true in the holes; None where nothing is filled.
        result: uint8 RGB ``(scale * height, scale * width, 3)`` once there is one. Without
            ``keep`` in :func:`restore` it may be the same array as ``pixels``.
    """

    time: int
    pixels: np.ndarray
    mask: np.ndarray | None = None
    result: np.ndarray | None = None


def first_needed(plan: TilingPlan, done: int) -> int:
    """Return the frame from which on a stream must be read to go on after ``done`` frames.

    Args:
        plan: of the stream.
        done: frames that windows which are complete have brought; see :func:`restore`.
    """
    return max(0, done - plan.step - plan.context) if plan.fade else done


def restore(
    frames: Iterable[Frame],
    filter: Filter,
    plan: TilingPlan,
    *,
    done: int = 0,
    keep: bool = False,
    folder: Path | None = None,
    progress: Callable[[float], None] = lambda frames: None,
) -> Iterator[list[Frame]]:
    """Put a stream through a filter.

    Args:
        frames: the stream, from frame ``first_needed(plan, done)`` on.
        filter: what restores.
        plan: how the stream is divided.
        done: frames that are there already, from an earlier call: the sum of the lengths of the
            first lists that it yielded.
        keep: leave ``pixels`` as they are.
        folder: where the frames of windows are put if the plan says that they lie on disk.
        progress: told how many frames are ready, fractions included.

    Yields:
        The frames that each window completes, with their results. The list is emptied when the
        next one is asked for.

    Raises:
        InputError: all pixels of a window are in the mask.
        OSError: the disk is full.
    """
    store = Store(folder if plan.disk else None)
    if store.on_disk:
        frames = (replace(frame, pixels=store.copy(frame.pixels)) for frame in frames)
    apart = lie_apart(filter, keep, store.on_disk)
    held: list[np.ndarray] = []
    for start, window, last in _windows(frames, plan, first_needed(plan, done)):
        begin = done - start
        end = len(window) if last else len(window) - plan.context - plan.fade
        reach = end if last else end + plan.fade
        spent = 0 if apart else len(window) if last else plan.step
        targets = {
            i: window[i].pixels if i < spent else _target(window[i], filter, store)
            for i in range(begin, reach)
        }
        _restore(filter, plan, window, targets, store, _told(progress, done, end - begin))
        for i, old in enumerate(held, begin):
            _blend_into(targets[i], old, (i - begin + 1) / (len(held) + 1), store)
        store.release()
        for i in range(begin, end):
            window[i].result = targets[i]
        ready = window[begin:end]
        held = [targets[i] for i in range(end, reach)]
        done = start + end
        del window, targets
        yield ready
        ready.clear()


def _windows(
    frames: Iterable[Frame], plan: TilingPlan, start: int
) -> Iterator[tuple[int, list[Frame], bool]]:
    """Yield the first frame's number, the frames, and whether it is the last window."""
    rest = iter(frames)
    window = list(islice(rest, plan.frames))
    while window:
        # One frame ahead: the last window must be known as such.
        ahead = list(islice(rest, 1))
        shared = window[plan.step :]
        # Nothing here may hold on to a window: frames go, one by one, once they are encoded.
        handed = [window]
        del window
        yield start, handed.pop(), not ahead
        window = [*shared, *ahead] if ahead else []
        del shared
        window.extend(islice(rest, plan.step - 1 if ahead else 0))
        start += plan.step


def _target(frame: Frame, filter: Filter, store: Store) -> np.ndarray:
    if filter.fills:
        return store.copy(frame.pixels)
    height, width, _ = frame.pixels.shape
    return store.empty((height * filter.scale, width * filter.scale, 3))


def _blend_into(target: np.ndarray, old: np.ndarray, share: float, store: Store) -> None:
    for start in range(0, len(target), _BLENDED_ROWS):
        rows = slice(start, start + _BLENDED_ROWS)
        target[rows] = blend(old[rows], target[rows], share)
        store.release()


def _restore(
    filter: Filter,
    plan: TilingPlan,
    window: list[Frame],
    targets: dict[int, np.ndarray],
    store: Store,
    done: Callable[[float], None],
) -> None:
    """Put a window through the filter."""
    # Videos shorter than what the filter takes go on with their last frame.
    window = window + window[-1:] * (filter.frames - len(window))
    masks = [frame.mask for frame in window if frame.mask is not None] if filter.fills else None
    if masks and all(mask.all() for mask in masks):
        raise InputError("the mask covers whole frames: nothing is left to fill them from")
    pixels = [frame.pixels for frame in window]

    def tile_done(share: float) -> None:
        store.release()
        done(share)

    restore_window(filter, plan, pixels, masks, targets, tile_done)


def _told(progress: Callable[[float], None], before: int, count: int) -> Callable[[float], None]:
    return lambda share: progress(before + share * count)
