"""Captions under generated clips: label and seed, in a margin of their own."""

from pathlib import Path

import numpy as np
import pytest
from pictures import read_picture
from test_generate import decode
from tiny_run import MODEL, make_run

import vidgan
from vidgan import latents
from vidgan.errors import OptionError
from vidgan.training.run import Run
from vidgan.video.captions import LINE_HEIGHT, draw_line, draw_row
from vidgan.video.layout import GAP

SIDE = 32
LABELS = ("jumping jack", "跑步")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("plain") / "run", (SIDE, SIDE)).path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    model = MODEL.replace(conditional=True, labels=LABELS)
    return make_run(tmp_path_factory.mktemp("labelled") / "run", (SIDE, SIDE), model=model)


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(found.astype(int) - expected).mean() < 8)


def test_a_grid_of_a_conditional_run_says_label_and_seed(labelled: Run, tmp_path: Path) -> None:
    (path,) = vidgan.generate(
        labelled.path, tmp_path / "grid.mp4", grid=(2, 2), seeds="4,5,6", label="跑步", scale=4
    )
    frames, _ = decode(path)
    pitch = 4 * SIDE + 2 * LINE_HEIGHT
    assert frames.shape[1:] == (2 * pitch, 8 * SIDE, 3)
    captions = draw_row([["跑步", "seed 4"], ["跑步", "seed 5"]], 4 * SIDE)
    last = draw_row([["跑步", "seed 6"], ["", ""]], 4 * SIDE)
    for frame in frames:
        assert close(frame[4 * SIDE : pitch], captions)
        assert close(frame[pitch + 4 * SIDE :], last)
    # Nothing is drawn over the clips.
    (path,) = vidgan.generate(
        labelled.path,
        tmp_path / "bare.mp4",
        grid=(2, 2),
        seeds="4,5,6",
        label="跑步",
        scale=4,
        captions=False,
    )
    bare, _ = decode(path)
    assert bare.shape[1:] == (8 * SIDE, 8 * SIDE, 3)
    assert close(frames[:, : 4 * SIDE], bare[:, : 4 * SIDE])


def test_labels_that_the_seeds_draw_are_said(labelled: Run, tmp_path: Path) -> None:
    (path,) = vidgan.generate(labelled.path, tmp_path / "sheet.png", n=6, scale=1)
    sheet = read_picture(path)
    noise = latents.from_seeds(labelled.latents(), range(6))
    pitch, width = SIDE + GAP + 2 * LINE_HEIGHT, sheet.shape[1] - GAP
    assert len(set(noise["label"].tolist())) == 2
    for row, label in enumerate(noise["label"]):
        caption = sheet[GAP + row * pitch + SIDE :][: 2 * LINE_HEIGHT, GAP:]
        expected = [draw_line(LABELS[label], width), draw_line(f"seed {row}", width)]
        np.testing.assert_array_equal(caption, np.concatenate(expected))


def test_a_sweep_says_its_values(labelled: Run, tmp_path: Path) -> None:
    (path,) = vidgan.generate(labelled.path, tmp_path / "s.png", sweep="label", n=1, scale=4)
    sheet = read_picture(path)
    captions = [[label, "seed 0"] for label in LABELS]
    np.testing.assert_array_equal(
        sheet[-2 * LINE_HEIGHT - GAP : -GAP, GAP:], draw_row(captions, 4 * SIDE + GAP)
    )


def test_grids_of_other_runs_stay_clean_unless_asked(plain: Path, tmp_path: Path) -> None:
    (path,) = vidgan.generate(plain, tmp_path / "a.gif", grid=(1, 2), scale=4)
    assert decode(path)[0].shape[1:] == (4 * SIDE, 8 * SIDE, 3)
    (path,) = vidgan.generate(plain, tmp_path / "b.mp4", grid=(1, 2), scale=4, captions=True)
    frames, _ = decode(path)
    assert frames.shape[1:] == (4 * SIDE + LINE_HEIGHT, 8 * SIDE, 3)
    assert close(frames[0, 4 * SIDE :], draw_row([["seed 0"], ["seed 1"]], 4 * SIDE))


def test_interpolations_say_where_they_are(plain: Path, tmp_path: Path) -> None:
    (path,) = vidgan.generate(
        plain, tmp_path / "a.png", seeds="3,9", interpolate=2, captions=True, scale=1
    )
    sheet = read_picture(path)
    pitch, width = SIDE + GAP + LINE_HEIGHT, sheet.shape[1] - GAP
    for row, text in enumerate(("seed 3", "3 to 9: 50%", "seed 9")):
        caption = sheet[GAP + row * pitch + SIDE :][:LINE_HEIGHT, GAP:]
        np.testing.assert_array_equal(caption, draw_line(text, width))


@pytest.mark.parametrize("output", ["clips.mp4", "clips/", "clips.npy"])
def test_where_there_is_no_margin_captions_are_refused(
    plain: Path, labelled: Run, tmp_path: Path, output: str
) -> None:
    with pytest.raises(OptionError, match=r"--captions is not supported for .*use --grid"):
        vidgan.generate(plain, f"{tmp_path}/{output}", n=1, captions=True)
    assert not list(tmp_path.iterdir())
    # Without being asked for they are left out.
    assert vidgan.generate(labelled.path, f"{tmp_path}/{output}", n=1)
