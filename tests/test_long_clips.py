"""Clips of any length and rate, and content and motion exchanged between seeds."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result
from dataset_files import make_dataset
from matrices import some
from tiny_run import MODEL, make_run

import vidgan
from vidgan.cli import main
from vidgan.config import GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate.sampler import Sampler

ABLE = ("mocogan", "continuous")
FRAMES, WIDTH, HEIGHT = 8, 32, 40


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("long")
    return {
        name: make_run(folder / name, (WIDTH, HEIGHT), model=MODEL.replace(model=name)).path
        for name in ("dcgan", *ABLE)
    }


@pytest.fixture(scope="module")
def samplers(runs: dict[str, Path]) -> dict[str, Sampler]:
    return {name: vidgan.load(path) for name, path in runs.items()}


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Compare up to a grey level: sums may run in another order."""
    return a.shape == b.shape and np.abs(a.astype(int) - b).max() <= 1


def count_frames(path: Path) -> tuple[int, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return sum(1 for _ in container.decode(stream)), float(stream.average_rate or 0)


@pytest.mark.parametrize("model", some(ABLE, {"continuous"}))
def test_from_training_on_short_clips_to_a_long_video(tmp_path: Path, model: str) -> None:
    make_dataset(tmp_path / "data", (20, 28), (20,), (WIDTH, HEIGHT))
    tiny = ("--frames=8", "--latent-dim=6", "--g-channels=4", "--d-channels=4", "--motion-dim=4")
    run = tmp_path / "run"
    trained = cli(
        "train", tmp_path / "data", "--model", model, "--steps=3", "--batch-size=2", *tiny,
        "-o", run,
    )  # fmt: skip
    assert trained.exit_code == 0, trained.output
    made = cli("generate", run, "--n=2", "--frames=128", "-o", tmp_path / "long.mp4")
    assert made.exit_code == 0, made.output
    assert count_frames(tmp_path / "long.mp4") == (2 * 128, 25)


@pytest.mark.parametrize("model", ABLE)
def test_any_number_of_frames(samplers: dict[str, Sampler], model: str) -> None:
    usual = samplers[model].generate(2)
    long = samplers[model].generate(2, frames=41)
    assert long.shape == (2, 41, HEIGHT, WIDTH, 3)
    assert same(long[:, :FRAMES], usual)
    assert same(long[:, :1], samplers[model].generate(2, frames=1))
    assert np.abs(long[:, 30:38].astype(int) - usual).mean() > 1


@pytest.mark.parametrize("model", ABLE)
def test_a_long_clip_is_made_in_parts(
    samplers: dict[str, Sampler], monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    sampler, lengths = samplers[model], []
    whole = sampler.generate(2, frames=100)
    call = Sampler._call

    def counted(self: Any, generator: Any, noise: Any) -> Any:
        made = call(self, generator, noise)
        lengths.append(made.shape[0] * made.shape[1])
        return made

    monkeypatch.setattr(Sampler, "_call", counted)
    parts = sampler.generate(2, frames=100, batch_size=4)
    assert same(parts, whole)
    assert max(lengths) == 4 * FRAMES
    assert sum(lengths) == 200
    lengths.clear()
    sampler.generate(7, frames=20, batch_size=8)
    assert lengths == [60, 60, 20], "three clips of 20 frames are as long as eight of 8, nearly"


@pytest.mark.parametrize("model", ABLE)
def test_same_content_and_same_motion(samplers: dict[str, Sampler], model: str) -> None:
    sampler = samplers[model]
    usual = sampler.generate(seeds=[3, 4])
    shown = sampler.generate(seeds=[3, 4], same_content=True)
    moved = sampler.generate(seeds=[4, 3], same_motion=True)
    assert same(shown[0], usual[0])
    assert same(moved[0], usual[1])
    # Content of 3, motion of 4: reached both ways, and like neither seed's own clip.
    assert same(shown[1], moved[1])
    for own in usual:
        assert np.abs(shown[1].astype(int) - own).mean() > 1
    repeated = sampler.generate(seeds=[3, 3], same_content=True)
    assert same(repeated[0], repeated[1])


def test_same_content_from_the_command(
    runs: dict[str, Path], samplers: dict[str, Sampler], tmp_path: Path
) -> None:
    target = tmp_path / "a.npy"
    made = cli("generate", runs["mocogan"], "--seeds=3,4", "--same-motion", "-o", target)
    assert made.exit_code == 0, made.output
    assert same(np.load(target), samplers["mocogan"].generate(seeds=[3, 4], same_motion=True))


def test_rate_of_a_model_of_continuous_time(
    runs: dict[str, Path], samplers: dict[str, Sampler], tmp_path: Path
) -> None:
    usual = samplers["continuous"].generate(1)
    # The run's clips have 12.5 frames a second.
    fine = samplers["continuous"].generate(1, frames=15, fps=25)
    assert same(fine[:, ::2], usual)
    assert np.abs(fine[:, 1::2].astype(int) - usual[:, :7]).mean() > 0.2
    target = tmp_path / "a.npy"
    made = cli("generate", runs["continuous"], "--n=1", "--frames=15", "--fps=25", "-o", target)
    assert made.exit_code == 0, made.output
    assert same(np.load(target), fine)
    (video,) = vidgan.generate(runs["continuous"], tmp_path / "a.mp4", n=1, frames=15, fps=25)
    assert count_frames(video) == (15, 25)


def test_rate_of_other_models_is_how_fast_they_play(
    runs: dict[str, Path], samplers: dict[str, Sampler], tmp_path: Path
) -> None:
    (video,) = vidgan.generate(runs["mocogan"], tmp_path / "a.mp4", n=1, fps=25)
    assert count_frames(video) == (FRAMES, 25)
    with pytest.raises(OptionError, match="frame rate of training"):
        samplers["mocogan"].generate(1, fps=25)
    refused = cli("generate", runs["mocogan"], "--fps=25", "-o", tmp_path / "a.npy")
    assert refused.exit_code == 2
    assert "--fps is not supported" in refused.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--same-content"], "--same-content needs a model with a separate motion latent"),
        (["--same-motion"], "--same-motion needs a model with a separate motion latent"),
        (["--same-motion", "--same-content"], "use one of them"),
        (["--frames=0"], "--frames"),
        (["--frames=10001"], "--frames"),
    ],
)
def test_what_a_dcgan_cannot_do(
    runs: dict[str, Path], tmp_path: Path, options: list[str], message: str
) -> None:
    result = cli("generate", runs["dcgan"], "-o", tmp_path / "a.mp4", *options)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_frames_of_training_may_be_named(samplers: dict[str, Sampler]) -> None:
    assert same(samplers["dcgan"].generate(1, frames=FRAMES), samplers["dcgan"].generate(1))


