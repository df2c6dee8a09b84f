"""``vidgan train --task inpaint``: the network, the step and the run."""

import functools
import itertools
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import keras
import numpy as np
import pytest
from dataset_files import make_dataset

from vidgan import runtime
from vidgan.config import MASKS, InpaintConfig, TrainConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.errors import OptionError
from vidgan.jobs.train import run_config
from vidgan.jobs.train.train import train
from vidgan.tasks.load import load_generator
from vidgan.training.log_file import read_log
from vidgan.training.run import Run

runtime.prepare()

import tensorflow as tf  # noqa: E402

from vidgan.models import inpainter  # noqa: E402
from vidgan.tasks import inpaint  # noqa: E402

TINY: dict[str, Any] = {
    "task": "inpaint",
    "frames": 8,
    "g_channels": 4,
    "d_channels": 4,
    "crop": 32,
    "tensorboard": False,
}


def still(frames: int = 6, side: int = 32) -> np.ndarray:
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return np.repeat(picture[None], frames, axis=0)


def test_every_kind_of_mask_can_be_drawn() -> None:
    assert all(callable(resolve_name(function)) for function in MASKS.values())
    with pytest.raises(OptionError, match="--masks 'clouds' is none of"):
        InpaintConfig(masks="box,clouds")


def test_base_copies_what_other_frames_show() -> None:
    clip, mask = still(), np.zeros((6, 32, 32), bool)
    mask[2:4, 10:20, 5:25] = True
    network = inpainter.generator(4)
    assert inpaint.hole_psnr(inpaint.filler(network)(clip, mask), clip, mask) > 40


def test_candidates_weigh_frames_in_reach() -> None:
    """Near ones the more, or all alike; what is further away or hidden does not count."""
    values = np.random.default_rng(0).uniform(-1, 1, 20).astype("float32")
    clip = np.broadcast_to(values[None, :, None, None, None], (1, 20, 16, 16, 3))
    hole = np.zeros((1, 20, 16, 16, 1), np.float32)
    hole[0, [9, 10], 4, 5] = 1
    ways, trust = inpainter.Candidates()(tf.constant(clip), tf.constant(hole))
    others = np.array([t for t in range(20) if 0 < abs(t - 10) <= 7 and t != 9])
    weights = 0.3 ** np.abs(others - 10)
    near, mean, around = np.split(ways[0, 10, 4, 5].numpy(), 3)
    np.testing.assert_allclose(near, weights @ values[others] / weights.sum(), rtol=1e-5)
    np.testing.assert_allclose(mean, values[others].mean(), rtol=1e-5)
    np.testing.assert_allclose(around, values[10], rtol=1e-5)
    np.testing.assert_allclose(trust[0, 10, 4, 5], [weights.sum(), len(others) / 15], rtol=1e-5)


def test_holes_themselves_are_not_looked_at_and_the_rest_stays() -> None:
    clip, mask = still(), np.zeros((6, 32, 32), bool)
    mask[:, 8:20, 5:25] = True
    fill = inpaint.filler(_shaken(inpainter.generator(4)))
    filled = fill(clip, mask)
    painted = np.where(mask[..., None], 255 - clip, clip)
    assert np.allclose(fill(painted, mask), filled, atol=1e-3)
    assert (filled[~mask] == clip[~mask]).all()
    assert np.isfinite(fill(clip, np.ones_like(mask))).all()


@pytest.mark.parametrize("shape", [(1, 16, 24), (5, 40, 32)])
def test_any_size(shape: tuple[int, int, int]) -> None:
    clip = np.zeros((*shape, 3), np.uint8)
    filled = inpaint.filler(inpainter.generator(4))(clip, np.zeros(shape, bool))
    assert filled.shape == clip.shape


def test_reach_is_true_in_time() -> None:
    random = np.random.default_rng(0)
    fill = inpaint.filler(_shaken(inpainter.generator(4)))
    clip = random.integers(0, 256, (2 * inpainter.CONTEXT + 3, 16, 16, 3), dtype=np.uint8)
    mask = random.random(clip.shape[:3]) < 0.3
    middle = len(clip) // 2
    other = clip.copy()
    other[[0, -1]] = 255 - other[[0, -1]]
    assert np.allclose(fill(clip, mask)[middle], fill(other, mask)[middle], atol=1e-2)
    near = clip.copy()
    near[middle + 1] = 255 - near[middle + 1]
    assert not np.allclose(fill(clip, mask)[middle], fill(near, mask)[middle], atol=1e-2)


def _shaken(network: keras.Model) -> keras.Model:
    """Give all weights some value, so that nothing is left out by a zero."""
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.1, w.shape) for w in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("inpaint") / "data").path


def test_training_measures_and_its_run_fills_holes(dataset: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "adversarial": 0.1,
        "perceptual": 0.1,
        "temporal": 0.1,
        "metric_share": 1.0,
    }
    path = train(
        dataset,
        output=tmp_path / "run",
        steps=12,
        log_every=1,
        metric_every="0.001",
        clock=functools.partial(next, itertools.count()),  # The machine may be a fast one.
        **TINY,
        **options,
    )
    rows = read_log(path / "log.csv")
    assert all(row["pixel_loss"] > 0 and "d_loss" in row for row in rows)
    assert list((path / "samples").glob("*.png"))
    run = Run.open(path, task="inpaint")
    fill = inpaint.filter(run, load_generator(run, "best"))
    assert fill.inpaints
    clip, mask = still(), np.zeros((6, 32, 32), bool)
    mask[3, 4:8, 4:8] = True
    filled = fill.apply(clip, mask)
    assert filled.shape == clip.shape
    assert (filled[~mask] == clip[~mask]).all()


@pytest.fixture
def untrained(dataset: Path, tmp_path: Path) -> Run:
    options = {name: value for name, value in TINY.items() if name != "task"}
    parsed = TrainingOptions.parse("inpaint", options)
    return run_config.new_run([dataset], [Manifest.load(dataset)], tmp_path / "run", parsed)


def test_held_out_clips_are_measured(dataset: Path, untrained: Run) -> None:
    run, manifest = untrained, Manifest.load(dataset)
    clips = list(inpaint.held_out(run, manifest, 2))
    assert clips
    assert all(mask.any() and mask.shape == clip.shape[:3] for clip, mask in clips)
    drawn = inpaint.preview(run, [manifest]).render(inpaint.build(run))
    assert drawn.shape[0] % 3 == 0
    assert (drawn[2] == clips[0][0]).all()
    assert (drawn[0] != drawn[2]).any()


def test_batches_are_the_same_when_taken_up_again(dataset: Path, untrained: Run) -> None:
    run, manifest = untrained, Manifest.load(dataset)
    whole = list(inpaint.data(run, [manifest], 0).take(3).as_numpy_iterator())
    (rest,) = inpaint.data(run, [manifest], 2).take(1).as_numpy_iterator()
    tf.nest.map_structure(np.testing.assert_array_equal, whole[2], rest)
    assert whole[0][0]["mask"].any()


def test_options_of_the_discriminator_need_one(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--r1 has no effect with --adversarial 0"):
        train(dataset, output=tmp_path / "run", steps=1, r1=TrainConfig.r1 + 1, **TINY)
