"""One window of frames through a filter, tile by tile, with the tiles blended where they meet."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from vidgan.tiling.filter import Filter
from vidgan.tiling.plan import Span, TilingPlan

Images = list[np.ndarray]


def blend(old: np.ndarray, new: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Return uint8 pixels that go from ``old`` to ``new`` as ``share`` goes from 0 to 1.

    Where both are the same, so is the result.
    """
    return np.rint(old + (new.astype(np.float32) - old) * np.float32(share)).astype(np.uint8)


def restore_window(
    filter: Filter,
    plan: TilingPlan,
    frames: Images,
    masks: Images | None,
    targets: dict[int, np.ndarray],
    done: Callable[[float], None],
) -> None:
    """Put a window through a filter, tile by tile.

    Args:
        filter: what restores.
        plan: how frames are divided.
        frames: the window, uint8 ``(height, width, 3)`` each.
        masks: for filters that fill, bool ``(height, width)`` for each frame.
        targets: for the frames that are wanted, by their place in the window, where to put the
            result: uint8 ``(scale * height, scale * width, 3)``, which may be the frame itself.
            With masks only what lies in them is written.
        done: told the share of the window that is restored, after every tile.
    """
    in_place = any(target is frames[i] for i, target in targets.items())
    bands = _bands(plan, frames, in_place)
    for index, (row, band) in enumerate(zip(plan.rows, bands, strict=True)):
        joint = slice(row.begin * filter.scale, (row.begin + row.fade) * filter.scale)
        above = {i: target[joint].copy() for i, target in targets.items()}
        for number, column in enumerate(plan.columns):
            _restore_tile(filter, band, masks, targets, row, column)
            done((index + (number + 1) / len(plan.columns)) / len(plan.rows))
        share = _ramp(row.fade * filter.scale)[:, None, None]
        for i, target in targets.items():
            target[joint] = blend(above[i], target[joint], share)


def _bands(plan: TilingPlan, frames: Images, in_place: bool) -> Iterator[Images]:
    """Yield the source rows of every row of tiles.

    They are copies where results are written over the frames: neighbours need those yet.
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
    row: Span,
    column: Span,
) -> None:
    """Put one tile of a window through the filter and paste what is kept of it."""
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
    share = _ramp(fade)[:, None]
    for i, target in targets.items():
        place = target[tuple(slice(part.start * scale, part.stop * scale) for part in kept)]
        height, width, _ = place.shape
        new = result[i, top : top + height, left : left + width]
        new = np.rint(np.clip(new, 0, 255)).astype(np.uint8)
        new[:, :fade] = blend(place[:, :fade], new[:, :fade], share)
        np.copyto(place, new, where=True if masks is None else masks[i][kept][..., None])


def _padded(tile: np.ndarray, row: Span, column: Span) -> np.ndarray:
    """Fill up a tile that reaches beyond the frame with its mirror image."""
    down = row.stop - row.start - tile.shape[1]
    across = column.stop - column.start - tile.shape[2]
    if not down and not across:
        return tile
    rest = ((0, 0),) * (tile.ndim - 3)
    return np.pad(tile, ((0, 0), (0, down), (0, across), *rest), mode="reflect")


def _ramp(length: int) -> np.ndarray:
    """Return ``length`` shares between 0 and 1, neither included."""
    return np.arange(1, length + 1, dtype=np.float32) / (length + 1)
