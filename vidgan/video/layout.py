"""Showing clips: contact sheets, tiled clips, enlargement."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from vidgan.config import MIN_DISPLAY_SIDE
from vidgan.video.captions import BACKGROUND, Caption, draw_row

# Pixels between the tiles of a contact sheet.
GAP = 2
# Tiles of contact sheets are enlarged by the largest whole factor that keeps their longer side
# within this many pixels.
MAX_TILE_SIDE = 128


def contact_sheet(
    clips: np.ndarray,
    frames: int = 8,
    scale: int | None = None,
    captions: Sequence[Sequence[Caption]] | None = None,
) -> np.ndarray:
    """Lay clips out as one image, one row a clip, its frames from left to right.

    Args:
        clips: uint8 RGB ``(clips, frames, height, width, 3)``.
        frames: columns; frames are chosen evenly from the first to the last of each clip.
        scale: whole factor of enlargement; by default tiles grow to at most
            :data:`MAX_TILE_SIDE` pixels.
        captions: for each row what stands under it, side by side; all of equally many lines.

    Returns:
        uint8 RGB ``(height, width, 3)``, with gaps between the tiles.

    Raises:
        ValueError: the array has another shape or dtype, or is empty.
    """
    if clips.ndim != 5 or clips.shape[-1] != 3 or clips.dtype != np.uint8 or clips.size == 0:
        raise ValueError(
            "expected uint8 (clips, frames, height, width, 3), "
            f"found {clips.dtype} {tuple(clips.shape)}"
        )
    count, length, height, width, _ = clips.shape
    columns = min(frames, length)
    chosen = np.linspace(0, length - 1, columns).round().astype(int)
    if scale is None:
        scale = max(1, MAX_TILE_SIDE // max(height, width))
    height, width = height * scale, width * scale
    across = columns * (width + GAP)
    strips = [draw_row(each, across // len(each)) for each in captions or ()]
    pitch = height + GAP + (len(strips[0]) if strips else 0)
    sheet = np.full((GAP + count * pitch, GAP + across, 3), BACKGROUND, np.uint8)
    for row in range(count):
        top = GAP + row * pitch
        for column, index in enumerate(chosen):
            left = GAP + column * (width + GAP)
            tile = clips[row, index].repeat(scale, axis=0).repeat(scale, axis=1)
            sheet[top : top + height, left : left + width] = tile
        if strips:
            bottom, strip = top + height, strips[row]
            sheet[bottom : bottom + len(strip), GAP : GAP + strip.shape[1]] = strip
    return sheet


def tile(clips: Sequence[np.ndarray] | np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Lay clips side by side, row by row; tiles without a clip are black.

    Args:
        clips: at most ``rows * columns`` of uint8 ``(frames, height, width, 3)``.
        grid: ``(rows, columns)``.

    Returns:
        uint8 ``(frames, rows * height, columns * width, 3)``.
    """
    rows, columns = grid
    frames, height, width, _ = clips[0].shape
    page = np.zeros((frames, rows * height, columns * width, 3), np.uint8)
    for index, clip in enumerate(clips):
        top, left = index // columns * height, index % columns * width
        page[:, top : top + height, left : left + width] = clip
    return page


def captioned(page: np.ndarray, strips: Sequence[np.ndarray]) -> np.ndarray:
    """Put captions under the rows of tiled clips.

    Args:
        page: a frame of tiled clips, uint8 ``(rows * height, width, 3)``.
        strips: for each row what stands under it, uint8 ``(strip, width, 3)``; if there are none,
            the page is returned as it is.

    Returns:
        uint8 ``(rows * (height + strip), width, 3)``.
    """
    if not strips:
        return page
    rows = np.split(page, len(strips))
    parts = [part for row, strip in zip(rows, strips, strict=True) for part in (row, strip)]
    return np.concatenate(parts)


def display_scale(size: tuple[int, int]) -> int:
    """Return the smallest whole factor that brings the shorter side to 256 pixels.

    Args:
        size: ``(width, height)`` of the frames, tiles included.
    """
    return -(-MIN_DISPLAY_SIDE // min(size))


def enlarged(frames: np.ndarray, factor: int) -> Iterator[np.ndarray]:
    """Yield frames enlarged by bicubic interpolation, one by one to save memory.

    Args:
        frames: uint8 ``(frames, height, width, 3)``.
        factor: whole factor; 1 leaves all pixels as they are.

    Yields:
        uint8 ``(factor * height, factor * width, 3)``.
    """
    _, height, width, _ = frames.shape
    size = (width * factor, height * factor)
    for frame in frames:
        yield frame if factor == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
