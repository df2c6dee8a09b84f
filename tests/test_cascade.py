"""Cascades: a generator of small clips, and an upsampler."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from dataset_files import make_dataset, moving_shapes
from tiny_run import MODEL, make_encoder_run, make_run

import vidgan
from vidgan import pixels
from vidgan.cli import main
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import evaluation_clips, training_clips
from vidgan.jobs import models
from vidgan.jobs.generate.sampler import FRAMES_AT_ONCE
from vidgan.models import upsampler
from vidgan.models.sizes import base_size, check_size, default_upscale
from vidgan.patches.details import Details
from vidgan.patches.index import PatchIndex
from vidgan.patches.pyramid import PatchPyramid, most_clips, pyramid_sizes
from vidgan.patches.resizing import resized_frames
from vidgan.tasks import cascade
from vidgan.tasks.load import load_gan
from vidgan.training.log_file import LOG_NAME
from vidgan.training.run import Run

# Width and height; with --upscale 2 the generator works at 40 x 32.
SIZE = (72, 40)
TINY: dict[str, Any] = {
    "frames": 8,
    "latent_dim": 8,
    "g_channels": 4,
    "d_channels": 4,
    "batch_size": 2,
}


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    return f"{result.exit_code} {result.output}"


@pytest.fixture(scope="module", autouse=True)
def small_upsampler() -> Iterator[None]:
    """Train upsamplers of few layers, which TensorFlow traces faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upsampler, "CHANNELS", 8)
        patch.setattr(upsampler, "BLOCKS", 1)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cascade") / "data"
    make_dataset(folder, (12,) * 10, (12, 12), SIZE)
    return folder


@pytest.fixture(scope="module")
def run(dataset: Path) -> Run:
    """A cascade that was trained for a few steps."""
    folder = dataset.parent / "run"
    vidgan.train(dataset, output=folder, upscale=2, steps=30, log_every=5, metrics="none", **TINY)
    return Run.open(folder)


# Sizes


@pytest.mark.parametrize(
    ("size", "upscale", "base"),
    [
        ((64, 64), 1, (64, 64)),
        ((100, 90), 2, (56, 48)),
        ((128, 128), 2, (64, 64)),
        ((224, 224), 4, (56, 56)),
        ((256, 144), 4, (64, 40)),
        ((512, 288), 4, (128, 80)),
        ((34, 90), 1, (40, 96)),
        ((512, 32), 2, (256, 32)),
    ],
)
def test_the_size_decides(size: tuple[int, int], upscale: int, base: tuple[int, int]) -> None:
    assert default_upscale(size) == upscale
    assert base_size(size, upscale) == base


def test_all_even_sizes_are_possible() -> None:
    for side in range(32, 513, 2):
        check_size((side, 64))
        upscale = default_upscale((side, side))
        (width, height), size = base_size((side, side), upscale), (side, side)
        assert min(width, height) * upscale >= side
        assert upsampler.sizes(MODEL.replace(upscale=upscale), size).small[0] <= width


@pytest.mark.parametrize("size", ["33x64", "30x64", "64x514", "0"])
def test_other_sizes_are_refused(size: str, tmp_path: Path) -> None:
    output = invoke("preprocess", tmp_path, "--size", size, "-o", tmp_path / "data")
    assert output.startswith("2 ")
    assert "sides are even numbers of pixels from 32 to 512" in output


