"""vidgan enhance with a run: what the network makes of a whole video is what comes out."""

import json
from pathlib import Path

import numpy as np
import pytest
from restore_helpers import call, ok, read, refused, result_of
from video_files import make_video

from vidgan import pixels, runtime
from vidgan.config import EnhanceConfig, ModelConfig, TrainConfig
from vidgan.jobs.restore.trained_filter import trained_filter
from vidgan.tasks.load import build_generator, load_generator
from vidgan.tiling.plan import make_plan
from vidgan.tiling.windows import Frame, filter_frames
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME

SIZE = (45, 35)
SCALE = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_video(folder / "clip.mkv", 20, SIZE, pix_fmt="yuv444p")


def make(folder: Path, scale: int) -> Run:
    """Write a run whose weights are random, those that begin as zeros included."""
    runtime.prepare()
    task = EnhanceConfig(scale=scale, blocks=1)
    model = ModelConfig(frames=8, g_channels=4)
    run = Run(folder, model, TrainConfig(), Path("/data"), (64, 64), 25.0, "enhance", task)
    folder.mkdir(parents=True)
    run.save()
    network = build_generator(run)
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(0, 0.1, w.shape) for w in network.get_weights()])
    checkpoint = folder / CHECKPOINTS / "step-00000010"
    checkpoint.mkdir(parents=True)
    network.save_weights(checkpoint / EMA_NAME)
    state = {"step": 10, "clips": 40, "epoch": 1.0, "seconds": 9.0}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return run


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return make(folder / "runs" / "00000-enhance-x", SCALE)


def expected(run: Run, clip: Path, precision: str = "float32") -> np.ndarray:
    inputs = pixels.to_model(read(clip).frames[None])
    with runtime.precision(precision):
        network = load_generator(run)
    made: np.ndarray = pixels.to_uint8(np.asarray(network(inputs, training=False)))[0]
    return made


def close(made: np.ndarray, wanted: np.ndarray) -> None:
    """Equal, but for sums in another order that fall on the other side of a rounding."""
    assert made.shape == wanted.shape
    assert np.abs(made.astype(int) - wanted).max() <= 1
    assert (made != wanted).mean() < 0.01


@pytest.mark.parametrize("named", [True, False])
def test_what_comes_out(
    run: Run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.chdir(run.path.parent.parent)
    which = [run.path] if named else []
    exact = ("--codec", "ffv1", "--precision", "float32")
    ok("enhance", clip, *which, "-o", tmp_path / "o.mkv", *exact)
    close(read(tmp_path / "o.mkv").frames, expected(run, clip))


def test_precision(run: Run, clip: Path, tmp_path: Path) -> None:
    """That of the CPU by default; the one that is asked for is the one that computes."""
    out = ("-o", tmp_path / "o.mkv", "--codec", "ffv1", "--overwrite")
    made = {}
    for precision in ("auto", "float32", "mixed_bfloat16"):
        ok("enhance", clip, run.path, *out, "--precision", precision)
        made[precision] = read(tmp_path / "o.mkv").frames.astype(int)
    np.testing.assert_array_equal(made["auto"], made[runtime.best_precision("/CPU:0")])
    exact = expected(run, clip)
    close(made["float32"], exact)
    # Of eight binary digits, and still the same network.
    assert 0 < np.abs(made["mixed_bfloat16"] - exact).mean() < 1
    words = refused("enhance", clip, run.path, *out, "--precision", "float16", status=2)
    assert "--precision" in words


def test_windows_and_tiles(run: Run, clip: Path) -> None:
    filter = trained_filter("enhance", run.path, "latest", "cpu", "float32", scale=None)
    plan = make_plan(filter, SIZE, 20, 4, 2, 2)
    frames = (Frame(i, f.copy()) for i, f in enumerate(read(clip).frames))
    made = np.stack([result_of(f) for ready in filter_frames(frames, filter, plan) for f in ready])
    close(made, expected(run, clip))


def test_sides_are_filled_up_for_a_network_on_a_coarse_grid(
    folder: Path, clip: Path, tmp_path: Path
) -> None:
    run = make(folder / "coarse", 1)
    ok("enhance", clip, run.path, "-o", tmp_path / "o.mkv", "--codec", "ffv1")
    assert read(tmp_path / "o.mkv").frames.shape == (20, 35, 45, 3)


def test_what_a_run_cannot(run: Run, clip: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "o.mp4")
    words = refused("enhance", clip, run.path, *out, "--scale", 4, status=2)
    assert "trained with --scale 2" in words
    ok("enhance", clip, run.path, *out, "--scale", SCALE, "--max-frames", 3)
    assert "no checkpoint '7'" in refused(
        "enhance", clip, run.path, *out, "--checkpoint", 7, "--overwrite"
    )
    assert call("enhance", clip, run.path, *out, "--device", "gpu:9", "--overwrite").exit_code == 2
