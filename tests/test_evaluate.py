"""``vidgan evaluate`` on real dataset folders and real checkpoints of tiny networks."""

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from datasets import make_dataset, write_shard

import vidgan
from vidgan import latents
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import evaluation_clips
from vidgan.errors import DatasetError, ExportError, OptionError, RunError, VidganError
from vidgan.metrics import frechet_clip_distance
from vidgan.training.build import build_gan
from vidgan.training.run import Run

MODEL = ModelConfig(frames=8, latent_dim=8, g_channels=4, d_channels=4)
STATE = {"step": 7, "clips": 112, "epoch": 1.0, "seconds": 2.0}
N = 12


def make_run(folder: Path, manifest: Manifest, broken: bool = False, stride: int = 1) -> Run:
    """Write a run with one checkpoint of fresh weights."""
    train = TrainConfig(batch_size=4, stride=stride)
    fps = manifest.fps / stride
    run = Run(folder, MODEL, train, manifest.path.resolve(), manifest.size, fps)
    folder.mkdir(parents=True)
    run.save()
    gan = build_gan(run)
    if broken:
        network = gan.discriminators["clip"]
        network.set_weights([w * np.nan for w in network.get_weights()])
    run.save_checkpoint(gan, STATE)
    return run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Manifest:
    folder = tmp_path_factory.mktemp("data") / "shapes"
    return make_dataset(folder, train=(20, 28, 36, 40), test=(20, 17, 30))


@pytest.fixture(scope="module")
def run(tmp_path_factory, dataset) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "00000-dcgan-shapes", dataset)


@pytest.fixture(scope="module")
def result(run) -> dict:
    return vidgan.evaluate(run.path, n=N)


