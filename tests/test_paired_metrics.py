"""``vidgan evaluate --paired``: restored videos against their originals."""

import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from pictures import read_picture
from video_files import make_images, scene, write_video

import vidgan
from vidgan import metrics
from vidgan.cli import main
from vidgan.errors import OptionError
from vidgan.jobs.evaluate import paired, paired_metrics, video_pairs
from vidgan.jobs.evaluate.report import sheets
from vidgan.jobs.evaluate.report.media import PairedMedia

SIZE = (48, 40)
EXACT: dict[str, Any] = {"codec": "ffv1", "pix_fmt": "bgr0"}


def write(path: Path, frames: np.ndarray, fps: float = 25) -> Path:
    """Write frames to the last bit."""
    return write_video(path, frames, fps, **EXACT)


def blurred(frames: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven originals and what was restored of them, each blurred more than the one before."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(11):
        frames = scene(6, SIZE, number)
        write(folder / "originals" / "some" / f"{number}.mkv", frames)
        write(folder / "restored" / "some" / f"{number}.nut", blurred(frames, 0.4 + number / 5))
    write(folder / "originals" / "lost.mkv", frames)
    write(folder / "restored" / "found.mkv", frames)
    return folder


@pytest.fixture(scope="module")
def result(folders: Path) -> dict[str, Any]:
    return vidgan.evaluate(
        real=folders / "originals",
        fake=folders / "restored",
        paired=True,
        output=folders / "r.json",
    )


def test_figures_are_those_of_the_whole_videos(result: dict[str, Any]) -> None:
    """Frame by frame comes to the same as all frames at once."""
    for video in result["videos"]:
        number = int(Path(video["name"]).name)
        frames = scene(6, SIZE, number)[None]
        restored = blurred(frames[0], 0.4 + number / 5)[None]
        assert (video["frames"], video["size"]) == (6, [48, 40])
        for key, function in (
            ("psnr", metrics.psnr),
            ("ssim", metrics.ssim),
            ("perceptual", metrics.perceptual_distance),
            ("tof", metrics.tof),
            ("flicker", metrics.colour_flicker),
        ):
            assert video[key] == pytest.approx(function(restored, frames).mean(), rel=1e-9), key


def test_the_report(folders: Path, result: dict[str, Any]) -> None:
    assert json.loads((folders / "r.json").read_text()) == result
    found = {figure["key"]: figure for figure in result["figures"]}
    for key, figure in found.items():
        mean = np.mean([video[key] for video in result["videos"]])
        assert figure["value"] == pytest.approx(mean)
        assert figure["low"] < mean < figure["high"]
        assert figure["protocol"]["videos"] == 11
    values = [video["psnr"] for video in result["videos"]]
    assert values == sorted(values), "the worst first"
    assert (result["protocol"]["videos"], result["protocol"]["frames"]) == (11, 66)
    for name in ("lost.mkv", "found.mkv"):
        assert any(f"{name} has no video of its name" in note for note in result["notes"])
    page = (folders / "r.html").read_text()
    assert page.count("data:video/") == paired.MAX_SHOWN
    assert all(video["name"] in page for video in result["videos"])
    assert "original | restored | difference" in page
    # Three rows for each video that is shown, 40 pixels high, twice as large.
    assert read_picture(result["picture"]).shape[0] > paired.MAX_SHOWN * 3 * 80


def test_the_page_shows_the_original_beside_the_restored(
    folders: Path, result: dict[str, Any]
) -> None:
    """In the strip's thirds: as it was, as it is, and what differs, four times as much."""
    with np.load(folders / "r.npz") as shown:
        worst = result["videos"][0]["name"]
        before, after = shown[f"original {worst}"], shown[f"restored {worst}"]
        strips = sheets.comparison_videos(PairedMedia.from_arrays(shown).videos)
    np.testing.assert_array_equal(before, scene(6, SIZE, int(Path(worst).name)))
    strip = next(clip for caption, clip in strips.items() if caption.startswith(worst))
    difference = np.clip(4 * np.abs(before.astype(int) - after), 0, 255)
    np.testing.assert_array_equal(strip, np.concatenate([before, after, difference], axis=2))


def test_two_videos_and_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A video may be called anything, and be a folder of images; equal frames count 100 dB."""
    monkeypatch.chdir(tmp_path)
    make_images(Path("before"), 5, SIZE)
    frames = scene(5, SIZE)
    frames[3:] = blurred(frames[3:], 2)
    write(Path("after.mkv"), frames)
    arguments = ["evaluate", "--paired", "--real", "before", "--fake", "after.mkv"]
    shown = CliRunner().invoke(main, [*arguments, "--json"])
    assert shown.exit_code == 0, shown.output
    *figures, video = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [figure["key"] for figure in figures] == list(paired_metrics.PAIRED_METRICS)
    assert figures[0]["title"] == "PSNR"
    assert "no interval of 1 video" in figures[0]["note"]
    changed = metrics.psnr(frames[None, 3:], scene(5, SIZE)[None, 3:]).sum()
    assert video["psnr"] == pytest.approx((3 * 100 + changed) / 5)
    assert Path("evaluation.html").is_file()


def test_the_table(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders)
    arguments = ["--paired", "--real", "originals", "--fake", "restored", "--bootstrap", "0"]
    shown = CliRunner().invoke(main, ["evaluate", *arguments, "-o", "table.json"])
    assert shown.exit_code == 0, shown.output
    for words in ("PSNR, dB", "some/10", "11 videos with 66 frames", "not LPIPS"):
        assert words in shown.stdout
    both = CliRunner().invoke(main, ["evaluate", "r.json", "--compare", "table.json"])
    assert both.exit_code == 0, both.output
    assert "tOF" in both.stdout
    assert Path("comparison.html").read_text().count("data:video/") == 2 * paired.MAX_SHOWN


def test_frames_too_small_for_some_figures(tmp_path: Path) -> None:
    """The others are told, and why these are not."""
    frames = scene(4, (24, 24))
    write(tmp_path / "a.mkv", frames)
    write(tmp_path / "b.mkv", blurred(frames, 1))
    result = vidgan.evaluate(
        real=tmp_path / "a.mkv", fake=tmp_path / "b.mkv", paired=True, output=tmp_path / "r.json"
    )
    found = {figure["key"]: figure["value"] for figure in result["figures"]}
    assert found["perceptual"] is None
    assert found["psnr"] > 0
    assert found["tof"] > 0
    assert any("24x24 are too small: at least 32x32" in note for note in result["notes"])


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        ("a.mkv", "short.mkv", "short.mkv: has 5 frames, its original a.mkv 6"),
        ("short.mkv", "a.mkv", "a.mkv: has 6 frames, its original short.mkv 5"),
        ("a.mkv", "wide.mkv", "wide.mkv: frames are 64x40, those of its original a.mkv 48x40"),
        ("a.mkv", "folder", "a.mkv is a video, folder a folder of videos"),
        ("other", "folder", "no two videos have the same name"),
        ("folder", "twice", "have the same name but for the extension"),
        ("a.mkv", "none.mkv", "none.mkv: no such file or folder"),
        ("a.mkv", "text.mkv", "text.mkv: not a video that can be read"),
        ("cut.mp4", "cut2.mp4", "cut.mp4: a part cannot be decoded"),
    ],
)
def test_videos_that_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: str, fake: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = scene(6, SIZE)
    for name in ("a.mkv", "folder/a.mkv", "other/b.mkv", "twice/a.mkv", "twice/a.nut"):
        write(Path(name), frames)
    write(Path("short.mkv"), frames[:5])
    write(Path("wide.mkv"), scene(6, (64, 40)))
    Path("text.mkv").write_text("no video")
    whole = write_video(Path("whole.mp4"), scene(60, (96, 64))).read_bytes()
    for name in ("cut.mp4", "cut2.mp4"):
        Path(name).write_bytes(whole[: len(whole) // 2])
    shown = CliRunner().invoke(main, ["evaluate", "--paired", "--real", real, "--fake", fake])
    assert shown.exit_code == 1, shown.output
    assert message in shown.output
    assert shown.stderr.count("\n") == 1
    assert not Path("evaluation.json").exists()


def test_two_rates_are_noted(tmp_path: Path) -> None:
    frames = scene(4, SIZE)
    write(tmp_path / "a.mkv", frames)
    write(tmp_path / "b.mkv", frames, fps=50)
    result = vidgan.evaluate(
        real=tmp_path / "a.mkv", fake=tmp_path / "b.mkv", paired=True, output=tmp_path / "r.json"
    )
    assert any("plays at 50 frames/s, its original at 25" in note for note in result["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "--paired needs the originals as --real"),
        ({"real": "a", "fake": "b", "n": 4}, "--n does not go with --paired"),
        ({"real": "a", "fake": "b", "clip_features": "motion"}, "--clip-features does not go"),
        ({"real": "a", "fake": "a"}, "both name a"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        vidgan.evaluate(paired=True, **options)


def test_memory_does_not_grow_with_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One frame of each side and the one before are held, and a few that are shown."""
    only = {key: paired_metrics.PAIRED_METRICS[key] for key in ("psnr", "tof")}
    monkeypatch.setattr(paired_metrics, "PAIRED_METRICS", only)
    peaks = []
    for count in (40, 160):
        frames = scene(40, SIZE)
        path = write_video(
            tmp_path / f"{count}.mkv", itertools.islice(itertools.cycle(frames), count), **EXACT
        )
        [pair], _ = video_pairs.find_pairs(path, path)
        tracemalloc.start()
        paired_metrics.compare(pair, lambda: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 20 * frames[0].nbytes
