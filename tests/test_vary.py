"""``vidgan vary``: variations of one video from its own patches."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from moving_textures import drifting
from video_files import make_video, scene, write_video

import vidgan
from vidgan.cli import main
from vidgan.errors import ExportError, InputError, OptionError
from vidgan.jobs.vary.source import read_source
from vidgan.patches import variations as module
from vidgan.patches.beginnings import moved, recoloured
from vidgan.patches.copies import largest_copy
from vidgan.patches.correspondences import Field, Grid, Matcher
from vidgan.patches.level import Level
from vidgan.patches.overlap import PATCH
from vidgan.patches.resizing import resized
from vidgan.patches.variations import Variations
from vidgan.video.readers.open import open_video

WIDTH, HEIGHT, FRAMES = 28, 20, 6


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


def roughness(clip: np.ndarray) -> float:
    """Return the mean difference of neighbouring pixels."""
    return float(np.abs(np.diff(clip.astype(float), axis=2)).mean())


@pytest.fixture(scope="module")
def source() -> np.ndarray:
    """A texture that drifts on the left, and stands still on the right."""
    clip = drifting(1, (1.5, 0.5), FRAMES)[:, :HEIGHT, :WIDTH]
    clip[:, :, WIDTH // 2 :] = clip[:1, :, WIDTH // 2 :]
    return clip


@pytest.fixture(scope="module")
def made(source: np.ndarray) -> Variations:
    return Variations(source)


# Variations


def test_seeds_and_strength() -> None:
    """A seed gives the same variation; seeds differ, and more so with more strength."""
    source = drifting(1, (1.5, 0.5), 8)[:, :30, :40]
    made = Variations(source)
    first, piece = made.vary(0)
    np.testing.assert_array_equal(first, made.vary(0)[0])
    assert first.dtype == np.uint8
    assert first.shape == source.shape
    assert 0 < piece < 0.9
    assert difference(first, made.vary(1)[0]) > 3
    weak = np.mean([difference(made.vary(seed, 0.05)[0], source) for seed in range(2)])
    strong = np.mean([difference(made.vary(seed, 1)[0], source) for seed in range(2)])
    assert strong > 2 * weak


def test_strength_0_gives_the_video(source: np.ndarray, made: Variations) -> None:
    same, piece = made.vary(0, strength=0)
    assert difference(same, source) < 1
    assert piece > 0.99
    half = made.vary(0, 1)[0]
    half[:, : HEIGHT // 2] = source[:, : HEIGHT // 2]
    assert 0.5 < largest_copy(half, source, [(0, 0, 0)]) < 0.9


def test_variations_consist_of_patches(source: np.ndarray, made: Variations) -> None:
    """They are as sharp as the video, as light, and each patch resembles one of the video."""
    for seed in range(3):
        clip, _ = made.vary(seed)
        assert roughness(clip) > 0.8 * roughness(source)
        assert abs(clip.mean() - source.mean()) < 15
        level = Level(source, None)
        alike = level.match(clip.astype(np.float32), None, np.random.default_rng(0), soft=False)
        noise = np.random.default_rng(0).permuted(source, axis=2).astype(np.float32)
        unlike = level.match(noise, None, np.random.default_rng(0), soft=False)
        assert np.median(alike.distances) < 0.1 * np.median(unlike.distances)


@pytest.mark.parametrize("shape", [(16, HEIGHT, WIDTH), (4, HEIGHT, WIDTH), (FRAMES, 16, 50)])
def test_other_shapes(source: np.ndarray, shape: tuple[int, int, int]) -> None:
    """Things keep their size and speed: neighbouring pixels and frames differ as in the video."""
    clip, _ = Variations(source, shape).vary(0)
    assert clip.shape == (*shape, 3)
    assert 0.7 < roughness(clip) / roughness(source) < 1.3
    speeds = [np.abs(np.diff(each.astype(float), axis=0)).mean() for each in (clip, source)]
    assert 0.5 < speeds[0] / speeds[1] < 1.6


def test_like_takes_layout_and_motion_of_another(source: np.ndarray) -> None:
    """A bright square that crosses the frame leaves its way in the colours of the source."""
    other = np.full((FRAMES, HEIGHT, WIDTH, 3), 20, np.uint8)
    for frame in range(FRAMES):
        other[frame, 5:16, 1 + 3 * frame : 11 + 3 * frame] = 220
    inside = other[..., 0] > 128
    made = Variations(source)
    clip, _ = made.vary(0, 0.1, like=other)
    plain, _ = made.vary(0, 0.1)
    contrasts = [each[inside].mean() - each[~inside].mean() for each in (clip, plain)]
    assert contrasts[0] > contrasts[1] + 10
    assert clip.min() >= source.min()
    assert clip.max() <= source.max()


def test_sizes_that_are_not_searched(monkeypatch: pytest.MonkeyPatch, source: np.ndarray) -> None:
    """Beyond a number of voxels patches are copied along, and nothing gets lost."""
    monkeypatch.setattr(module, "MAX_SEARCHED", source[..., 0].size // 2)
    large = Variations(source)
    assert difference(large.vary(0, strength=0)[0], source) < 3
    assert roughness(large.vary(0)[0]) > 0.6 * roughness(source)


def test_patchmatch_finds_what_an_exhaustive_search_finds(
    monkeypatch: pytest.MonkeyPatch, source: np.ndarray
) -> None:
    exhaustive = Variations(source)
    monkeypatch.setattr(module, "MAX_PAIRS", 0)
    improved = Variations(source)
    for seed in range(2):
        clips = [each.vary(seed, 0.3)[0] for each in (exhaustive, improved)]
        assert roughness(clips[1]) > 0.7 * roughness(clips[0])
    assert difference(improved.vary(0, strength=0)[0], source) < 3


def test_one_grey_video() -> None:
    grey = np.full((4, 16, 16, 3), 77, np.uint8)
    clip, piece = Variations(grey).vary(3)
    np.testing.assert_array_equal(clip, grey)
    assert 0 < piece <= 1


# Matches


def test_search_prefers_what_is_not_used_yet() -> None:
    """Of two equally near keys, the one that is near to no other query is taken."""
    grid = Grid((PATCH[0], PATCH[1], PATCH[2] + 2))
    keys = np.zeros((3, 4), np.float32)
    keys[:, 0] = 0, 1000, 5000
    queries = keys.copy()
    queries[:, 0] = 0, 540, 5000
    found = Matcher(keys, grid).search(queries, grid)
    assert found.places[:, 2].tolist() == [0, 1, 2]
    queries[1, 0] = 460  # Nearer to the first key, which another query has already.
    found = Matcher(keys, grid).search(queries, grid)
    assert found.places[:, 2].tolist() == [0, 1, 2]
    assert found.distances[1] == pytest.approx(540**2)


def test_patchmatch_spreads_one_good_match() -> None:
    random = np.random.default_rng(0)
    grid = Grid((5, 17, 17))
    keys = random.normal(0, 100, (len(grid.places), 8)).astype(np.float32)
    start = random.permutation(grid.places)
    start[40] = grid.places[40]
    field = Field(grid, start, np.zeros(len(start), np.float32))
    found = Matcher(keys, grid).improve(keys, field, random)
    assert (found.places == grid.places).all(axis=1).mean() > 0.9
    assert found.frequent_shifts(1) == [(0, 0, 0)]


def test_a_field_of_another_size() -> None:
    """What has moved by two pixels has moved by four at twice the size."""
    small, large = Grid((4, 16, 16)), Grid((8, 32, 32), 2)
    source = Grid((9, 33, 33))
    places = np.clip(small.places + np.array([0, 0, 2]), 0, (1, 9, 9))
    field = Field(small, places, np.arange(len(places), dtype=np.float32))
    found = field.rescaled(large, np.full(3, 2.0), source)
    moved_by = found.places - large.places
    assert (moved_by[large.places[:, 2] < 12] == (0, 0, 4)).all()
    assert len(found.distances) == len(large.places)
    assert (found.places <= np.array(source.shape) - PATCH).all()


# Beginnings and sizes


def test_beginnings_are_of_the_source(source: np.ndarray) -> None:
    values = source.astype(np.float32)
    random = np.random.default_rng(0)
    np.testing.assert_array_equal(moved(values, values.shape[:3], 0, random), values)
    far = moved(values, (16, 30, 24), 1, random)
    assert far.shape == (16, 30, 24, 3)
    colours = {tuple(colour) for colour in values.reshape(-1, 3)}
    assert {tuple(colour) for colour in far.reshape(-1, 3)} <= colours


def test_recoloured(source: np.ndarray) -> None:
    clip = recoloured(np.linspace(0, 9, 4 * 8 * 8 * 3).reshape(4, 8, 8, 3), source)
    grey = clip.mean(axis=-1).ravel()
    assert (np.diff(grey) >= 0).all()
    assert abs(clip.mean() - source.mean()) < 3


def test_resized_in_time() -> None:
    clip = np.arange(8, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(5, 2).repeat(3, 3)
    np.testing.assert_allclose(resized(clip, (4, 4, 5))[:, 0, 0, 0], [0.5, 2.5, 4.5, 6.5])
    assert resized(clip, (16, 8, 3)).shape == (16, 8, 3, 3)
    np.testing.assert_allclose(resized(clip, (16, 4, 5)).mean(), 3.5, atol=0.01)


# The command


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["vary", *map(str, arguments)])
    assert result.exit_code == 0 or "Traceback" not in result.output
    return result.exit_code, result.output


def test_command(tmp_path: Path, source: np.ndarray) -> None:
    """The command and the function agree, and say how much is copied."""
    video = write_video(tmp_path / "v.mkv", source, 12, codec="ffv1", pix_fmt="bgr0")
    code, said = run(video, "-o", tmp_path / "a.npy", "--seeds", "3,5")
    assert code == 0, said
    assert "the largest piece copied unchanged from" in said
    clips = np.load(tmp_path / "a.npy")
    assert clips.shape == (2, *source.shape)
    result = vidgan.vary(video, tmp_path / "b", seeds="3,5", format="mkv", codec="ffv1")
    names = ["seed-000003.mkv", "seed-000005.mkv"]
    assert [path.name for path in result.paths] == names
    assert list(result.copied) == [3, 5]
    for path, clip in zip(result.paths, clips, strict=True):
        with open_video(path) as reader:
            assert reader.info.fps == pytest.approx(12)
            reader.grab()
            np.testing.assert_allclose(reader.retrieve(), clip[0], atol=3)


@pytest.mark.parametrize("name", ["o.mp4", "o.gif", "o.png"])
def test_outputs(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / "v.mp4", 5, (24, 20))
    options: list[object] = [] if name == "o.png" else ["--grid", "1x2"]
    code, said = run(video, "-o", tmp_path / name, "--n", 2, "--size", "28x16", *options)
    assert code == 0, said
    assert (tmp_path / name).stat().st_size > 0
    if name == "o.mp4":
        with open_video(tmp_path / name) as reader:
            assert (reader.info.width, reader.info.height) == (56, 16)
            assert reader.info.frames == 5


def test_like_option(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 5, (24, 20))
    other = make_video(tmp_path / "o.mp4", 7, (32, 32))
    code, said = run(video, "--like", other, "--n", 1, "-o", tmp_path / "o.npy")
    assert code == 0, said
    assert np.load(tmp_path / "o.npy").shape == (1, 7, 20, 24, 3)


def test_part_that_is_read(tmp_path: Path) -> None:
    """From --start to --end, at most --max-frames, and only the first shot."""
    config = vidgan.config.VaryConfig
    two = np.concatenate([scene(20, seed=0), scene(20, seed=1)])
    video = write_video(tmp_path / "v.mp4", two, 10)

    def read(**options: Any) -> tuple[int, str]:
        notes: list[str] = []
        frames, rate = read_source(video, config(**options), notes.append)
        assert rate == pytest.approx(10)
        return len(frames), " ".join(notes)

    assert read(start="2.5", end="3.5") == (10, "")
    frames, note = read(max_frames=8)
    assert frames == 8
    assert "only 8 frames are used" in note
    frames, note = read()
    assert frames == 20
    assert "before its next shot" in note
    assert read(start="2") == (20, "")


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"size": (8, 40)}, OptionError, "--size 8x40 is too small: at least 16"),
        ({"size": (4000, 4000), "frames": 10}, OptionError, "give a smaller --frames or --size"),
        ({"strength": 1.5}, OptionError, "too large"),
        ({"seeds": "1", "seed": 2}, OptionError, "contradict"),
        ({"start": "9"}, InputError, "at least 4 are needed"),
        ({"start": "1", "end": "0.5"}, OptionError, "is not after"),
        ({"end": "0.1"}, InputError, "gives 2 frames"),
        ({"like": "nowhere.mp4"}, InputError, "nowhere.mp4: no such file"),
        ({"grid": (99, 1)}, OptionError, "--grid 99x1"),
        ({"output": "o.xyz"}, OptionError, "unknown output type"),
        ({"output": "v.mp4", "overwrite": True}, OptionError, "input and output are one file"),
        ({"output": "there.mp4"}, ExportError, "exists already"),
        ({"input": "nowhere.mp4"}, InputError, "no such file"),
        ({"input": "text.mp4"}, InputError, "text.mp4"),
        ({"input": "tiny.mp4"}, InputError, "at least 16 on each side"),
    ],
)
def test_errors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    video = make_video(tmp_path / "v.mp4", 12, (32, 32), fps=20)
    make_video(tmp_path / "tiny.mp4", 6, (12, 32))
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "there.mp4").write_text("precious")
    before = video.read_bytes()
    arguments: dict[str, Any] = {"input": "v.mp4", "output": "o.mp4"} | options
    with pytest.raises(error, match=text):
        vidgan.vary(**arguments)
    assert not (tmp_path / "o.mp4").exists()
    assert (tmp_path / "there.mp4").read_text() == "precious"
    assert video.read_bytes() == before


def test_largest_copy() -> None:
    source = drifting(1, (1.5, 0.5), 6)
    assert largest_copy(source[2:, 5:, :40], source, [(0, 0, 0), (2, 5, 0)]) == 1
    assert largest_copy(drifting(2, (1.5, 0.5), 6), source, [(0, 0, 0), (9, 0, 0)]) < 0.1
    still = source[:1].repeat(4, axis=0)
    moving = still.copy()
    moving[:, :8] = source[1:5, :8]
    assert largest_copy(still, source, [(0, 0, 0)]) < 0.5
    assert largest_copy(still, still, [(0, 0, 0)]) == 1
    assert largest_copy(moving, still, [(0, 0, 0)]) < 0.2