@pytest.fixture
def copied(tmp_path, dataset, run) -> tuple[Path, Path]:
    """A dataset and a run of it that a test may damage."""
    shutil.copytree(dataset.path, tmp_path / "data")
    shutil.copytree(run.path, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation"))
    config = tmp_path / "run" / "config.json"
    values = json.loads(config.read_text())
    values["dataset"]["path"] = str(tmp_path / "data")
    config.write_text(json.dumps(values))
    return tmp_path / "data", tmp_path / "run"


def clips_of(manifest: Manifest, split: str) -> np.ndarray:
    return np.stack(list(evaluation_clips(manifest, split, 8, 1)))


def test_the_report_is_what_is_returned(run, result):
    report = run.path / "evaluation" / "step-00000007.json"
    assert json.loads(report.read_text()) == result
    assert result["step"] == 7
    protocol = result["protocol"]
    assert protocol["clips"] == {"test": 7, "train": N, "generated": N}
    assert protocol["compared"] == {"test": 7, "train": N, "generated": N}
    wanted = {"features": "random3d", "frames": 8, "stride": 1, "size": [32, 32], "seed": 0}
    assert wanted.items() <= protocol.items()


def test_the_distance_is_that_of_test_and_generated_clips(dataset, run, result):
    made = vidgan.load(run.path).generate(N)
    expected = frechet_clip_distance(clips_of(dataset, "test"), made)
    assert result["frechet"]["generated_to_test"] == pytest.approx(expected, rel=1e-4)


def test_the_floor_is_that_of_test_and_training_clips(dataset, run, tmp_path):
    whole = vidgan.evaluate(run.path, output=tmp_path / "whole.json", n=40)
    train = clips_of(dataset, "train")
    assert whole["protocol"]["compared"] == {"test": 7, "train": len(train), "generated": 14}
    expected = frechet_clip_distance(clips_of(dataset, "test"), train)
    assert whole["frechet"]["train_to_test"] == pytest.approx(expected, rel=1e-4)
    made = vidgan.load(run.path).generate(len(train))
    expected = frechet_clip_distance(clips_of(dataset, "test"), made)
    assert whole["frechet"]["generated_to_test"] == pytest.approx(expected, rel=1e-4)
    assert any("first 14 generated clips" in note for note in whole["notes"])


def test_frames_are_compared_on_features_of_frames(dataset, run, tmp_path):
    output = tmp_path / "frames.json"
    result = vidgan.evaluate(run.path, output=output, n=N, features="random2d")
    made = vidgan.load(run.path).generate(N)
    expected = frechet_clip_distance(clips_of(dataset, "test"), made, "random2d")
    assert result["frechet"]["generated_to_test"] == pytest.approx(expected, rel=1e-4)
    assert result["protocol"]["compared"] == {"test": 7, "train": N, "generated": N}
    assert result["protocol"]["metric"].endswith("of frames (RFD-2D)")
    assert result["notes"][0].startswith("56 frames are few for 64 features")


def test_the_discriminator_is_scored_as_it_was_trained(dataset, run, result):
    network = run.load_gan().discriminators["clip"]
    made = run.load_generator()(latents.from_seeds(run.latents(), range(N)), training=False)
    real = clips_of(dataset, "test").astype(np.float32) / 127.5 - 1
    on_real, on_made = (
        np.asarray(network({"clip": clips}, training=False)["logit"], np.float64).ravel()
        for clips in (real, made)
    )
    scores = result["discriminator"]
    # Generated clips are judged as they are written, rounded to 256 levels. Each of them is
    # paired with a test clip; the test clips are fewer and come round again.
    paired = np.log1p(np.exp(-np.resize(on_real, N))) + np.log1p(np.exp(on_made))
    assert scores["test"]["loss"] == pytest.approx(paired.mean(), rel=1e-2)
    assert scores["generated"]["loss"] is None
    assert scores["test"]["accuracy"] == pytest.approx((on_real > 0).mean(), abs=0.1)
    assert scores["generated"]["accuracy"] == pytest.approx((on_made < 0).mean(), abs=0.1)


def test_the_same_seed_gives_the_same_figures_to_the_last_digit(run, result, tmp_path):
    again = vidgan.evaluate(run.path, output=tmp_path / "again.json", n=N)
    other = vidgan.evaluate(run.path, output=tmp_path / "other.json", n=N, seed=1)
    for part in ("frechet", "discriminator", "protocol", "notes"):
        assert again[part] == result[part]
    assert other["frechet"]["generated_to_test"] != result["frechet"]["generated_to_test"]
    assert other["frechet"]["train_to_test"] != result["frechet"]["train_to_test"]


def test_the_picture_shows_real_beside_generated_clips(run, result):
    picture = cv2.imread(result["picture"])
    assert Path(result["picture"]) == run.path / "evaluation" / "step-00000007.png"
    height, width = picture.shape[:2]
    # 7 test and 8 generated rows, 6 columns each, tiles enlarged four times.
    assert height > 8 * 32 * 4
    assert width > 2 * 6 * 32 * 4
    background = (picture == picture[0, -1]).all(axis=-1)
    assert not background[:28, : width // 2].all()
    assert not background[:28, width // 2 :].all()


def test_speed_is_measured(result):
    speed = result["speed"]
    assert speed["batch_size"] == 16
    assert speed["clips_per_second"] > 0
    assert speed["frames_per_second"] == pytest.approx(8 * speed["clips_per_second"])


def test_stride_and_the_default_number_of_clips(dataset, tmp_path):
    run = make_run(tmp_path / "run", dataset, stride=2)
    result = vidgan.evaluate(run.path)
    assert result["protocol"]["clips"] == {"test": 4, "train": 6, "generated": 256}
    assert result["protocol"]["stride"] == 2
    assert result["notes"][0].startswith("4 clips are few for 64 features")


def test_command_prints_a_table(run, tmp_path):
    shown = CliRunner().invoke(
        main, ["evaluate", str(run.path), "--n", "12", "-o", str(tmp_path / "r.json")]
    )
    assert shown.exit_code == 0, shown.output
    lines = [line for line in shown.stdout.splitlines() if "real" in line or "accuracy" in line]
    header, *rows = lines[:3]
    assert len({len(line) for line in [header, *rows]}) == 1
    assert [row.split()[2] for row in rows] == ["7", "12"]
    assert "not FVD" in shown.stdout
    assert "clips/s" in shown.stdout
    assert (tmp_path / "r.json").is_file()
    assert (tmp_path / "r.png").is_file()


def test_command_prints_json(run, result, tmp_path):
    arguments = ["evaluate", str(run.path), "--n", "12", "--json", "-o", str(tmp_path / "r.json")]
    shown = CliRunner().invoke(main, arguments)
    printed = json.loads(shown.stdout)
    assert printed["frechet"] == result["frechet"]
    assert printed == json.loads((tmp_path / "r.json").read_text())


def test_the_newest_run_is_taken(copied, monkeypatch):
    _, run = copied
    (run.parent / "runs").mkdir()
    run.rename(run.parent / "runs" / "00003-dcgan-x")
    monkeypatch.chdir(run.parent)
    assert vidgan.evaluate(n=4)["run"] == "runs/00003-dcgan-x"


def test_a_dataset_that_has_moved_can_be_named(copied):
    data, run = copied
    data.rename(data.parent / "moved")
    with pytest.raises(DatasetError, match=r"data: .* not there any more; say with --dataset"):
        vidgan.evaluate(run)
    result = vidgan.evaluate(run, data.parent / "moved", n=4)
    assert result["dataset"] == str(data.parent / "moved")


def test_another_frame_rate_is_noted(run, tmp_path):
    slow = make_dataset(tmp_path / "slow", fps=10, test=(20, 20))
    notes = vidgan.evaluate(run.path, slow.path, output=tmp_path / "r.json", n=4)["notes"]
    assert any("10 frames/s" in note and "at 25" in note for note in notes)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((), "no test split.*--test-share"),
        ((7, 5), "longest test shot has 7 frames, a clip of .* needs 8"),
        ((9,), "1 test and 11 training clips .* too few"),
    ],
)
def test_too_little_to_test_on(run, tmp_path, lengths, message):
    small = make_dataset(tmp_path / "small", test=lengths)
    with pytest.raises(DatasetError, match=message):
        vidgan.evaluate(run.path, small.path)


def test_a_dataset_of_another_size(run, tmp_path):
    wide = make_dataset(tmp_path / "wide", size=(48, 32))
    with pytest.raises(DatasetError, match=r"48x32, .* makes 32x32"):
        vidgan.evaluate(run.path, wide.path)


@pytest.mark.parametrize("split", ["test", "train"])
def test_a_damaged_shard_leaves_no_report(copied, split):
    data, run = copied
    shard = sorted(data.glob(f"{split}-*"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(DatasetError, match=r"damaged.*preprocess --overwrite"):
        vidgan.evaluate(run, n=4, seed=5)
    assert not (run / "evaluation").exists()


def test_a_shard_that_lost_whole_records(copied):
    data, run = copied
    manifest = Manifest.load(data)
    write_shard(Path(manifest.shards("test")[0]), [np.zeros((20, 32, 32, 3), np.uint8)])
    with pytest.raises(DatasetError, match=r"other clips than its manifest says \(2 of 7\)"):
        vidgan.evaluate(run, n=4)


def test_networks_that_give_nan(dataset, tmp_path):
    run = make_run(tmp_path / "run", dataset, broken=True)
    with pytest.raises(RunError, match=r"NaN.*earlier --checkpoint"):
        vidgan.evaluate(run.path, n=4)


def test_outputs_that_cannot_be(run, tmp_path):
    with pytest.raises(OptionError, match=r"end in \.json"):
        vidgan.evaluate(run.path, output=tmp_path / "report.html")
    (tmp_path / "r.png").write_text("mine")
    with pytest.raises(ExportError, match=r"r\.png is there already; use --overwrite"):
        vidgan.evaluate(run.path, output=tmp_path / "r.json")
    assert (tmp_path / "r.png").read_text() == "mine"
    vidgan.evaluate(run.path, output=tmp_path / "r.json", n=4, overwrite=True)
    assert cv2.imread(str(tmp_path / "r.png")) is not None
    with pytest.raises(ExportError, match="cannot be written"):
        vidgan.evaluate(run.path, output=tmp_path / "r.png" / "r.json", n=4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(run, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="cannot be written"):
        vidgan.evaluate(run.path, output=tmp_path / "x" / "r.json", n=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "--n 1 is too small"),
        ({"features": "c3d"}, "--features 'c3d' is none of random3d"),
        ({"features": "i3d"}, "--features i3d needs clips of 9 frames, .* makes 8"),
        ({"weights": "none.npz"}, r"none\.npz: no such file of weights"),
        ({"weights": __file__}, "--features random3d takes none"),
        ({"nn": 3}, "unknown option 'nn'"),
        ({"checkpoint": "9"}, "no checkpoint '9'; there are 7"),
        ({"device": "gpu:99"}, "--device gpu:99"),
    ],
)
def test_wrong_options(run, options, message):
    with pytest.raises(VidganError, match=message):
        vidgan.evaluate(run.path, **options)


def test_missing_run(tmp_path):
    shown = CliRunner().invoke(main, ["evaluate", str(tmp_path / "none")])
    assert shown.exit_code == 1
    assert shown.stderr.count("\n") == 1
    assert "no run there" in shown.stderr
