"""Filtering one window of frames tile by tile, with blended seams."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import TileRange, TilingPlan

Images = list[np.ndarray]


def blend(old: np.ndarray, new: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """Interpolate linearly between uint8 pixels; equal pixels stay as they are.

    Args:
        old: the result for a weight of 0.
        new: the result for a weight of 1.
        weight: a number, or an array that broadcasts with the pixels.
    """
    mixed: np.ndarray = np.rint(old + (new.astype(np.float32) - old) * np.float32(weight))
    return mixed.astype(np.uint8)


def filter_window(
    filter: Filter,
    plan: TilingPlan,
    frames: Images,
    masks: Images | None,
    targets: dict[int, np.ndarray],
    progress: Callable[[float], None],
) -> None:
    """Filter a window tile by tile.

    Args:
        filter: the filter.
        plan: the division into tiles.
        frames: the window, uint8 ``(height, width, 3)`` each.
        masks: for filters that inpaint, bool ``(height, width)`` for each frame; else None.
        targets: arrays for the results by index in the window, for the frames whose results are
            needed: uint8 ``(scale * height, scale * width, 3)``, possibly the frame itself. With
            masks, only pixels inside them are written.
        progress: called after each tile with the finished fraction of the window.
    """
    in_place = any(target is frames[i] for i, target in targets.items())
    bands = _bands(plan, frames, in_place)
    for index, (row, band) in enumerate(zip(plan.rows, bands, strict=True)):
        seam = slice(row.begin * filter.scale, (row.begin + row.fade) * filter.scale)
        above = {i: target[seam].copy() for i, target in targets.items()}
        for number, column in enumerate(plan.columns):
            _restore_tile(filter, band, masks, targets, row, column)
            progress((index + (number + 1) / len(plan.columns)) / len(plan.rows))
        weight = _ramp(row.fade * filter.scale)[:, None, None]
        for i, target in targets.items():
            target[seam] = blend(above[i], target[seam], weight)


def _bands(plan: TilingPlan, frames: Images, in_place: bool) -> Iterator[Images]:
    """Yield the source pixels of each row of tiles.

    If results overwrite the frames, they are copies, since neighbouring tiles still need them.
    """
    if not in_place or len(plan.rows) == len(plan.columns) == 1:
        yield from ([frame[row.start : row.stop] for frame in frames] for row in plan.rows)
        return
    band = [frame[: plan.rows[0].stop].copy() for frame in frames]
    yield band
    for last, row in pairwise(plan.rows):
        for i, frame in enumerate(frames):
            kept = band[i][row.start - last.start :]
            band[i] = np.concatenate([kept, frame[last.stop : row.stop]])
        yield band


def _restore_tile(
    filter: Filter,
    band: Images,
    masks: Images | None,
    targets: dict[int, np.ndarray],
    row: TileRange,
    column: TileRange,
) -> None:
    """Filter one tile of a window and write the part of the result that is kept."""
    scale, fade = filter.scale, column.fade * filter.scale
    seen = (slice(row.start, row.stop), slice(column.start, column.stop))
    kept = (slice(row.begin, row.end), slice(column.begin, column.end))
    if masks is not None and not any(masks[i][kept].any() for i in targets):
        return
    tile = _padded(np.stack([frame[:, seen[1]] for frame in band]), row, column)
    holes = None
    if masks is not None:
        holes = _padded(np.stack([mask[seen] for mask in masks]), row, column)
    result = filter.apply(tile, holes)
    top, left = (row.begin - row.start) * scale, (column.begin - column.start) * scale
    weight = _ramp(fade)[:, None]
    for i, target in targets.items():
        place = target[tuple(slice(part.start * scale, part.stop * scale) for part in kept)]
        height, width, _ = place.shape
        new = result[i, top : top + height, left : left + width]
        new = np.rint(np.clip(new, 0, 255)).astype(np.uint8)
        new[:, :fade] = blend(place[:, :fade], new[:, :fade], weight)
        np.copyto(place, new, where=True if masks is None else masks[i][kept][..., None])


def _padded(tile: np.ndarray, row: TileRange, column: TileRange) -> np.ndarray:
    """Pad a tile that reaches beyond the frame by reflection."""
    down = row.stop - row.start - tile.shape[1]
    across = column.stop - column.start - tile.shape[2]
    if not down and not across:
        return tile
    rest = ((0, 0),) * (tile.ndim - 3)
    return np.pad(tile, ((0, 0), (0, down), (0, across), *rest), mode="reflect")


def _ramp(length: int) -> np.ndarray:
    """Return ``length`` evenly spaced weights between 0 and 1, both excluded."""
    return np.arange(1, length + 1, dtype=np.float32) / (length + 1)