def test_a_walk_keeps_the_first_content(
    runs: dict[str, Path], samplers: dict[str, Sampler], tmp_path: Path
) -> None:
    (path,) = vidgan.generate(
        runs["mocogan"], tmp_path / "a.npy", seeds="3,4", interpolate=3, same_content=True
    )
    made = np.load(path)
    assert same(made[[0, -1]], samplers["mocogan"].generate(seeds=[3, 4], same_content=True))


def test_sharing_contradicts_itself() -> None:
    with pytest.raises(OptionError, match="use one of them"):
        GenerateConfig(same_content=True, same_motion=True)


@pytest.mark.slow
def test_memory_holds_no_long_clip_enlarged(runs: dict[str, Path], tmp_path: Path) -> None:
    script = """
import resource, sys, vidgan
for frames in (64, 65, 465):  # The second has all that a second generation brings with it.
    target = f"{sys.argv[2]}/{frames}.mp4"
    vidgan.generate(sys.argv[1], target, n=1, frames=frames, batch_size=4)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    command = [sys.executable, "-c", script, str(runs["continuous"]), str(tmp_path)]
    found = subprocess.check_output(command, stderr=subprocess.DEVNULL)
    _, before, after = map(int, found.split())
    # 400 frames more, 256 x 320 pixels each, are 94 MiB.
    assert after - before < 25, (before, after)
