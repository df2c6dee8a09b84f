"""Real clips in Python: codes, reconstructions, variations, transitions and continuations."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_files import moving_shapes
from matrices import some
from tiny_run import MODEL, make_encoder_run, make_run

import vidgan
from vidgan import pixels
from vidgan.config import MODELS, ModelConfig
from vidgan.errors import OptionError, RunError
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.jobs.generate.continuation import FADE
from vidgan.latents import Noise
from vidgan.models import find_architecture

SIDE, FRAMES = 32, 8
LABELS = ("walk", "run")


def shapes(count: int, first: int = 0) -> np.ndarray:
    """Return uint8 clips, ``(count, FRAMES, SIDE, SIDE, 3)``."""
    numbers = range(first, first + count)
    return np.stack([moving_shapes(number, FRAMES, (SIDE, SIDE)) for number in numbers])


def loaded(folder: Path, **options: Any) -> ClipSampler:
    model = MODEL.replace(**options)
    return vidgan.load(
        make_encoder_run(folder, model, clips=pixels.to_model(shapes(20, 50))).path, device="cpu"
    )


def error(made: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Return the squared error of each clip."""
    squares: np.ndarray = np.square(made.astype(float) - clips).mean(axis=(1, 2, 3, 4))
    return squares


def same(one: Noise, other: Noise) -> bool:
    return all(np.allclose(one[name], other[name], atol=1e-5) for name in one)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> ClipSampler:
    return loaded(tmp_path_factory.mktemp("clips") / "run")


@pytest.mark.parametrize(
    ("model", "conditional"),
    some(
        [*((model, False) for model in MODELS), ("infogan", True)],
        [("dcgan", False), ("mocogan", False), ("continuous", False), ("infogan", True)],
    ),
)
def test_every_model_takes_real_clips(model: str, conditional: bool, tmp_path: Path) -> None:
    labels = LABELS if conditional else ()
    sampler = loaded(tmp_path / "run", model=model, conditional=conditional, labels=labels)
    clips = shapes(2)
    first, refined = sampler.encode(clips, steps=0), sampler.encode(clips, steps=4)
    assert set(refined) == {latent.name for latent in sampler.decoder_inputs}
    assert all(values.shape[0] == 2 for values in refined.values())
    made = sampler.decode(refined)
    assert made.shape == clips.shape
    assert made.dtype == np.uint8
    assert (error(made, clips) < error(sampler.decode(first), clips)).all()
    one = {name: values[:1] for name, values in refined.items()}
    assert sampler.decode(sampler.vary(one, "0,1", strength=0.5)).shape == clips.shape
    frames = 5 if find_architecture(model).any_length else 2
    continued = sampler.continue_clip(clips[0], frames, seeds=[0, 1], steps=1)
    assert continued.shape == (2, FRAMES + frames, SIDE, SIDE, 3)
    np.testing.assert_array_equal(continued[:, :-frames][:, :-FADE], [clips[0, :-FADE]] * 2)
    if conditional:
        assert (sampler.encode(clips, label="run", steps=0)["label"] == 1).all()


def test_the_label_of_a_clip_is_the_one_that_reconstructs_it_best(tmp_path: Path) -> None:
    sampler = loaded(tmp_path / "run", conditional=True, labels=LABELS)
    clips = shapes(4)
    best = np.min(
        [
            error(sampler.decode(sampler.encode(clips, label=label, steps=0)), clips)
            for label in LABELS
        ],
        axis=0,
    )
    found = sampler.encode(clips, steps=0)
    np.testing.assert_allclose(error(sampler.decode(found), clips), best, rtol=1e-3)


def test_a_variation_is_as_strong_as_asked(sampler: ClipSampler) -> None:
    codes = sampler.encode(shapes(1), steps=0)
    distances = [
        np.linalg.norm(sampler.vary(codes, 3, strength=s)["latent"] - codes["latent"])
        for s in (0.0, 0.25, 0.5, 1.0)
    ]
    assert distances[0] == 0
    np.testing.assert_allclose(distances[1:], distances[3] * np.array([0.25, 0.5, 1]), rtol=1e-3)
    assert same(sampler.vary(codes, [3]), sampler.vary(codes, "3"))
    two = sampler.vary(codes, "3,4")
    assert not np.allclose(two["latent"][0], two["latent"][1])


