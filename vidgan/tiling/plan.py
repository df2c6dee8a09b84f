"""Dividing a video into windows (in time) and tiles (in space) that fit in memory."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise, product

from vidgan.tiling.filter import Filter

# Largest cost of a plan: its computation over that of the undivided video.
MAX_COST = 1.3
# Fractions of a filter's context and margin that are discarded at seams: all, or what MAX_COST
# allows.
_FRACTIONS = (1.0, 0.75, 0.5, 0.35, 0.25)
# Frames that a window advances by. Larger steps save little computation and delay progress.
_STEPS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
_MAX_TILES = 32
# Frames that are blended at the seam of two windows.
_BLEND_FRAMES = 1
# Calls with fewer pixels are dominated by overhead: windows are made longer to avoid them.
_MIN_PIXELS = 1 << 17
# Size of the queue of decoded frames, and of that of results for the encoder.
_QUEUE_BYTES = 96 << 20
_MIN_QUEUE_FRAMES = 2
# Bytes a pixel of a tile's result: three channels of float32.
_TILE_OUT = 12
# Results on disk that are mapped into memory at once: the one that is encoded.
_MAPPED_RESULTS = 1


@dataclass(frozen=True)
class TileRange:
    """Extent of a tile along one side, in source pixels.

    Attributes:
        start: start of the filter's input.
        stop: its end.
        begin: start of the part of the result that is kept.
        end: its end.
        fade: pixels from ``begin`` on that are blended with the tile before.
    """

    start: int
    stop: int
    begin: int
    end: int
    fade: int


@dataclass(frozen=True)
class TilingPlan:
    """Division of a video into windows and tiles.

    Attributes:
        frames: length of a window.
        step: frames from one window to the next.
        context: frames at both ends of a window whose results are discarded.
        fade: frames that are blended at the seam of two windows.
        rows: tiles from top to bottom.
        columns: tiles from left to right.
        cost: computation over that of the undivided video.
        memory: bytes in memory for windows, queues and the filter.
        disk: bytes on disk for the frames of windows; 0 if they are in memory.
        queue_frames: length of the queues before and after the filter.
    """

    frames: int
    step: int
    context: int
    fade: int
    rows: tuple[TileRange, ...]
    columns: tuple[TileRange, ...]
    cost: float
    memory: int
    disk: int
    queue_frames: int


def round_up(value: int, multiple: int) -> int:
    """Round up to a multiple."""
    return -(-value // multiple) * multiple


def tile_ranges(length: int, count: int, margin: int, multiple: int) -> tuple[TileRange, ...]:
    """Divide one side into tiles of equal size.

    Neighbours overlap by twice the margin and a strip that is blended. The first and last tile end
    at the border of the frame, as the undivided frame does.

    Args:
        length: pixels of the side; the last tile is rounded up to a multiple.
        count: number of tiles.
        margin: pixels of each tile that are discarded at a seam.
        multiple: sizes and positions are multiples of this.

    Returns:
        The tiles; none if the side cannot be divided into so many.
    """
    whole = round_up(length, multiple)
    fade = -(-margin // 2)
    overlap = round_up(2 * margin + fade, multiple) if count > 1 else 0
    size = min(whole, round_up(-(-(whole + (count - 1) * overlap) // count), multiple))
    if size <= overlap:
        return ()
    starts = [min(i * (size - overlap), whole - size) for i in range(count)]
    if len(set(starts)) < count:
        return ()
    # Seams are in the middle of the overlap, which is wider before the last tile.
    blends = [(a + size + b - fade) // 2 for a, b in pairwise(starts)]
    begins = [0, *blends]
    ends = [*(place + fade for place in blends), length]
    return tuple(
        TileRange(start, start + size, begin, end, fade if i else 0)
        for i, (start, begin, end) in enumerate(zip(starts, begins, ends, strict=True))
    )


def make_plan(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    step: int,
    rows: int = 1,
    columns: int = 1,
    keep: bool = False,
    on_disk: bool = False,
) -> TilingPlan:
    """Return the plan with a given division.

    Args:
        filter: the filter.
        size: ``(width, height)`` of a frame.
        frames: length of the video; 0 if unknown.
        step: frames that a window advances by.
        rows: number of tiles from top to bottom.
        columns: number of tiles from left to right.
        keep: keep source frames after filtering.
        on_disk: hold the frames of windows on disk.

    Raises:
        ValueError: the frame cannot be divided into so many tiles.
    """
    down = tile_ranges(size[1], rows, filter.margin, filter.multiple)
    across = tile_ranges(size[0], columns, filter.margin, filter.multiple)
    if not down or not across:
        raise ValueError(f"no {rows} × {columns} tiles in frames of {size[0]} × {size[1]} pixels")
    return _plan(filter, size, frames, step, down, across, keep, on_disk)


def needs_result_buffer(filter: Filter, keep: bool, on_disk: bool) -> bool:
    """Return whether results need memory of their own, instead of replacing their sources.

    Args:
        filter: the filter.
        keep: keep source frames after filtering.
        on_disk: hold the frames of windows on disk.
    """
    return keep or on_disk or filter.scale > 1 or filter.channels > 3


def _plan(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    step: int,
    rows: tuple[TileRange, ...],
    columns: tuple[TileRange, ...],
    keep: bool,
    on_disk: bool,
) -> TilingPlan:
    width, height = size
    fade = _BLEND_FRAMES if filter.context else 0
    window = step + 2 * filter.context + fade
    in_time = window / step
    if frames:
        joints = max(0, math.ceil((frames - window) / step))
        in_time = (frames + joints * (window - step)) / frames
        window = min(window, max(frames, filter.frames))
    tile = (rows[0].stop - rows[0].start) * (columns[0].stop - columns[0].start)
    padded = round_up(height, filter.multiple) * round_up(width, filter.multiple)
    cost = in_time * len(rows) * len(columns) * tile / padded
    source = width * height * (filter.channels + filter.inpaints)
    result = width * height * 3 * filter.scale**2
    queue_frames = max(_MIN_QUEUE_FRAMES, min(step, _QUEUE_BYTES // max(source, result)))
    # Most results of one size with their sources replace them.
    separate = needs_result_buffer(filter, keep, on_disk)
    held = (step if separate else filter.context) + fade
    windows = window * source + held * result
    queues = queue_frames * (source + result)
    band = (rows[0].stop - rows[0].start) / height
    memory = (
        window * tile * (filter.bytes_per_pixel + filter.channels + _TILE_OUT * filter.scale**2)
    )
    if on_disk:
        # One row of tiles of a window is mapped at a time.
        memory += int(windows * band) + queue_frames * source + _MAPPED_RESULTS * result
        memory += window * width * height if filter.inpaints else 0
    else:
        memory += windows + queues
        if not separate and len(rows) * len(columns) > 1:
            # A row of tiles is copied before its results replace it.
            memory += int(window * source * band)
    disk = windows + queues if on_disk else 0
    return TilingPlan(
        window, step, filter.context, fade, rows, columns, cost, memory, disk, queue_frames
    )


def choose_plan(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    memory: int,
    keep: bool = False,
    disk: int = 0,
) -> TilingPlan:
    """Return the plan with the least computation that fits in memory.

    If its cost is above :data:`MAX_COST`, smaller margins and contexts are tried: pixels at the
    edge of a network's receptive field have little weight, and seams are blended. If that is not
    enough, frames of windows are held on disk, as few as possible.

    Args:
        filter: the filter.
        size: ``(width, height)`` of a frame.
        frames: length of the video; 0 if unknown.
        memory: bytes of memory allowed. If no plan fits, the smallest one is returned.
        keep: keep source frames after filtering.
        disk: bytes on disk allowed.
    """
    plans = []
    for allowed in (0, disk) if disk else (0,):
        for fraction in _FRACTIONS:
            context, margin = (
                math.ceil(filter.context * fraction),
                math.ceil(filter.margin * fraction),
            )
            near = replace(filter, context=context, margin=margin)
            plan = _cheapest(near, size, frames, memory, keep, allowed)
            if plan.memory <= memory and plan.disk <= allowed and plan.cost <= MAX_COST:
                return plan
            plans.append(plan)
    return min(
        plans, key=lambda plan: (plan.memory > memory, plan.disk > disk, round(plan.cost, 2))
    )


def _cheapest(
    filter: Filter, size: tuple[int, int], frames: int, memory: int, keep: bool, disk: int
) -> TilingPlan:
    down = _divisions(size[1], filter)
    across = _divisions(size[0], filter)
    least = filter.frames - 2 * filter.context
    steps = [step for step in _STEPS if step >= least] or [least]
    plans = [
        _plan(filter, size, frames, *parts, keep, disk > 0)
        for parts in product(steps, down, across)
    ]
    fitting = [plan for plan in plans if plan.memory <= memory and plan.disk <= disk]
    if not fitting:
        return min(plans, key=lambda plan: (plan.memory, plan.disk))
    few = min(_MIN_PIXELS, steps[-1] * size[0] * size[1])
    return min(
        fitting,
        key=lambda plan: (
            # On disk as few bytes as possible; in memory a cost of 0.01 is worth no more tiles.
            max(plan.cost, MAX_COST) if disk else round(plan.cost, 2),
            plan.disk,
            len(plan.rows) * len(plan.columns),
            plan.frames * size[0] * size[1] < few,
            plan.memory,
        ),
    )


def _divisions(length: int, filter: Filter) -> list[tuple[TileRange, ...]]:
    counts = range(1, _MAX_TILES + 1)
    every = (tile_ranges(length, count, filter.margin, filter.multiple) for count in counts)
    return [division for division in every if division]
