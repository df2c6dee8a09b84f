"""``vidgan train --task interpolate``: the evidence, the network and the run."""

import functools
import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dataset_files import make_dataset

from vidgan import pixels, runtime
from vidgan.config import TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.jobs.train import run_config
from vidgan.jobs.train.train import train
from vidgan.metrics import psnr
from vidgan.tasks.load import load_generator
from vidgan.training.log_file import read_log
from vidgan.training.run import Run
from vidgan.video.interpolation import CHANNELS, FRACTION, FramePair, fuse, held

runtime.prepare()

import tensorflow as tf  # noqa: E402

from vidgan.models import interpolator  # noqa: E402
from vidgan.tasks import interpolate  # noqa: E402

TINY: dict[str, Any] = {
    "task": "interpolate",
    "frames": 8,
    "g_channels": 4,
    "d_channels": 4,
    "crop": 32,
    "tensorboard": False,
}


def moved(distance: float, side: int = 64) -> np.ndarray:
    """Return a smooth picture that has moved to the right, uint8 RGB."""
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    waves = [
        np.sin((columns - distance) * a + rows * b) for a, b in ((0.3, 0.2), (0.1, 0.4), (0.5, 0))
    ]
    picture: np.ndarray = np.rint(127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)
    return picture


def quality(result: np.ndarray, original: np.ndarray) -> float:
    """Return the PSNR away from the border."""
    inner = (slice(None), slice(8, -8), slice(8, -8))
    rounded = np.rint(result).astype(np.uint8)
    return float(psnr(rounded[inner][None], original[None][inner][None]).mean())


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.8])
def test_flow_leads_to_the_time_between(fraction: float) -> None:
    before, between, after = moved(0), moved(6 * fraction), moved(6)
    by_flow = fuse(FramePair(before, after).evidence(fraction)[None])
    blended = fuse(FramePair(before, after, use_flow=False).evidence(fraction)[None])
    expected = before + fraction * (after.astype(np.float32) - before)
    assert np.abs(blended - expected).max() <= 1
    assert quality(by_flow, between) > quality(blended, between) + 10


def test_what_comes_from_outside_weighs_little() -> None:
    """At the border that the picture leaves, one frame alone shows what is there."""
    seen = FramePair(moved(0), moved(6)).evidence(0.5)
    fused = fuse(seen[None])[0]
    assert not seen[8:-8, :2, 13].any()
    assert np.abs(fused[8:-8, :2] - seen[8:-8, :2, 9:12]).max() < 3


def test_tiny_frames_are_blended() -> None:
    before, after = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 100, np.uint8)
    assert (fuse(FramePair(before, after).evidence(0.5)[None]).round() == 50).all()


@pytest.mark.parametrize("size", [(96, 120), (192, 240)])
def test_motion_by_more_than_its_own_size_is_found(size: tuple[int, int]) -> None:
    """A textured square on a still, textured background, halfway and at other times."""
    random = np.random.default_rng(3)
    side = size[0] // 6
    background = cv2.GaussianBlur(random.integers(60, 120, (*size, 3)).astype(np.uint8), (0, 0), 2)
    square = np.kron(random.integers(0, 2, (4, 4, 3)), np.ones((side // 4, side // 4, 1))) * 255

    def drawn(place: float) -> np.ndarray:
        frame = background.copy()
        left = side + round(place)
        frame[2 * side : 3 * side, left : left + side] = square
        return frame

    way = 1.2 * side
    pair = FramePair(drawn(0), drawn(way))
    for fraction in (0.25, 0.5):
        expected = drawn(fraction * way)
        by_flow = fuse(pair.evidence(fraction)[None])
        blended = fuse(FramePair(drawn(0), drawn(way), False).evidence(fraction)[None])
        assert quality(by_flow, expected) > quality(blended, expected) + 5


def test_still_noisy_frames_are_blended() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (2, 96, 96, 3))
    before, after = pixels.rounded(moved(0, 96) + noise)
    by_flow = fuse(FramePair(before, after).evidence(0.5)[None])
    blended = fuse(FramePair(before, after, use_flow=False).evidence(0.5)[None])
    assert quality(by_flow, moved(0, 96)) > quality(blended, moved(0, 96)) - 0.1
    assert np.abs(by_flow - blended).mean() < 0.2


def test_before_training_the_network_does_what_the_flow_does() -> None:
    seen = np.stack([FramePair(moved(0), moved(5)).evidence(f) for f in (0.3, 0.5)])
    made = interpolate.interpolating(interpolator.generator(4))(seen)
    assert np.abs(made - fuse(seen)).mean() < 1


def test_copies_are_exact_and_every_frame_stands_alone() -> None:
    network = interpolator.generator(4)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.1, w.shape) for w in network.get_weights()])
    seen = np.stack([held(moved(3)), FramePair(moved(0), moved(5)).evidence(0.5), held(moved(9))])
    made = interpolate.interpolating(network)
    together = made(seen)
    assert np.abs(together[[0, 2]] - seen[[0, 2], ..., :3]).max() < 1e-3
    assert np.abs(together[1] - seen[1, ..., :3]).max() > 5
    np.testing.assert_allclose(made(seen[1:2])[0], together[1], atol=1e-2)