def test_what_is_too_small_for_a_cascade(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make_dataset(data)
    output = invoke("train", data, "--upscale", 4, "--dry-run", "--frames", 8)
    assert output.startswith("2 ")
    assert "--upscale 4: frames of 32x32 are too small for a cascade; use 1" in output
    assert "--upscale 3 is none of 1, 2, 4" in invoke("train", data, "--upscale", 3)


# Data


def test_clips_are_resized_when_they_are_read(dataset: Path) -> None:
    manifest = Manifest.load(dataset)
    small = manifest.resized((36, 20))
    assert (small.width, small.height) == (36, 20)
    assert small.resized(SIZE) == manifest
    for large, clip in zip(
        evaluation_clips(manifest, "train", 8), evaluation_clips(small, "train", 8), strict=True
    ):
        means = large.reshape(8, 20, 2, 36, 2, 3).astype(float).mean(axis=(2, 4))
        assert np.abs(means - clip).max() <= 0.5
    batch = next(iter(training_clips(small, 8, 2)))
    assert batch.shape == (2, 8, 20, 36, 3)


def test_crops_fit_the_small_clips(run: Run) -> None:
    """What an upsampler is asked for is what was made smaller."""
    clips, crops = next(iter(cascade.data(run, Manifest.load(run.dataset), 0)))
    assert clips.dtype == crops.large.dtype == tf.uint8
    assert clips.shape == (2, 8, 32, 40, 3)
    grid = upsampler.sizes(run.model, run.size)
    frames, height, width = cascade.crop_shape(8, grid)
    assert crops.large.shape == (2, frames, 2 * height, 2 * width, 3)
    for clip, crop, (frame, row, column) in zip(clips, crops.large, crops.corner, strict=True):
        small = resized_frames(clip.numpy(), grid.small)[frame : frame + frames]
        small = small[:, row : row + height, column : column + width]
        apart = small.astype(float) - resized_frames(crop.numpy(), (width, height))
        assert np.abs(apart).mean() < 4


# Training


def test_the_upsampler_learns(run: Run) -> None:
    assert (run.size, run.base.size, run.model.upscale) == (SIZE, (40, 32), 2)
    assert run.base.base == run.base
    rows = list(csv.DictReader((run.path / LOG_NAME).read_text().splitlines()))
    losses = [float(row["upsampling_loss"]) for row in rows]
    assert losses[-1] < 0.9 * losses[0]
    assert 0 < float(rows[-1]["reconstruction_loss"]) < float(rows[0]["reconstruction_loss"])


def test_clips_have_the_full_size(run: Run) -> None:
    sampler = vidgan.load(run.path)
    clips = sampler.generate(2)
    assert clips.shape == (2, 8, SIZE[1], SIZE[0], 3)
    codes = sampler.encode(clips, steps=2)
    assert sampler.decode(codes).shape == clips.shape
    sharpened = vidgan.load(run.path, sharpen=True).generate(2)
    assert sharpened.shape == clips.shape
    assert not np.array_equal(sharpened, clips)
    sheet = cv2.imread(str(run.path / "samples" / "step-00000030.png"))
    assert sheet is not None
    assert sheet.shape[0] > 8 * SIZE[1]


@pytest.mark.slow
def test_a_run_goes_on_exactly(dataset: Path, tmp_path: Path) -> None:
    # Without what depends on the budget.
    options = TINY | {"upscale": 2, "steps": 6, "metrics": "none", "schedule": "constant"}
    options["reconstruction"] = 0
    whole = vidgan.train(dataset, output=tmp_path / "whole", **options)
    part = vidgan.train(dataset, output=tmp_path / "part", **(options | {"steps": 3}))
    vidgan.train(resume=part, steps=6)
    first, second = (load_gan(Run.open(path)) for path in (whole, part))
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-4)


@pytest.mark.slow
def test_without_an_encoder(dataset: Path, tmp_path: Path) -> None:
    """Any model can be the first of a cascade; clips of any length are enlarged in windows."""
    path = vidgan.train(
        dataset,
        output=tmp_path / "run",
        upscale=2,
        model="mocogan",
        steps=2,
        metrics="none",
        **TINY,
    )
    sampler = vidgan.load(path)
    short, long = sampler.generate(1), sampler.generate(1, frames=20)
    assert long.shape == (1, 20, SIZE[1], SIZE[0], 3)
    np.testing.assert_allclose(long[0, :3].astype(int), short[0, :3], atol=1)


def test_windows_leave_no_mark(tmp_path: Path) -> None:
    sampler = vidgan.load(make_run(tmp_path / "run", SIZE, model=MODEL.replace(upscale=2)).path)
    assert sampler._upsampler is not None
    generator, network = np.random.default_rng(0), sampler._upsampler.get_layer(upsampler.NETWORK)
    network.set_weights([generator.normal(0, 0.05, each.shape) for each in network.get_weights()])
    clip = generator.integers(0, 256, (FRAMES_AT_ONCE + 5, 32, 40, 3), np.uint8)
    whole = sampler._upsampler(pixels.to_model(clip[None]))[0].numpy()
    apart = sampler.finish(clip).astype(int) - pixels.to_uint8(whole)
    assert np.abs(apart).max() <= 1
    turned = sampler.finish(np.roll(clip, 7, axis=0), loop=True)
    np.testing.assert_allclose(
        np.roll(turned, -7, axis=0).astype(int), sampler.finish(clip, loop=True), atol=1
    )


