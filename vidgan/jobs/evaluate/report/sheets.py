"""Pictures of the clips that were compared, and restored videos beside their originals."""

from collections.abc import Mapping

import numpy as np

from vidgan.video.captions import BACKGROUND, draw_line
from vidgan.video.layout import contact_sheet

# By name, an original and a restored video, each uint8 RGB ``(frames, height, width, 3)``.
VideoPairs = Mapping[str, tuple[np.ndarray, np.ndarray]]
# Frames of a clip in a row.
COLUMNS = 6
# Frames of a clip in a row of two clips.
PAIR_COLUMNS = 4
# Factor of the differences shown: those of a good restoration are invisible otherwise.
GAIN = 4
_MARGIN = 12


def real_and_generated(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Lay real clips out beside generated ones, each half under its caption.

    Args:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        generated: of the same shape, but for n.

    Returns:
        uint8 RGB ``(height, width, 3)``: a row per clip, time from left to right.
    """
    clips = {"real": real, "generated": generated}
    return _beside({name: contact_sheet(each, COLUMNS) for name, each in clips.items()})


def nearest_pairs(generated: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Lay generated clips out beside the training clips nearest to them.

    Args:
        generated: uint8 RGB ``(n, frames, height, width, 3)``.
        training: of the same shape.

    Returns:
        uint8 RGB ``(height, width, 3)``: a row per pair.
    """
    clips = {"generated": generated, "nearest in training": training}
    return _beside({title: contact_sheet(each, PAIR_COLUMNS) for title, each in clips.items()})


def restored_videos(videos: VideoPairs) -> np.ndarray:
    """Lay out below each other the originals, the restored videos and their differences.

    Returns:
        uint8 RGB ``(height, width, 3)``, time from left to right.
    """
    parts = []
    for name, (original, restored) in videos.items():
        rows = np.stack([original, restored, _difference(original, restored)])
        caption = f"{name}: original, restored, difference × {GAIN}"
        parts.append(_captioned(contact_sheet(rows, COLUMNS), caption))
    width = max(part.shape[1] for part in parts)
    return np.concatenate([_padded(part, part.shape[0] + _MARGIN, width) for part in parts])


def comparison_videos(videos: VideoPairs) -> dict[str, np.ndarray]:
    """Return videos that show original, restored and difference side by side.

    Returns:
        By caption, uint8 RGB ``(frames, height, 3 * width, 3)``.
    """
    return {
        f"{name}: original | restored | difference × {GAIN}": np.concatenate(
            [original, restored, _difference(original, restored)], axis=2
        )
        for name, (original, restored) in videos.items()
    }


def _beside(sheets: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay sheets side by side, each under its caption."""
    halves = [_captioned(sheet, caption) for caption, sheet in sheets.items()]
    height = max(half.shape[0] for half in halves)
    padded = [_padded(half, height, half.shape[1] + _MARGIN) for half in halves]
    return np.concatenate(padded, axis=1)[:, :-_MARGIN]


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference: np.ndarray = GAIN * np.abs(a.astype(np.int16) - b)
    clipped: np.ndarray = np.clip(difference, 0, 255)
    return clipped.astype(np.uint8)


def _padded(sheet: np.ndarray, height: int, width: int) -> np.ndarray:
    padding = (0, height - sheet.shape[0]), (0, width - sheet.shape[1]), (0, 0)
    return np.pad(sheet, padding, constant_values=BACKGROUND)


def _captioned(sheet: np.ndarray, text: str) -> np.ndarray:
    return np.concatenate([draw_line(text, sheet.shape[1]), sheet])
