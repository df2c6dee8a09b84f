"""``--loop``: clips whose last frame leads to the first one, of every model."""

from pathlib import Path

import numpy as np
import pytest
from dataset_files import moving_shapes
from matrices import some
from tiny_run import MODEL, make_encoder_run, make_run
from video_files import make_video

import vidgan
from vidgan import latents, pixels
from vidgan.config import MODELS, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import long_sampler, source_clips
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.models import find_architecture

FRAMES, SIDE = 8, 32
ABLE = ("mocogan", "continuous")


@pytest.fixture(autouse=True)
def few_known_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_sampler, "KNOWN", 24)


def loaded(folder: Path, model: str) -> ClipSampler:
    return vidgan.load(
        make_run(folder / model, (SIDE, SIDE), model=MODEL.replace(model=model)).path
    )


def with_encoder(folder: Path, model: str = "dcgan") -> ClipSampler:
    clips = np.stack([moving_shapes(number, FRAMES, (SIDE, SIDE)) for number in range(20)])
    run = make_encoder_run(folder / "run", MODEL.replace(model=model), clips=pixels.to_model(clips))
    return vidgan.load(run.path)


def steps(clips: np.ndarray) -> np.ndarray:
    """Return the mean difference of each frame to the next, the first after the last."""
    following = np.roll(clips, -1, axis=1).astype(float)
    differences: np.ndarray = np.abs(following - clips).mean(axis=(2, 3, 4))
    return differences


def turns(clips: np.ndarray) -> np.ndarray:
    """Return how each change of a frame correlates with the next one: -1 if motion reverses."""
    changes = np.roll(clips, -1, axis=1).astype(float) - clips
    changes = changes.reshape(*changes.shape[:2], -1)
    changes /= np.linalg.norm(changes, axis=2, keepdims=True) + 1e-6
    cosines: np.ndarray = (changes * np.roll(changes, 1, axis=1)).sum(axis=2)
    return cosines


@pytest.mark.parametrize("model", some(MODELS, ("dcgan", "infogan", *ABLE)))
def test_no_seam(tmp_path: Path, model: str) -> None:
    loops = loaded(tmp_path, model).generate(6, loop=True)
    assert loops.shape == (6, 2 * FRAMES, SIDE, SIDE, 3)
    ordinary = np.median(steps(loops), axis=1)
    assert 0.5 < np.median(steps(loops)[:, -1] / ordinary) < 1.6
    for place in (0, -1):
        assert np.median(turns(loops)[:, place]) > np.median(turns(loops)) - 0.5


def test_an_open_clip_has_a_seam(tmp_path: Path) -> None:
    """The measure of :func:`test_no_seam` notices one."""
    clips = loaded(tmp_path, "mocogan").generate(6, frames=2 * FRAMES)
    assert np.median(steps(clips)[:, -1] / np.median(steps(clips), axis=1)) > 1.6
    back = np.concatenate([clips, clips[:, -2:0:-1]], axis=1)
    assert np.median(turns(back)[:, 0]) < -0.9


def test_no_seam_with_an_encoder(tmp_path: Path) -> None:
    loops = with_encoder(tmp_path).generate(5, loop=True, frames=24)
    assert loops.shape[1] == 24
    assert np.median(steps(loops)[:, -1] / np.median(steps(loops), axis=1)) < 1.6


@pytest.mark.parametrize("model", ABLE)
@pytest.mark.parametrize("frames", [7, 16])
def test_the_next_period_is_the_same(tmp_path: Path, model: str, frames: int) -> None:
    sampler = loaded(tmp_path, model)
    noise = latents.from_seeds(sampler.inputs(frames), [3])
    periodic = find_architecture(model).periodic
    assert periodic is not None
    made = periodic(noise)
    spacing = made["times"][0, 1] - made["times"][0, 0]
    longer = made | {
        "times": np.concatenate([made["times"], made["times"] + frames * spacing], axis=1),
        # Its period is the last part of the motion.
        "motion": np.concatenate([made["motion"], made["motion"][:, -_period(model, frames) :]], 1),
    }
    first, second = np.split(next(sampler.stream([longer], 64))[0].astype(int), 2)
    assert np.abs(first - second).max() <= 1
    assert np.abs(np.diff(first, axis=0)).mean() > 0.5, "it moves"


def _period(model: str, frames: int) -> int:
    """Return how many vectors of motion a period has."""
    return frames if model == "mocogan" else round(frames / 2)


@pytest.mark.parametrize("model", ["dcgan", "continuous"])
@pytest.mark.parametrize("frames", [1, 5])
def test_any_number_of_frames(tmp_path: Path, model: str, frames: int) -> None:
    assert loaded(tmp_path, model).generate(1, loop=True, frames=frames).shape[1] == frames


def test_the_same_seed_gives_the_same_loop(tmp_path: Path) -> None:
    sampler = loaded(tmp_path, "dcgan")
    first, second = (sampler.generate(seeds=[5, 2], loop=True) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first[0].astype(int) - first[1]).mean() > 1


def test_real_clips(tmp_path: Path) -> None:
    """A video gets frames that lead back to its beginning."""
    sampler, video = with_encoder(tmp_path), make_video(tmp_path / "a.mp4", frames=21)
    given = source_clips.read_to_end(video, sampler.run)
    (path,) = vidgan.generate(
        sampler.run.path, tmp_path / "out.npy", continue_=video, frames=11, loop=True
    )
    made = np.load(path)
    assert made.shape == (1, 32, SIDE, SIDE, 3)
    kept = slice(FRAMES // 2, -FRAMES // 2)
    np.testing.assert_array_equal(made[0, :21][kept], given[kept])
    jump = np.abs(given[0].astype(float) - given[-1]).mean()
    assert steps(made)[0, -1] < max(0.5 * jump, 2 * np.median(steps(made)))
    (path,) = vidgan.generate(
        sampler.run.path, tmp_path / "from.npy", from_=video, n=2, frames=12, loop=True
    )
    assert np.load(path).shape == (2, 12, SIDE, SIDE, 3)


def test_models_of_any_length_do_not_return_to_a_video(tmp_path: Path) -> None:
    sampler, video = with_encoder(tmp_path, "mocogan"), make_video(tmp_path / "a.mp4", frames=21)
    with pytest.raises(OptionError, match="--loop: the continuation by a mocogan"):
        vidgan.generate(sampler.run.path, tmp_path / "o.mp4", continue_=video, loop=True)
    assert not (tmp_path / "o.mp4").exists()


def test_length() -> None:
    assert GenerateConfig().length(16) == 16
    assert GenerateConfig(loop=True).length(16) == 32
    assert GenerateConfig(loop=True, frames=20).length(16) == 20
    assert GenerateConfig(loop=True, continue_="a").length(16) == 16
