"""``--frames`` beyond the training length, for models whose clips have a fixed one."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from dataset_files import moving_shapes
from tiny_run import MODEL, make_encoder_run, make_run

import vidgan
from vidgan import pixels
from vidgan.jobs.generate import long_sampler
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.jobs.generate.transitions import Transitions, mismatch, thumbnails
from vidgan.jobs.generate.windows import Windows, fade

FRAMES, SIDE = 8, 32
LABELS = ("walk", "run")


def loaded(folder: Path, **options: object) -> ClipSampler:
    clips = np.stack([moving_shapes(number, FRAMES, (SIDE, SIDE)) for number in range(20)])
    model = MODEL.replace(**options)
    return vidgan.load(make_encoder_run(folder / "run", model, clips=pixels.to_model(clips)).path)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> ClipSampler:
    return loaded(tmp_path_factory.mktemp("long"))


# Windows


@pytest.mark.parametrize("frames", [1, 8, 9, 12, 13, 50])
def test_windows_cover_a_clip(frames: int) -> None:
    windows = Windows.cover(frames, FRAMES)
    assert frames <= windows.frames < frames + FRAMES
    assert set(windows.overlaps) <= {4}


@pytest.mark.parametrize("frames", [1, 5, 8, 13, 50])
def test_windows_of_a_loop(frames: int) -> None:
    windows = Windows.around(frames, FRAMES)
    assert windows.frames == frames
    covered = {(start + i) % frames for start in windows.starts for i in range(FRAMES)}
    assert covered == set(range(frames))
    assert len(windows.overlaps) == len(windows)


@pytest.mark.parametrize("frames", [1, 5, 50])
def test_windows_until_a_frame(frames: int) -> None:
    windows = Windows.until(frames, FRAMES)
    assert windows.starts[-1] == frames
    assert all(overlap > 0 for overlap in windows.overlaps)


@pytest.mark.parametrize(
    "windows", [Windows.cover(30, FRAMES), Windows.around(13, FRAMES), Windows.until(9, FRAMES)]
)
def test_windows_that_agree_blend_into_what_they_are_of(windows: Windows) -> None:
    clip = np.random.default_rng(0).integers(0, 256, (windows.frames, 2, 3, 3), np.uint8)
    np.testing.assert_array_equal(windows.blend(windows.cut(clip)), clip)


def test_windows_fade() -> None:
    windows = Windows.cover(12, FRAMES)
    dark, light = (np.full((FRAMES, 1, 1, 3), grey, np.uint8) for grey in (0, 200))
    made = windows.blend([dark, light])[:, 0, 0, 0]
    np.testing.assert_array_equal(made[:4], 0)
    np.testing.assert_array_equal(made[8:], 200)
    assert (np.diff(made[3:9].astype(int)) > 0).all()
    faded = fade(dark, light)[:, 0, 0, 0].astype(int)
    assert (np.diff(faded) > 0).all()
    assert 0 < faded[0] < faded[-1] < 200


# Transitions


def rolling(count: int) -> np.ndarray:
    """Return clips of a bar that moves on by 8 pixels a frame, each from 4 frames later on."""
    clips = np.zeros((count, FRAMES, 16, 128, 3), np.uint8)
    for number in range(count):
        for frame in range(FRAMES):
            left = 8 * ((4 * number + frame) % 16)
            clips[number, frame, :, left : left + 8] = 255
    return clips


def test_a_path_follows_what_moves() -> None:
    clips = rolling(4)  # After the last of them comes the first again.
    known = Transitions({"latent": np.arange(4)}, clips)
    small, random = thumbnails(clips), np.random.default_rng(0)
    path = known.path(small[1], None, (4,) * 5, 1.0, random)["latent"]
    np.testing.assert_array_equal(path, [2, 3, 0, 1, 2])
    loop = known.path(small[1], small[1], (4,) * 4, 1.0, random)["latent"]
    np.testing.assert_array_equal(loop, [2, 3, 0])
    assert mismatch(small[1], small[2], 4) == 0
    assert mismatch(small[1], small[3], 4) > 0.5 * known.spread
    assert len(known.path(small[1], small[1], (4,), 1.0, random)["latent"]) == 0


def test_a_long_path_shows_all_that_there_is() -> None:
    """Two scenes, each of which could go on for ever."""
    clips = np.concatenate([rolling(4), 255 - rolling(4)])
    known = Transitions({"latent": np.arange(8)}, clips)
    path = known.path(thumbnails(clips)[1], None, (4,) * 400, 1.0, np.random.default_rng(0))[
        "latent"
    ]
    shown = np.bincount(path, minlength=8)
    assert (shown > 20).all(), shown


# Clips


def test_frames_differ_no_more_where_windows_meet(sampler: ClipSampler) -> None:
    made = sampler.generate(2, frames=61)
    assert made.shape == (2, 61, SIDE, SIDE, 3)
    steps, usual = (
        np.abs(np.diff(clips.astype(float), axis=1)).mean(axis=(2, 3, 4))
        for clips in (made, sampler.generate(16))
    )
    assert steps.max() < 1.5 * usual.max()
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(made, sampler.generate(2, frames=61))


def test_a_long_clip_begins_with_the_clip_of_its_seed(
    sampler: ClipSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = sampler.generate(3)
    np.testing.assert_array_equal(sampler.generate(3, frames=FRAMES), clips)
    # Without the gradient steps, which bring windows closer.
    monkeypatch.setattr(long_sampler, "ROUNDS", 0)
    made = sampler.generate(3, frames=20)
    assert np.abs(made[:, :4].astype(int) - clips[:, :4]).max() <= 1


def test_fewer_frames_than_in_training(sampler: ClipSampler) -> None:
    assert sampler.generate(1, frames=3).shape == (1, 3, SIDE, SIDE, 3)


def test_windows_agree_better_than_known_clips(sampler: ClipSampler) -> None:
    """Gradient steps bring them closer."""
    first = sampler.sample_codes([0])
    windows = Windows.cover(40, FRAMES)
    known, small = sampler.known(first), thumbnails(sampler.decode(first))[0]
    path = known.path(small, None, windows.overlaps, 1.0, np.random.default_rng(0))

    def apart(codes: dict[str, np.ndarray]) -> float:
        clips = thumbnails(sampler.decode(codes))
        pairs = itertools.pairwise(clips)
        return float(np.mean([mismatch(before, after, 4) for before, after in pairs]))

    codes = joined(first, path)
    before = apart(codes)
    for _ in range(3):
        codes = sampler.refine(codes, windows.cut(windows.blend(sampler.decode(codes))), 4)
    assert apart(codes) < 0.95 * before


def joined(*parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_labels_and_codes_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = loaded(tmp_path, model="infogan", conditional=True, labels=LABELS)
    seen = []
    join = long_sampler.LongSampler.join

    def watched(self: ClipSampler, codes: dict[str, np.ndarray], *others: object) -> np.ndarray:
        seen.append(codes)
        return join(self, codes, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(long_sampler.LongSampler, "join", watched)
    sampler.generate(3, label=["walk", "run", "run"], frames=20)
    assert [set(codes["label"]) for codes in seen] == [{0}, {1}, {1}]
    for codes in seen:
        for name in ("category", "codes"):
            assert (codes[name] == codes[name][:1]).all()


def test_a_run_without_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_sampler, "KNOWN", 24)
    sampler = vidgan.load(make_run(tmp_path / "run").path)
    made = sampler.generate(1, frames=40, trunc=0.7)
    assert made.shape[1] == 40
    steps, usual = (
        np.abs(np.diff(clips.astype(float), axis=1)).mean(axis=(2, 3, 4))
        for clips in (made, sampler.generate(16, trunc=0.7))
    )
    assert steps.max() < 1.5 * usual.max()


def test_what_dissolves_is_counted(sampler: ClipSampler, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sampler.dissolves
    monkeypatch.setattr(long_sampler, "VISIBLE", 1e9)
    sampler.generate(1, frames=40)
    assert sampler.dissolves == before
    monkeypatch.setattr(long_sampler, "VISIBLE", 0.0)
    sampler.generate(1, frames=40)
    assert sampler.dissolves == before + len(Windows.cover(40, FRAMES)) - 1


def test_a_notice_says_so(
    sampler: ClipSampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_sampler, "VISIBLE", 0.0)
    notes: list[str] = []
    vidgan.generate(
        sampler.run.path, tmp_path / "a.mp4", n=1, frames=20, sharpen=False, notify=notes.append
    )
    assert len(notes) == 1
    assert "dissolves into something else" in notes[0]
