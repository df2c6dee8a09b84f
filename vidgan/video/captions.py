"""Captions: text in pictures, in the margin of what it describes."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from vidgan.files import as_text

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# The lines of a caption.
Caption = Sequence[str]
# Pixels of a line, an even number as videos need, of its letters, and beside the text.
LINE_HEIGHT, _SIZE, _MARGIN = 18, 12, 4
# Grey levels.
BACKGROUND, INK = 24, 225
_ELLIPSIS = "…"


def draw_line(text: str, width: int) -> np.ndarray:
    """Draw one line of text.

    Args:
        text: any characters; those that cannot be printed are replaced, and the middle is left out
            where the whole does not fit.
        width: of the picture in pixels.

    Returns:
        uint8 RGB ``(LINE_HEIGHT, width, 3)``, light on dark.
    """
    readable = "".join(each if each.isprintable() else "�" for each in as_text(text))
    return _draw(_shortened(readable, width - 2 * _MARGIN), width)


def draw_row(captions: Sequence[Caption], width: int) -> np.ndarray:
    """Draw captions side by side, each of the same number of lines.

    Args:
        captions: at least one.
        width: of each in pixels.

    Returns:
        uint8 RGB ``(lines * LINE_HEIGHT, len(captions) * width, 3)``.
    """
    drawn = [np.concatenate([draw_line(line, width) for line in each]) for each in captions]
    return np.concatenate(drawn, axis=1)


def _shortened(text: str, width: int) -> str:
    """Return the longest text of that width, the beginning and the end of a longer one."""
    if _width(text) <= width:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        low, high = (kept, high) if _width(_ends(text, kept)) <= width else (low, kept - 1)
    return _ends(text, low)


def _ends(text: str, kept: int) -> str:
    """Return so many characters of a text, the first and the last ones."""
    return text[: (kept + 1) // 2] + _ELLIPSIS + text[len(text) - kept // 2 :]


def _width(text: str) -> float:
    if _needs_more_glyphs(text):
        return cv2.getTextSize((0, 0), text, (0, 0), _cjk_font(), _SIZE)[2]
    return _font().getlength(text)


def _draw(text: str, width: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    line = np.full((LINE_HEIGHT, width, 3), BACKGROUND, np.uint8)
    if _needs_more_glyphs(text):
        place = (_MARGIN, LINE_HEIGHT - _SIZE // 2 + 1)
        cv2.putText(line, text, place, (INK, INK, INK), _cjk_font(), _SIZE)
        return line
    image = Image.fromarray(line)
    place = (_MARGIN, LINE_HEIGHT // 2)
    ImageDraw.Draw(image).text(place, text, (INK, INK, INK), _font(), anchor="lm")
    return np.asarray(image)


@functools.cache
def _font() -> "FreeTypeFont":
    """Return DejaVu Sans, which Matplotlib brings along, so that it is on every machine."""
    from PIL import ImageFont

    return ImageFont.truetype(_font_file(), _SIZE)


def _font_file() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@functools.cache
def _glyphs() -> frozenset[int]:
    """Return the characters that DejaVu Sans has."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_font_file())).get_charmap())


def _needs_more_glyphs(text: str) -> bool:
    """Return whether only the font of OpenCV 5 has all characters: Chinese, Japanese, Korean.

    It is not taken for all texts, as it writes from left to right only.
    """
    return hasattr(cv2, "FontFace") and not _glyphs().issuperset(map(ord, text))


@functools.cache
def _cjk_font() -> "cv2.FontFace":
    return cv2.FontFace("uni")
