"""How a video is divided: windows of frames in time, tiles in space, within the memory allowed."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise, product

from vidgan.tiling.filter import Filter

# Arithmetic that windows and tiles may cost, over that of an undivided pass.
MOST_COST = 1.3
# Of a filter's reach, what is thrown away at joints: all of it, or what MOST_COST allows.
_SHARES = (1.0, 0.75, 0.5, 0.35, 0.25)
# Frames that a window advances by, at most: more saves little arithmetic and shows no progress.
_STEPS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
_MOST_TILES = 32
# Frames that are blended where two windows meet.
_FADE_FRAMES = 1
# Small calls cost more than what they do: frames are joined until there are so many pixels.
_FEW_PIXELS = 1 << 17
# Decoded frames that wait, and restored ones that wait for the encoder: so many bytes of each.
_QUEUE_BYTES = 96 << 20
_FEWEST_WAITING = 2
# Of a tile, three channels: uint8 in, float32 out.
_TILE_IN, _TILE_OUT = 3, 12
# Results on disk that are in memory at once: the one that is encoded.
_MAPPED = 1


@dataclass(frozen=True)
class Span:
    """A tile along one side, in source pixels.

    Attributes:
        start: where what the filter sees begins.
        stop: where it ends.
        begin: where what is kept begins.
        end: where it ends.
        fade: so many pixels from ``begin`` on are blended with the tile before.
    """

    start: int
    stop: int
    begin: int
    end: int
    fade: int


@dataclass(frozen=True)
class TilingPlan:
    """How a video is divided.

    Attributes:
        frames: of a window, as the filter sees it.
        step: frames from one window to the next.
        context: frames at either end of a window that are thrown away.
        fade: frames blended where windows meet.
        rows: tiles from top to bottom.
        columns: tiles from left to right.
        cost: arithmetic over that of an undivided pass.
        memory: bytes that windows, queues and the filter take.
        disk: bytes that the frames of windows take there; 0 where they are held in memory.
        waiting: frames that may wait before and behind the filter.
    """

    frames: int
    step: int
    context: int
    fade: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    cost: float
    memory: int
    disk: int
    waiting: int


def up_to(value: int, multiple: int) -> int:
    """Return the next multiple that is not smaller."""
    return -(-value // multiple) * multiple


def spans(length: int, count: int, margin: int, multiple: int) -> tuple[Span, ...]:
    """Divide one side into tiles of one size.

    Neighbours overlap by twice the margin and a strip between that is blended. At the ends of the
    side nothing is added: there the filter meets the border as it would undivided.

    Args:
        length: pixels; the last tile reaches up to the next multiple.
        count: tiles.
        margin: pixels of each tile that are thrown away at a joint.
        multiple: of which sizes and places are.
    """
    whole = up_to(length, multiple)
    fade = -(-margin // 2)
    overlap = up_to(2 * margin + fade, multiple) if count > 1 else 0
    size = min(whole, up_to(-(-(whole + (count - 1) * overlap) // count), multiple))
    if size <= overlap:
        return ()
    starts = [min(i * (size - overlap), whole - size) for i in range(count)]
    if len(set(starts)) < count:
        return ()
    # Blending is in the middle of the overlap, which is wider before the last tile.
    blends = [(a + size + b - fade) // 2 for a, b in pairwise(starts)]
    begins = [0, *blends]
    ends = [*(place + fade for place in blends), length]
    return tuple(
        Span(start, start + size, begin, end, fade if i else 0)
        for i, (start, begin, end) in enumerate(zip(starts, begins, ends, strict=True))
    )


def divide(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    step: int,
    rows: int = 1,
    columns: int = 1,
    keep: bool = False,
    on_disk: bool = False,
) -> TilingPlan | None:
    """Return the plan with a certain division, None where there is none.

    Args:
        filter: what restores.
        size: ``(width, height)`` of a frame.
        frames: of the video; 0 where unknown.
        step: frames that a window advances by.
        rows: tiles from top to bottom.
        columns: tiles from left to right.
        keep: the frames are kept beside their results.
        on_disk: the frames of windows are held there.
    """
    down = spans(size[1], rows, filter.margin, filter.multiple)
    across = spans(size[0], columns, filter.margin, filter.multiple)
    if not down or not across:
        return None
    return _plan(filter, size, frames, step, down, across, keep, on_disk)


def lie_apart(filter: Filter, keep: bool, on_disk: bool) -> bool:
    """Return whether results have room of their own: else they take the place of their sources.

    Args:
        filter: what restores.
        keep: the frames are kept beside their results.
        on_disk: the frames of windows are held there.
    """
    return keep or on_disk or filter.scale > 1


def _plan(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    step: int,
    rows: tuple[Span, ...],
    columns: tuple[Span, ...],
    keep: bool,
    on_disk: bool,
) -> TilingPlan:
    width, height = size
    fade = _FADE_FRAMES if filter.context else 0
    window = step + 2 * filter.context + fade
    in_time = window / step
    if frames:
        joints = max(0, math.ceil((frames - window) / step))
        in_time = (frames + joints * (window - step)) / frames
        window = min(window, max(frames, filter.frames))
    tile = (rows[0].stop - rows[0].start) * (columns[0].stop - columns[0].start)
    padded = up_to(height, filter.multiple) * up_to(width, filter.multiple)
    cost = in_time * len(rows) * len(columns) * tile / padded
    source = width * height * (4 if filter.fills else 3)
    result = width * height * 3 * filter.scale**2
    waiting = max(_FEWEST_WAITING, min(step, _QUEUE_BYTES // max(source, result)))
    # At the same size most results take the place of their sources.
    apart = lie_apart(filter, keep, on_disk)
    held = (step if apart else filter.context) + fade
    windows = window * source + held * result
    queues = waiting * (source + result)
    band = (rows[0].stop - rows[0].start) / height
    memory = window * tile * (filter.bytes_per_pixel + _TILE_IN + _TILE_OUT * filter.scale**2)
    if on_disk:
        # Of the frames of a window a row of tiles is looked at at a time.
        memory += int(windows * band) + waiting * source + _MAPPED * result
        memory += window * width * height if filter.fills else 0
    else:
        memory += windows + queues
        if not apart and len(rows) * len(columns) > 1:
            # A row of tiles is copied out before its results are put in.
            memory += int(window * source * band)
    disk = windows + queues if on_disk else 0
    return TilingPlan(
        window, step, filter.context, fade, rows, columns, cost, memory, disk, waiting
    )


def choose(
    filter: Filter,
    size: tuple[int, int],
    frames: int,
    memory: int,
    keep: bool = False,
    disk: int = 0,
) -> TilingPlan:
    """Return the plan that costs the least arithmetic of those that fit in memory.

    Where even that is more than :data:`MOST_COST` times an undivided pass, less is thrown away at
    the joints than the filter's reach. What lies at the rim of a network's reach weighs little,
    and the joints are blended. Where that is not enough, the frames of windows are held on disk:
    as few as will do.

    Args:
        filter: what restores.
        size: ``(width, height)`` of a frame.
        frames: of the video; 0 where unknown.
        memory: bytes allowed. Where not even the smallest pieces fit, these are taken.
        keep: the frames are kept beside their results.
        disk: bytes allowed there.
    """
    plans = []
    for allowed in (0, disk) if disk else (0,):
        for share in _SHARES:
            context, margin = math.ceil(filter.context * share), math.ceil(filter.margin * share)
            near = replace(filter, context=context, margin=margin)
            plan = _cheapest(near, size, frames, memory, keep, allowed)
            if plan.memory <= memory and plan.disk <= allowed and plan.cost <= MOST_COST:
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
    few = min(_FEW_PIXELS, steps[-1] * size[0] * size[1])
    return min(
        fitting,
        key=lambda plan: (
            # On disk as little as will do; in memory a hundredth is worth no more tiles.
            max(plan.cost, MOST_COST) if disk else round(plan.cost, 2),
            plan.disk,
            len(plan.rows) * len(plan.columns),
            plan.frames * size[0] * size[1] < few,
            plan.memory,
        ),
    )


def _divisions(length: int, filter: Filter) -> list[tuple[Span, ...]]:
    counts = range(1, _MOST_TILES + 1)
    every = (spans(length, count, filter.margin, filter.multiple) for count in counts)
    return [division for division in every if division]
