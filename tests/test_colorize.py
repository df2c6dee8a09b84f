"""``vidgan train --task colorize`` and ``vidgan colorize``: colours for grey clips."""

import functools
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_files import make_dataset
from restore_helpers import call, ok, read, refused
from video_files import make_video, scene, write_video

import vidgan
from vidgan import images, runtime
from vidgan.config import ColorizeConfig, ModelConfig, TrainConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.errors import InputError, OptionError
from vidgan.jobs.train import run_config
from vidgan.jobs.train.train import train
from vidgan.tasks.load import build_generator, load_generator
from vidgan.training.log_file import read_log
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME
from vidgan.video.chroma import chroma, turn_colours
from vidgan.video.optical_flow import grey
from vidgan.video.reference_frame import MAX_SIDE, read_reference, reduced

runtime.prepare()

import tensorflow as tf  # noqa: E402

from vidgan.models import colorizer  # noqa: E402
from vidgan.tasks import colorize  # noqa: E402

TINY: dict[str, Any] = {
    "task": "colorize",
    "frames": 8,
    "g_channels": 4,
    "d_channels": 4,
    "crop": 32,
    "tensorboard": False,
}
SIZE = (64, 48)


def shaken(network: Any, size: float = 0.2) -> Any:
    """Give all weights some value, so that nothing is left out by a zero."""
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, size, w.shape) for w in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a run with random weights."""
    folder = tmp_path_factory.mktemp("colorize") / "run"
    model = ModelConfig(frames=8, g_channels=4)
    made = Run(
        folder, model, TrainConfig(), Path("/data"), (64, 64), 25.0, "colorize", ColorizeConfig()
    )
    folder.mkdir(parents=True)
    made.save()
    checkpoint = folder / CHECKPOINTS / "step-00000010"
    checkpoint.mkdir(parents=True)
    shaken(build_generator(made)).save_weights(checkpoint / EMA_NAME)
    state = {"step": 10, "clips": 10, "epoch": 1.0, "seconds": 1.0}
    (checkpoint / STATE_NAME).write_text(json.dumps(state))
    return folder


def test_luma_stays_whatever_is_predicted() -> None:
    clip = scene(3, SIZE)
    clip[0, :8], clip[1, :8] = 0, 255
    made = np.clip(np.rint(colorize.colorizing(shaken(colorizer.generator(4)))(clip, None)), 0, 255)
    assert np.abs(grey(made.astype(np.uint8)).astype(int) - grey(clip)).max() <= 1
    assert np.abs(chroma(made)).mean() > 3
    assert np.abs(chroma(made[0, :8])).max() < 1


def test_before_training_clips_are_grey() -> None:
    made = colorize.colorizing(colorizer.generator(4))(scene(2, SIZE), scene(1, SIZE)[0])
    assert np.abs(chroma(made)).max() < 0.1


def test_only_brightness_is_looked_at() -> None:
    """Sepia film, grey film and the film in colour have one result."""
    colours = colorize.colorizing(shaken(colorizer.generator(4)))
    clip = scene(2, SIZE)
    dull = np.repeat(grey(clip)[..., None], 3, axis=-1)
    assert np.abs(colours(clip, None) - colours(dull, None)).max() < 1e-3


def test_the_reference_guides_the_colours() -> None:
    colours = colorize.colorizing(shaken(colorizer.generator(4)))
    clip, frame = scene(2, SIZE), scene(1, (32, 32), seed=3)[0]
    alone, guided = colours(clip, None), colours(clip, frame)
    turned = colours(clip, turn_colours(frame, 2.0, 1.0))
    assert np.abs(guided - alone).mean() > 0.1
    assert np.abs(guided - turned).mean() > 0.01


def test_turned_colours_keep_their_luma() -> None:
    frame = (scene(1, SIZE)[0] // 2 + 64).astype(np.uint8)
    turned = turn_colours(frame, np.pi / 2, 0.5)
    assert np.abs(grey(turned[None]).astype(int) - grey(frame[None])).max() <= 1
    before, after = chroma(frame), chroma(turned)
    np.testing.assert_allclose(after[..., 0], -before[..., 1] / 2, atol=1.1)
    np.testing.assert_allclose(after[..., 1], before[..., 0] / 2, atol=1.1)


@pytest.mark.parametrize("shape", [(1, 16, 32), (5, 48, 32)])
def test_any_size(shape: tuple[int, int, int]) -> None:
    clip = np.zeros((*shape, 3), np.uint8)
    assert colorize.colorizing(colorizer.generator(4))(clip, None).shape == clip.shape


def test_context_covers_the_receptive_field_in_time() -> None:
    colours = colorize.colorizing(shaken(colorizer.generator(4)))
    random = np.random.default_rng(0)
    count = 2 * colorizer.CONTEXT + 3
    clip = random.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    middle, far, near = count // 2, clip.copy(), clip.copy()
    far[[0, -1]] = 255 - far[[0, -1]]
    near[middle + 1] = 255 - near[middle + 1]
    expected = colours(clip, None)[middle]
    np.testing.assert_allclose(colours(far, None)[middle], expected, atol=1e-2)
    assert np.abs(colours(near, None)[middle] - expected).max() > 0.1


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("colorize") / "data", size=(48, 48)).path


def test_training_measures_and_its_run_colorizes(dataset: Path, tmp_path: Path) -> None:
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
    assert any("psnr_reference" in row and "flicker" in row for row in rows)
    assert list((path / "samples").glob("*.png"))
    run = Run.open(path, task="colorize")
    filter = colorize.filter(run, load_generator(run, "best"), None)
    assert filter.apply(scene(2, SIZE), None).shape == (2, 48, 64, 3)


@pytest.fixture
def untrained(dataset: Path, tmp_path: Path) -> Run:
    options = {name: value for name, value in TINY.items() if name != "task"}
    parsed = TrainingOptions.parse("colorize", options)
    return run_config.new_run([dataset], [Manifest.load(dataset)], tmp_path / "run", parsed)


def test_batches_have_references_or_none(dataset: Path, untrained: Run) -> None:
    present = set()
    for inputs, clip in colorize.data(untrained, [Manifest.load(dataset)], 0).take(8):
        assert (inputs["grey"][..., 0].numpy() == [grey(each) for each in clip.numpy()]).all()
        assert inputs["reference"].shape[1:] == (1, 48, 48, 4)
        for reference in inputs["reference"].numpy():
            assert set(reference[..., 3].ravel().tolist()) in ({0}, {255})
            present.add(bool(reference[..., 3].any()))
            assert reference[..., :3].any() == reference[..., 3].any()
    assert present == {True, False}


def test_batches_are_the_same_when_taken_up_again(dataset: Path, untrained: Run) -> None:
    manifest = Manifest.load(dataset)
    whole = list(colorize.data(untrained, [manifest], 0).take(3).as_numpy_iterator())
    (rest,) = colorize.data(untrained, [manifest], 2).take(1).as_numpy_iterator()
    tf.nest.map_structure(np.testing.assert_array_equal, whole[2], rest)


# The command


def test_a_video_in_colour(run: Path, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mkv", 12, SIZE, codec="ffv1", pix_fmt="bgr0")
    ok("colorize", clip, run, "-o", tmp_path / "o.mkv", "--codec", "ffv1")
    source, made = read(clip), read(tmp_path / "o.mkv")
    assert made.frames.shape == source.frames.shape
    np.testing.assert_allclose(made.times, source.times)
    assert np.abs(grey(made.frames).astype(int) - grey(source.frames)).max() <= 1
    assert np.abs(chroma(made.frames) - chroma(source.frames)).mean() > 1


def test_a_reference_from_the_command_line(run: Path, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mkv", 6, SIZE)
    images.save_image(tmp_path / "red.png", np.full((40, 30, 3), (200, 40, 40), np.uint8))
    results = {}
    for name, options in {
        "alone": (),
        "image": ("--reference", tmp_path / "red.png"),
        "video": ("--reference", clip),
        "time": ("--reference", f"{clip}@0:00.16"),
    }.items():
        path = tmp_path / f"{name}.mkv"
        ok("colorize", clip, run, "-o", path, "--codec", "ffv1", *options)
        results[name] = read(path).frames.astype(int)
    for one, other in itertools.combinations(results.values(), 2):
        assert (one != other).any()


def test_reference_frames(tmp_path: Path) -> None:
    frames = scene(10, SIZE)
    video = write_video(tmp_path / "a@b.mkv", frames, codec="ffv1", pix_fmt="bgr0")
    assert (read_reference(str(video)) == frames[0]).all()
    assert (read_reference(f"{video}@0.2") == frames[5]).all()
    images.save_image(tmp_path / "one.png", frames[3])
    assert (read_reference(str(tmp_path / "one.png")) == frames[3]).all()
    with pytest.raises(OptionError, match=r"ends before that"):
        read_reference(f"{video}@7")
    with pytest.raises(OptionError, match="is not a time"):
        read_reference(f"{video}@soon")
    with pytest.raises(InputError, match="no such file"):
        read_reference(str(tmp_path / "none.png"))
    large = reduced(np.zeros((1000, 2000, 3), np.uint8), 16)
    assert large.shape == (192, MAX_SIDE, 3)
    assert reduced(np.zeros((5, 70, 3), np.uint8), 16).shape == (16, 64, 3)


def test_wrong_references(run: Path, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mkv", 6, SIZE)
    (tmp_path / "text.png").write_text("no picture")
    arguments = ("colorize", clip, run, "-o", tmp_path / "o.mkv", "--reference")
    assert "no such file" in refused(*arguments, tmp_path / "x.png")
    assert "not one frame can be decoded" in refused(*arguments, tmp_path / "text.png")
    assert "ends before that" in refused(*arguments, f"{clip}@9", status=2)
    assert not (tmp_path / "o.mkv").exists()


def test_resuming_needs_the_same_reference(run: Path, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mkv", 6, SIZE)
    picture = tmp_path / "red.png"
    names = set()
    for colour in ((200, 40, 40), (40, 200, 40)):
        images.save_image(picture, np.full((40, 30, 3), colour, np.uint8))
        opened = Run.open(run, task="colorize")
        names.add(colorize.filter(opened, load_generator(opened), str(picture)).name)
    assert len(names) == 2
    assert call("colorize", clip, run, "-o", tmp_path / "o.mkv", "--resume").exit_code == 0


def test_from_python(run: Path, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mkv", 3, SIZE)
    result = vidgan.colorize(clip, tmp_path / "o.mkv", run, reference=str(clip))
    assert len(read(result.paths[0]).frames) == 3