def test_margin_covers_what_a_pixel_depends_on() -> None:
    network = interpolator.generator(4)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.3, w.shape) for w in network.get_weights()])
    made = interpolate.interpolating(network)
    side = 2 * interpolator.MARGIN + 16
    seen = random.integers(1, 256, (1, side, side, CHANNELS), dtype=np.uint8)
    seen[..., FRACTION] = 128
    other = seen.copy()
    other[:, : interpolator.MULTIPLE] = random.integers(1, 256, other[:, :8].shape)
    other[..., FRACTION] = 128
    first = interpolator.MULTIPLE + interpolator.MARGIN
    np.testing.assert_allclose(made(seen)[:, first:], made(other)[:, first:], atol=1e-2)
    assert np.abs(made(seen)[:, :12] - made(other)[:, :12]).max() > 1


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("interpolate") / "data").path


def test_training_measures_and_its_run_interpolates(dataset: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "adversarial": 0.1,
        "perceptual": 0.1,
        "temporal": 0.1,
        "metric_share": 1.0,
    }
    path = train(
        dataset,
        output=tmp_path / "run",
        steps=6,
        log_every=1,
        metric_every="0.001",
        clock=functools.partial(next, itertools.count()),  # The machine may be a fast one.
        **TINY,
        **options,
    )
    rows = read_log(path / "log.csv")
    assert all(row["pixel_loss"] > 0 and "d_loss" in row for row in rows)
    assert any("psnr_before" in row for row in rows)
    assert list((path / "samples").glob("*.png"))
    run = Run.open(path, task="interpolate")
    filter = interpolate.filter(run, load_generator(run, "best"))
    seen = np.stack([held(moved(3)), FramePair(moved(0), moved(5)).evidence(0.5)])
    result = filter.apply(seen, None)
    assert result.shape == (2, 64, 64, 3)
    assert (result[0] == moved(3)).all()


@pytest.fixture
def untrained(dataset: Path, tmp_path: Path) -> Run:
    options = {name: value for name, value in TINY.items() if name != "task"}
    parsed = TrainingOptions.parse("interpolate", options)
    return run_config.new_run([dataset], [Manifest.load(dataset)], tmp_path / "run", parsed)


def test_targets_are_frames_between_those_that_are_seen(dataset: Path, untrained: Run) -> None:
    data = interpolate.data(untrained, [Manifest.load(dataset)], 0)
    fractions = set()
    for seen, originals in data.take(6).as_numpy_iterator():
        assert seen.shape[1:] == (4, 32, 32, CHANNELS)
        assert originals.shape[1:] == (4, 32, 32, 3)
        assert (originals[:, :-1] != originals[:, 1:]).any()
        fractions |= set(seen[..., FRACTION].ravel().tolist())
    assert 128 in fractions
    assert fractions <= {64, 85, 128, 170, 191}


def test_batches_are_the_same_when_taken_up_again(dataset: Path, untrained: Run) -> None:
    manifest = Manifest.load(dataset)
    whole = list(interpolate.data(untrained, [manifest], 0).take(3).as_numpy_iterator())
    (rest,) = interpolate.data(untrained, [manifest], 2).take(1).as_numpy_iterator()
    tf.nest.map_structure(np.testing.assert_array_equal, whole[2], rest)


def test_held_out_frames_are_shown(dataset: Path, untrained: Run) -> None:
    manifest = Manifest.load(dataset)
    pairs = list(interpolate.held_out(untrained, manifest, 2))
    drawn = interpolate.preview(untrained, [manifest]).render(interpolate.build(untrained))
    assert len(drawn) == 3 * len(pairs)
    assert (drawn[2] == pairs[0][1]).all()
    assert np.abs(drawn[0].astype(int) - drawn[1]).mean() < 1


def test_crops_are_taken_where_something_moves() -> None:
    pair = np.zeros((2, 100, 120, 3), np.uint8)
    pair[1, 60:80, 80:100] = 255
    random = np.random.default_rng(0)
    seen = []
    for _ in range(20):
        sides = interpolate._moving_area(pair, (32, 40), random)
        crop = pair[1][tuple(around for around, _ in sides)][tuple(inner for _, inner in sides)]
        assert crop.shape[:2] == (32, 40)
        seen.append(crop.any())
    assert np.mean(seen) > 0.7


def test_a_network_that_makes_frames_worse_is_named_once() -> None:
    told: list[str] = []
    warn = interpolate._Warning(told.append, base=30.0)
    for value in (30.5, 29.9, 29.8, 30.1):
        warn(value)
    assert len(told) == 1
    assert "29.90 dB with the network and 30.00 without" in told[0]
    warn(29.0)
    assert len(told) == 2
