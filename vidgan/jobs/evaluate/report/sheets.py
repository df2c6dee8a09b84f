"""What was compared, as one picture, and restored videos beside their originals."""

from collections.abc import Mapping

import numpy as np

from vidgan.video.layout import BACKGROUND, contact_sheet

COLUMNS = 6
# Of each half, where two clips share a row.
PAIR_COLUMNS = 4
# Differences are shown so many times as large: those of a good restoration are invisible else.
GAIN = 4
_CAPTION_HEIGHT = 28
_MARGIN = 12
_INK = (235, 235, 235)


def generated(shown: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay real clips beside generated ones, each half under its caption.

    Args:
        shown: ``real`` and ``generated``, uint8 RGB ``(n, frames, height, width, 3)``.

    Returns:
        uint8 RGB ``(rows, columns, 3)``: a row a clip, time from left to right.
    """
    return _beside({name: contact_sheet(shown[name], COLUMNS) for name in ("real", "generated")})


def nearest(shown: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay generated clips beside the training clips that they may be copies of.

    Args:
        shown: ``copies`` and ``originals``, uint8 RGB ``(n, frames, height, width, 3)``.

    Returns:
        uint8 RGB ``(rows, columns, 3)``: a row a pair.
    """
    titles = {"copies": "generated", "originals": "nearest in training"}
    return _beside(
        {title: contact_sheet(shown[name], PAIR_COLUMNS) for name, title in titles.items()}
    )


def _beside(sheets: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay sheets side by side, each under its caption."""
    halves = [_captioned(sheet, caption) for caption, sheet in sheets.items()]
    height = max(half.shape[0] for half in halves)
    padded = [_padded(half, height, half.shape[1] + _MARGIN) for half in halves]
    return np.concatenate(padded, axis=1)[:, :-_MARGIN]


def restored(shown: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay videos out below each other: the original, what was restored, and the difference.

    Args:
        shown: as :func:`strips` takes it.

    Returns:
        uint8 RGB ``(rows, columns, 3)``, time from left to right.
    """
    parts = []
    for name in _names(shown):
        before, after = shown[f"original {name}"], shown[f"restored {name}"]
        rows = np.stack([before, after, _difference(before, after)])
        caption = f"{name}: original, restored, difference x {GAIN}"
        parts.append(_captioned(contact_sheet(rows, COLUMNS), caption))
    width = max(part.shape[1] for part in parts)
    return np.concatenate([_padded(part, part.shape[0] + _MARGIN, width) for part in parts])


def strips(shown: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return videos that show an original, what was restored and the difference side by side.

    Args:
        shown: by ``original NAME`` and ``restored NAME``, uint8 RGB
            ``(frames, height, width, 3)``.

    Returns:
        By caption, uint8 RGB ``(frames, height, 3 * width, 3)``.
    """
    found = {}
    for name in _names(shown):
        before, after = shown[f"original {name}"], shown[f"restored {name}"]
        parts = [before, after, _difference(before, after)]
        found[f"{name}: original | restored | difference × {GAIN}"] = np.concatenate(parts, axis=2)
    return found


def _names(shown: Mapping[str, np.ndarray]) -> list[str]:
    return [name.removeprefix("original ") for name in shown if name.startswith("original ")]


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.clip(GAIN * np.abs(a.astype(np.int16) - b), 0, 255).astype(np.uint8)


def _padded(sheet: np.ndarray, height: int, width: int) -> np.ndarray:
    missing = (0, height - sheet.shape[0]), (0, width - sheet.shape[1]), (0, 0)
    return np.pad(sheet, missing, constant_values=BACKGROUND)


def _captioned(sheet: np.ndarray, text: str) -> np.ndarray:
    import cv2

    strip = np.full((_CAPTION_HEIGHT, sheet.shape[1], 3), BACKGROUND, np.uint8)
    baseline = (6, _CAPTION_HEIGHT - 9)
    cv2.putText(strip, text, baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, sheet])