def test_codes_of_samples_decode_to_the_clips_of_the_seeds(sampler: ClipSampler) -> None:
    made = sampler.decode(sampler.sample_codes("0,5", strength=0.7))
    expected = sampler.generate(seeds="0,5", trunc=0.7)
    assert np.abs(made.astype(int) - expected).max() <= 1


def test_interpolation_has_both_ends(sampler: ClipSampler) -> None:
    codes = sampler.encode(shapes(2), steps=0)
    start, end = ({name: values[i : i + 1] for name, values in codes.items()} for i in (0, 1))
    points = sampler.interpolate(start, end, 5)["latent"]
    np.testing.assert_allclose(points[[0, -1]], codes["latent"], rtol=1e-5)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


def test_refining_a_part_leaves_other_clips_alone(sampler: ClipSampler) -> None:
    clips = shapes(6)
    codes = sampler.encode(clips, steps=0)
    together = sampler.refine(codes, clips[:, :4], 3)
    alone = sampler.refine({name: v[5:] for name, v in codes.items()}, clips[5:, :4], 3)
    np.testing.assert_allclose(together["latent"][5:], alone["latent"], atol=1e-3)


def test_a_continuation_goes_on_from_the_end(sampler: ClipSampler) -> None:
    clip = sampler.generate(1)[0]
    made = sampler.continue_clip(np.concatenate([clip[:1], clip]), 11, seeds="0,0,1")
    assert made.shape == (3, FRAMES + 1 + 11, SIDE, SIDE, 3)
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    # No jump, neither at the end of the clip nor between the parts.
    jumps = np.abs(np.diff(made.astype(float), axis=1)).mean(axis=(2, 3, 4))
    assert jumps[:, FRAMES:].max() < 1.5 * jumps[:, :FRAMES].max()


def test_longer_clips_keep_the_clips_own_motion(tmp_path: Path) -> None:
    sampler = loaded(tmp_path / "run", model="mocogan")
    codes = sampler.encode(shapes(1), steps=0)
    short = sampler.decode(codes)
    long = sampler.decode(sampler.vary(codes, "0,1", strength=0.0, frames=20))
    assert long.shape == (2, 20, SIDE, SIDE, 3)
    assert np.abs(long[:, :FRAMES].astype(int) - short).max() <= 1
    assert not np.array_equal(long[0], long[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.encode(shapes(1)[0]), r"uint8 \(8, 32, 32, 3\).*takes uint8 \(n, 8, 32, 32"),
        (lambda s: s.encode(shapes(1) / 255), "float64"),
        (lambda s: s.encode(shapes(1)[:, :7]), "7"),
        (lambda s: s.encode(shapes(1), label="walk"), "--label"),
        (lambda s: s.vary(s.sample_codes(0), 0, strength=1.5), "strength 1.5"),
        (lambda s: s.interpolate({}, {}, 1), "n=1"),
        (lambda s: s.continue_clip(shapes(1)[0, :7]), "8 or more"),
        (lambda s: s.continue_clip(shapes(1)[0], 0), "frames 0"),
    ],
)
def test_wrong_arguments(sampler: ClipSampler, call: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call(sampler)


def test_a_run_without_an_encoder_says_what_to_do(tmp_path: Path) -> None:
    sampler = vidgan.load(make_run(tmp_path / "run", (SIDE, SIDE)).path)
    with pytest.raises(RunError, match=r"has no encoder.*--reconstruction 1"):
        sampler.encode(shapes(1))
    with pytest.raises(RunError, match="has no encoder"):
        sampler.continue_clip(shapes(1)[0])
    assert sampler.generate(1).shape == (1, FRAMES, SIDE, SIDE, 3)


def test_the_checkpoint_holds_the_encoder(tmp_path: Path) -> None:
    run = make_encoder_run(tmp_path / "run", ModelConfig(**{**MODEL.to_json(), "labels": ()}))
    sampler = vidgan.load(run.path)
    (run.checkpoint() / "gan.weights.h5").unlink()
    with pytest.raises(RunError, match=r"gan\.weights\.h5: missing"):
        sampler.encode(shapes(1))
