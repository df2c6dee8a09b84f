"""Text in pictures."""

import importlib

import cv2
import numpy as np
import pytest

from vidgan.video import captions
from vidgan.video.captions import BACKGROUND, LINE_HEIGHT, draw_line, draw_row
from vidgan.video.layout import captioned, contact_sheet


def ink(line: np.ndarray) -> int:
    """Return the number of pixels with text."""
    return int((line > BACKGROUND).any(axis=2).sum())


def test_a_line_has_the_size_asked_for_and_text_in_it() -> None:
    line = draw_line("holiday.mp4 · 00:13", 300)
    assert line.shape == (LINE_HEIGHT, 300, 3)
    assert line.dtype == np.uint8
    assert 100 < ink(line) < 0.2 * line.size / 3
    assert ink(draw_line("", 300)) == 0
    # Nothing touches the edges, where the next picture begins.
    assert ink(line[:1]) == ink(line[:, :2]) == ink(line[:, -2:]) == 0


def test_of_a_long_text_both_ends_are_kept() -> None:
    name = "a" * 60 + "middle" + "z" * 60
    early, late = draw_line(f"{name} · 01:07", 160), draw_line(f"{name} · 59:43", 160)
    np.testing.assert_array_equal(early[:, :60], draw_line(name, 160)[:, :60])
    np.testing.assert_array_equal(early[:, :110], late[:, :110])
    assert (early[:, 110:] != late[:, 110:]).any()
    assert ink(early[:, -2:]) == 0
    assert ink(draw_line(name, 12)) < ink(early)


@pytest.mark.parametrize("text", ["Straße", "Привет", "Ελλάδα", "שלום", "العربية"])
def test_scripts_of_the_font_that_is_always_there(text: str) -> None:
    boxes = draw_line("\U000f0000" * len(text), 200)
    assert ink(draw_line(text, 200)) > 20
    assert (draw_line(text, 200) != boxes).any()


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no font for them")
@pytest.mark.parametrize("text", ["北京的冬天.mp4", "ひらがな.mp4", "한국어.mp4"])
def test_chinese_japanese_and_korean(text: str) -> None:
    line = draw_line(text, 200)
    # Other characters look otherwise: they are no boxes or question marks.
    turned = text[1] + text[0] + text[2:]
    assert (line != draw_line(turned, 200)).any()


def test_without_a_font_for_them_boxes_stand_for_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenCV as it was before version 5."""
    monkeypatch.delattr(cv2, "FontFace", raising=False)
    importlib.reload(captions)
    assert ink(captions.draw_line("北京.mp4", 200)) > 50


@pytest.mark.parametrize("text", ["a\nb.mp4", "\x1b[31mred.mp4", "bytes\udcff.mp4", "\x00"])
def test_what_cannot_be_printed_is_replaced(text: str) -> None:
    assert ink(draw_line(text, 200)) > 20


def test_captions_stand_side_by_side() -> None:
    row = draw_row([["jump", "seed 1"], ["wave", "seed 2"]], 100)
    assert row.shape == (2 * LINE_HEIGHT, 200, 3)
    np.testing.assert_array_equal(row[LINE_HEIGHT:, 100:], draw_line("seed 2", 100))


def test_rows_of_a_contact_sheet_have_their_caption_under_them() -> None:
    clips = np.full((2, 4, 40, 40, 3), 200, np.uint8)
    plain = contact_sheet(clips, frames=4, scale=1)
    sheet = contact_sheet(clips, frames=4, scale=1, captions=[[["first"]], [["second"]]])
    assert sheet.shape == (plain.shape[0] + 2 * LINE_HEIGHT, plain.shape[1], 3)
    np.testing.assert_array_equal(sheet[:42], plain[:42])
    np.testing.assert_array_equal(sheet[42 : 42 + LINE_HEIGHT, 2:], draw_line("first", 168))
    assert (sheet[44 + LINE_HEIGHT : 84 + LINE_HEIGHT, 2:42] == 200).all()


def test_captions_of_a_page_cover_nothing() -> None:
    page = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    strips = [draw_row([["a"], ["b"]], 40), draw_row([["c"], ["d"]], 40)]
    both = captioned(page, strips)
    assert both.shape == (64 + 2 * LINE_HEIGHT, 80, 3)
    np.testing.assert_array_equal(both[:32], page[:32])
    np.testing.assert_array_equal(both[32 + LINE_HEIGHT : 64 + LINE_HEIGHT], page[32:])
    assert captioned(page, []) is page
    assert captions.LINE_HEIGHT % 2 == 0, "sides of videos are even"
