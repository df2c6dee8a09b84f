"""``vidgan generate --from``, ``--between`` and ``--continue``: from video files to files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from dataset_files import moving_shapes
from tiny_run import MODEL, make_encoder_run, make_run
from video_files import make_images, make_video

import vidgan
from vidgan import pixels
from vidgan.cli import main
from vidgan.config import GenerateConfig, TrainConfig
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import InputError, OptionError, RunError
from vidgan.jobs.generate import source_clips
from vidgan.jobs.generate.continuation import FADE
from vidgan.training.run import Run

SIDE, FRAMES = 32, 8


def queue() -> np.ndarray:
    """Return clips whose codes are near each other, as those of a training are."""
    drawn = [moving_shapes(number, FRAMES, (SIDE, SIDE)) for number in range(20)]
    clips: np.ndarray = pixels.to_model(np.stack(drawn))
    return clips


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("from") / "runs" / "00000-dcgan-x"
    return make_encoder_run(folder, MODEL, clips=queue())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", frames=21)


def made(run: Run, output: Path, **options: Any) -> np.ndarray:
    (path,) = vidgan.generate(run.path, output / "made.npy", device="cpu", **options)
    clips: np.ndarray = np.load(path)
    return clips


# Reading


@pytest.mark.parametrize(
    ("options", "stride", "kind"),
    [
        ({}, 1, "mp4"),
        ({"fps": 10.0, "fit": "pad"}, 1, "mp4"),
        ({"fit": "stretch", "denoise": 3.0}, 2, "mp4"),
        ({"decoder": "opencv"}, 3, "gif"),
        ({"clean": False}, 2, "images"),
    ],
)
def test_clips_are_read_as_for_the_dataset(
    tmp_path: Path, options: dict[str, Any], stride: int, kind: str
) -> None:
    path = tmp_path / f"v.{kind}"
    make_images(path) if kind == "images" else make_video(path)
    manifest = vidgan.preprocess(
        path,
        tmp_path / "data",
        size=(SIDE, SIDE),
        lossless=True,
        shots="none",
        test_share=0,
        min_frames=1,
        **options,
    )
    size = (SIDE, SIDE)
    run = Run(
        tmp_path, MODEL, TrainConfig(stride=stride), manifest.path, size, manifest.fps / stride
    )
    expected, _ = next(iter(labelled_clips(manifest, "train", FRAMES, stride)))
    np.testing.assert_array_equal(source_clips.read_first_clip(path, run), expected)


@pytest.mark.parametrize("kind", ["mp4", "images"])
def test_start_and_end(run: Run, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"v.{kind}"
    make_images(path, 30) if kind == "images" else make_video(path, 30)
    whole = source_clips.read_to_end(path, run)
    assert len(whole) == 30
    late = source_clips.read_first_clip(path, run, 0.4)
    np.testing.assert_array_equal(late, whole[10 : 10 + FRAMES])
    np.testing.assert_array_equal(source_clips.read_to_end(path, run, 0.4), whole[10:])
    third = run.replace(train=TrainConfig(stride=3), fps=25 / 3)
    np.testing.assert_array_equal(source_clips.read_to_end(path, third), whole[2::3])


def test_clips_that_cannot_be_read(run: Run, video: Path, tmp_path: Path) -> None:
    short = make_video(tmp_path / "short.mp4", frames=7)
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    for path, start, message in (
        (short, 0.0, r"gives 7 frames at 25 frames/s, a clip of 00000-dcgan-x needs 8; give"),
        (video, 0.6, r"gives 6 frames at 25 frames/s from --start 0\.6"),
        (video, 60.0, "gives 0 frames"),
        (tmp_path / "none.mp4", 0.0, "no such file"),
        (text, 0.0, r"text\.mp4"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            source_clips.read_first_clip(path, run, start)
        assert "\n" not in str(caught.value)


# Jobs


def test_from(run: Run, video: Path, tmp_path: Path) -> None:
    clips = made(run, tmp_path, from_=video, n=4)
    sampler = vidgan.load(run.path, device="cpu")
    codes = sampler.encode(source_clips.read_first_clip(video, run)[None])
    expected = [sampler.decode(codes), sampler.decode(sampler.vary(codes, "0-2"))]
    assert np.abs(clips.astype(int) - np.concatenate(expected)).max() <= 1
    paths = vidgan.generate(run.path, tmp_path / "folder", from_=str(video), seeds="3,7")
    assert [path.stem for path in paths] == ["reconstruction", "seed-000003", "seed-000007"]


def test_trunc_is_the_strength_of_the_variation(run: Run, video: Path, tmp_path: Path) -> None:
    apart = []
    for strength in (1.0, 0.01):
        (tmp_path / str(strength)).mkdir()
        clips = made(run, tmp_path / str(strength), from_=video, n=2, trunc=strength)
        apart.append(np.abs(np.diff(clips.astype(int), axis=0)).mean())
    assert apart[1] < 0.2 * apart[0]


def test_between(run: Run, video: Path, tmp_path: Path) -> None:
    other = make_video(tmp_path / "b.mp4", seed=1)
    clips = made(run, tmp_path, between=(video, other), start="0,0.2", n=3)
    sampler = vidgan.load(run.path, device="cpu")
    ends = [
        source_clips.read_first_clip(video, run),
        source_clips.read_first_clip(other, run, 0.2),
    ]
    expected = sampler.decode(sampler.encode(np.stack(ends)))
    assert np.abs(clips[[0, 2]].astype(int) - expected).max() <= 1
    paths = vidgan.generate(run.path, tmp_path / "folder", between=(video, other), n=2)
    assert [path.stem for path in paths] == ["step-0000-of-0001", "step-0001-of-0001"]


def test_continue(run: Run, video: Path, tmp_path: Path) -> None:
    given = source_clips.read_to_end(video, run)
    clips = made(run, tmp_path, continue_=video, seeds="0,4", frames=10)
    assert clips.shape == (2, 21 + 10, SIDE, SIDE, 3)
    np.testing.assert_array_equal(clips[0, : 21 - FADE], given[:-FADE])
    assert not np.array_equal(clips[0, 21:], clips[1, 21:])
    assert made(run, tmp_path / "..", continue_=video, overwrite=True).shape[:2] == (1, 21 + FRAMES)


def test_content_and_motion_of_a_real_clip(video: Path, tmp_path: Path) -> None:
    run = make_encoder_run(tmp_path / "run", MODEL.replace(model="mocogan"), clips=queue())
    clips = made(run, tmp_path, from_=video, n=2, same_content=True, frames=12)
    assert clips.shape == (2, 12, SIDE, SIDE, 3)
    assert not np.array_equal(clips[0], clips[1])


def test_a_chosen_frame_rate(video: Path, tmp_path: Path) -> None:
    run = make_encoder_run(tmp_path / "run", MODEL.replace(model="continuous"), clips=queue())
    (path,) = vidgan.generate(
        run.path, tmp_path / "fine.mp4", from_=video, n=1, fps=50, frames=2 * FRAMES
    )
    assert path.stat().st_size


# What can go wrong


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from_": "a", "continue_": "b"}, "--from and --continue exclude each other"),
        ({"from_": "a", "interpolate": 3}, "--interpolate does not go with --from; leave one"),
        ({"from_": "a", "sweep": "label"}, "--sweep does not go with --from"),
        ({"between": ("a", "b"), "seeds": "1"}, "--seeds does not go with --between"),
        ({"between": ("a", "b"), "trunc": 0.5}, "--trunc does not go with --between"),
        ({"between": ("a", "b"), "n": 1}, "--between needs --n 2"),
        ({"between": "ab"}, "--between 'ab' is not a pair of texts"),
        ({"continue_": "a", "same_motion": True}, "--same-motion does not go with --continue"),
        ({"start": "1"}, "--start needs --from, --between or --continue"),
        ({"from_": "a", "start": "1,2"}, "more times than videos"),
        ({"from_": "a", "start": "soon"}, "--start 'soon' is not a time"),
        ({"from_": "a", "seeds": "0-3", "n": 4}, "--n 4 contradicts --seeds, which has 4 besides"),
        ({"from_": "a", "label": "x"}, "--label needs a run"),
    ],
)
def test_options_that_cannot_be(
    run: Run, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        vidgan.generate(run.path, tmp_path / "out.mp4", **options)
    assert not list(tmp_path.iterdir())


def test_variations_of_any_length(run: Run, video: Path, tmp_path: Path) -> None:
    clips = made(run, tmp_path, from_=video, n=2, frames=19)
    assert clips.shape == (2, 19, SIDE, SIDE, 3)
    usual = made(run, tmp_path, from_=video, n=2, overwrite=True)
    apart = np.abs(clips[:, None, :FRAMES].astype(int) - usual).mean(axis=(2, 3, 4, 5))
    assert (apart.argmin(axis=1) == [0, 1]).all()


def test_a_run_without_an_encoder(video: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with pytest.raises(RunError, match="has no encoder"):
        vidgan.generate(run.path, tmp_path / "out.mp4", from_=video)


def test_command(run: Run, video: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    between = ["--between", str(video), str(video), "--n", "2", "--start", "0,0:00.2"]
    result = CliRunner().invoke(main, ["generate", str(run.path), *between, "-o", str(output)])
    assert result.exit_code == 0, result.output
    assert output.stat().st_size
    wrong = CliRunner().invoke(main, ["generate", str(run.path), "--from", "no.mp4"])
    assert wrong.exit_code == 1
    assert "no.mp4: no such file" in wrong.output


def test_default_numbers() -> None:
    from vidgan.jobs.generate.from_clips import plan_job

    counts = {
        16: ({"from_": "a"}, {"between": ("a", "b")}),
        6: ({"from_": "a", "grid": (2, 3)}, {"between": ("a", "b"), "grid": (2, 3)}),
        1: ({"continue_": "a"}, {"from_": "a", "n": 1}),
        3: ({"continue_": "a", "seeds": "1-3"}, {"from_": "a", "seeds": "1,2"}),
    }
    for count, cases in counts.items():
        for options in cases:
            job = plan_job(GenerateConfig(**options))  # type: ignore[arg-type]
            assert len(job) == len(list(job)) == count, options
