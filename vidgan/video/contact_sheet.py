"""Clips laid out as one picture: contact sheets in rows of frames, tiles that play together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidgan.errors import ExportError
from vidgan.files import atomic_path

GAP = 2
BACKGROUND = 24
# Tiles are enlarged by a whole factor until their longer side would pass this many pixels.
COMFORTABLE_SIDE = 128


def contact_sheet(clips: np.ndarray, frames: int = 8, scale: int | None = None) -> np.ndarray:
    """Lay clips out as one image.

    Args:
        clips: uint8 RGB of shape ``(clips, frames, height, width, 3)``.
        frames: columns; frames are chosen evenly from the first to the last of each clip.
        scale: whole factor of enlargement; by default small tiles grow to about 128 pixels.

    Returns:
        uint8 RGB of shape ``(rows, columns, 3)``: one row a clip, thin gaps between the tiles.

    Raises:
        ValueError: the array has another shape or type, or is empty.
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
        scale = max(1, COMFORTABLE_SIDE // max(height, width))
    height, width = height * scale, width * scale
    sheet = np.full(
        (GAP + count * (height + GAP), GAP + columns * (width + GAP), 3), BACKGROUND, np.uint8
    )
    for row in range(count):
        for column, index in enumerate(chosen):
            top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
            tile = clips[row, index].repeat(scale, axis=0).repeat(scale, axis=1)
            sheet[top : top + height, left : left + width] = tile
    return sheet


def tile(clips: Sequence[np.ndarray] | np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Lay clips side by side, row by row; tiles without a clip stay black.

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


def save_image(path: Path, rgb: np.ndarray) -> None:
    """Write an image; its format follows the suffix (.png, .jpg, .webp, …).

    The file appears whole or not at all.

    Args:
        path: where to; missing folders are made.
        rgb: uint8 RGB of shape ``(height, width, 3)``.

    Raises:
        ExportError: the suffix is no image format, or the file cannot be written.
    """
    from vidgan import images

    path = Path(path)
    try:
        # Encoding apart from writing: OpenCV's own writing fails silently on a full disk.
        data = images.encode(rgb, path.suffix.lower())
    except ValueError:
        raise ExportError(
            f"{path}: cannot be written as {path.suffix or 'a file without suffix'}; "
            "use .png, .jpg or .webp"
        ) from None
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