def test_a_size_that_no_network_has(tmp_path: Path) -> None:
    """Without a second network clips are resized."""
    path = make_encoder_run(tmp_path / "run", MODEL, size=(34, 50)).path
    sampler = vidgan.load(path)
    assert sampler.run.base.size == (40, 56)
    clips = sampler.generate(2)
    assert clips.shape == (2, 8, 50, 34, 3)
    assert sampler.decode(sampler.encode(clips, steps=1)).shape == clips.shape


def test_the_commands(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS", ("dcgan",))
    out = tmp_path / "out.npy"
    assert invoke("generate", run.path, "--n", 2, "-o", out, "--no-sharpen").startswith("0 ")
    assert np.load(out).shape == (2, 8, SIZE[1], SIZE[0], 3)
    plan = invoke("train", run.dataset, "--dry-run", "--upscale", 2, "--frames", 8, "--steps", 9)
    assert plan.startswith("0 ")
    assert "8 frames of 72x40" in plan
    text = invoke("models", "--size", "224x224", "--frames", 8)
    assert "8 frames of 224x224, which the generator makes as 56x56:" in text
    report = invoke(
        "evaluate",
        run.path,
        "--measures",
        "discriminator",
        "--no-sharpen",
        "-o",
        tmp_path / "e.json",
    )
    assert report.startswith("0 "), report


# Details


def drawn(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.stack([moving_shapes(number, 8, size) for number in range(count)])


def error(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean(np.square(first.astype(float) - second.astype(float))))


@pytest.mark.parametrize("size", [(96, 64), (90, 66)])
def test_details_come_back(size: tuple[int, int]) -> None:
    large = drawn(5, size)
    small = resized_frames(large, (48, 32))
    index, details = PatchIndex(small, small), Details(small, large)
    clip, _ = details.replace(small[3], index.match(small[3]))
    assert clip.shape == large[3].shape
    assert clip.dtype == np.uint8
    assert error(clip, large[3]) < 0.2 * error(resized_frames(small[3], size), large[3])


def test_details_improve_what_was_found() -> None:
    """Coarse matches that are a little off lead to the right place."""
    large = drawn(5, (96, 64))
    small = resized_frames(large, (48, 32))
    details, matches = Details(small, large), PatchIndex(small, small).match(small[3])
    rows = np.arange(matches.clips.shape[1])[None, :, None] % 2
    moved = np.clip(matches.places[1] + 2 * rows, 0, 31)
    places = np.stack([matches.places[0], moved, matches.places[2]])
    rough = type(matches)(matches.clips, places, matches.distances)
    clip, _ = details.replace(small[3], rough)
    assert error(clip, large[3]) < 0.4 * error(resized_frames(small[3], (96, 64)), large[3])


def test_sizes_of_a_pyramid_to_large_frames() -> None:
    assert pyramid_sizes((56, 56), (224, 224)) == [(56, 56), (112, 112), (224, 224)]
    assert pyramid_sizes((128, 80), (512, 288)) == [(64, 40), (128, 80), (256, 160), (512, 288)]
    assert pyramid_sizes((40, 56), (34, 50)) == [(34, 50)]
    assert pyramid_sizes((256, 32), (512, 32)) == [(256, 32), (512, 32)]
    flat = drawn(3, (96, 32))
    found = PatchPyramid(resized_frames(flat, (48, 32)), flat).replace(
        resized_frames(flat[1], (48, 32))
    )
    assert error(found, flat[1]) < 0.2 * error(flat[0], flat[1])
    clips = drawn(3, (96, 64))
    pyramid = PatchPyramid(resized_frames(clips, (48, 32)), clips)
    found = pyramid.replace(resized_frames(clips[1], (48, 32)))
    assert error(found, clips[1]) < 0.2 * error(clips[0], clips[1])


def test_large_frames_take_no_more_memory() -> None:
    small, large = (most_clips(16, (128, 128), size) for size in ((128, 128), (512, 512)))
    assert small > large >= 8
    assert most_clips(16, (56, 56), (224, 224)) >= 64
