"""``vidgan evaluate`` on real dataset folders and real checkpoints of tiny networks."""

import html
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from clip_distances import clip_distance
from dataset_files import make_dataset, write_shard
from moving_textures import drifting
from pictures import read_picture
from video_files import make_video

import vidgan
from vidgan import latents
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig
from vidgan.config.metric_groups import selectable_groups
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import evaluation_clips
from vidgan.errors import (
    DatasetError,
    ExportError,
    InputError,
    OptionError,
    RunError,
    VidganError,
)
from vidgan.jobs.evaluate import clip_statistics
from vidgan.jobs.evaluate.clip_statistics import ClipStatistics, StatisticsCollector
from vidgan.jobs.evaluate.options import resolve
from vidgan.jobs.evaluate.sources import ClipSet, Shape, open_set
from vidgan.metrics import FEATURES, Motion, kernel_distance, measure_motion
from vidgan.tasks.load import load_gan, load_generator
from vidgan.tasks.synthesis import build_gan
from vidgan.training.run import Run

MODEL = ModelConfig(frames=8, latent_dim=8, g_channels=4, d_channels=4)
STATE = {"step": 7, "clips": 112, "epoch": 1.0, "seconds": 2.0}
N = 12
# What does for tests of everything but the figures.
QUICK: dict[str, Any] = {"measures": "frames", "bootstrap": 0}


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
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("data") / "shapes"
    return make_dataset(folder, train=(20, 28, 36, 40), test=(20, 17, 30))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, dataset: Manifest) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "00000-dcgan-shapes", dataset)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept between evaluations lies where the test can forget it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def result(run: Run) -> dict[str, Any]:
    return vidgan.evaluate(run.path, n=N)


@pytest.fixture(scope="module")
def printed(
    run: Run, result: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What the command prints of the same evaluation, as JSON lines."""
    output = tmp_path_factory.mktemp("printed") / "r.json"
    arguments = ["evaluate", str(run.path), "--n", str(N), "--json", "-o", str(output)]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    return [json.loads(line) for line in shown.stdout.splitlines()]


@pytest.fixture
def copied(tmp_path: Path, dataset: Manifest, run: Run) -> tuple[Path, Path]:
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


def figures(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {figure["key"]: figure for figure in result["figures"]}


def write_videos(folder: Path, count: int, seed: int, frames: int = 36, **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        make_video(folder / f"{i}.mp4", frames=frames, seed=seed + i, **options)
    return folder


def test_the_report_is_what_is_returned(run: Run, result: dict[str, Any]) -> None:
    report = run.path / "evaluation" / "step-00000007.json"
    assert json.loads(report.read_text()) == result
    assert result["step"] == 7
    counts = {name: each["clips"] for name, each in result["sets"].items()}
    assert counts == {"real": 7, "floor": N, "generated": N}
    wanted = {"frames": 8, "stride": 1, "size": [32, 32], "seed": 0, "name": "default"}
    assert wanted.items() <= result["protocol"].items()
    assert {figure["group"] for figure in result["figures"]} >= set(selectable_groups()) - {
        "labels"
    }
    assert Path(result["page"]).read_text().count("data:video/mp4") == 2


def test_the_distance_is_that_of_test_and_generated_clips(
    dataset: Manifest, run: Run, result: dict[str, Any]
) -> None:
    """Of 101 features, 7 clips give no Fréchet distance; the kernel distance is told."""
    made = vidgan.load(run.path).generate(N)
    real, embed = clips_of(dataset, "test"), FEATURES["appearance-motion"].load()
    found = figures(result)
    assert found["frechet.appearance-motion"]["value"] is None
    assert "too few" in found["frechet.appearance-motion"]["note"]
    expected = kernel_distance(embed(real), embed(made))
    assert found["kernel.appearance-motion"]["value"] == pytest.approx(expected, rel=1e-4)
    assert found["kernel.appearance-motion"]["protocol"]["clips"] == [7, N]


def test_enough_clips_for_the_usual_distance(tmp_path: Path) -> None:
    """With more clips than features it is the plain one, with an interval about it."""
    data = make_dataset(tmp_path / "data", train=(40,) * 16, test=(40,) * 14)
    run = make_run(tmp_path / "run", data)
    result = vidgan.evaluate(run.path, n=70, measures="distance", clip_features="random3d")
    test, made = clips_of(data, "test"), vidgan.load(run.path).generate(70)
    found = figures(result)["frechet.random3d"]
    expected = clip_distance(test, made, "random3d")
    assert found["value"] == pytest.approx(expected, rel=1e-4)
    assert found["low"] < found["value"] < found["high"]
    assert found["protocol"]["estimator"] == "empirical"
    assert 0 < found["floor"] < found["value"]
    assert result["verdicts"][0]["good"] is False


def test_the_floor_is_that_of_test_and_training_clips(
    dataset: Manifest, run: Run, tmp_path: Path
) -> None:
    whole = vidgan.evaluate(run.path, output=tmp_path / "whole.json", measures="distance,frames")
    train, test = clips_of(dataset, "train"), clips_of(dataset, "test")
    assert whole["sets"]["floor"]["clips"] == whole["sets"]["generated"]["clips"] == len(train)
    for name in ("appearance-motion", "random2d"):
        embed = FEATURES[name].load()
        expected = kernel_distance(embed(test), embed(train))
        assert figures(whole)[f"kernel.{name}"]["floor"] == pytest.approx(expected, rel=1e-4)


def test_the_discriminator_is_scored_as_it_was_trained(
    dataset: Manifest, run: Run, result: dict[str, Any]
) -> None:
    network = load_gan(run).discriminators["clip"]
    made = load_generator(run)(latents.from_seeds(run.latents(), range(N)), training=False)
    real = clips_of(dataset, "test").astype(np.float32) / 127.5 - 1
    on_real, on_made = (
        np.asarray(network({"clip": clips}, training=False)["logit"], np.float64).ravel()
        for clips in (real, np.clip(made, -1, 1))
    )
    found = {key: each["value"] for key, each in figures(result).items()}
    # Generated clips are judged as they are written, rounded to 256 levels. Each of them is
    # paired with a test clip; the test clips are fewer and come round again.
    paired = np.log1p(np.exp(-np.resize(on_real, N))) + np.log1p(np.exp(on_made))
    assert found["discriminator.loss.test"] == pytest.approx(paired.mean(), rel=1e-2)
    assert found["discriminator.accuracy.test"] == pytest.approx((on_real > 0).mean(), abs=0.1)
    assert found["discriminator.accuracy.generated"] == pytest.approx((on_made < 0).mean(), abs=0.1)
    assert 0 <= found["discriminator.membership"] <= 1


def test_held_out_clips_are_so_also_where_training_clips_are_the_reference(
    run: Run, tmp_path: Path
) -> None:
    """``--split train`` turns reference and floor round, not what training has seen."""
    options: dict[str, Any] = {"measures": "discriminator,memorisation", "bootstrap": 0}
    (usual, turned) = (
        figures(
            vidgan.evaluate(run.path, output=tmp_path / f"{split}.json", split=split, **options)
        )
        for split in ("test", "train")
    )
    for key in ("accuracy.test", "accuracy.train", "membership"):
        key = f"discriminator.{key}"
        assert turned[key]["value"] == usual[key]["value"], key
    for kind in ("features", "pixels"):
        border = turned[f"memorisation.{kind}"]["protocol"]["border"]
        assert border == usual[f"memorisation.{kind}"]["protocol"]["border"] > 0


def test_the_same_seed_gives_the_same_figures_to_the_last_digit(
    run: Run, result: dict[str, Any], printed: list[dict[str, Any]], tmp_path: Path
) -> None:
    again = {line["key"]: line for line in printed}
    for key, figure in figures(result).items():
        if figure["group"] != "speed":
            assert {name: again[key][name] for name in figure if name != "protocol"} == {
                name: value for name, value in figure.items() if name != "protocol"
            }
    other = vidgan.evaluate(
        run.path, output=tmp_path / "other.json", n=N, seed=1, measures="distance,motion"
    )
    for key in ("kernel.appearance-motion", "motion.speed"):
        assert figures(other)[key]["value"] != figures(result)[key]["value"]
        assert figures(other)[key]["floor"] != figures(result)[key]["floor"]


def test_what_was_measured_of_real_clips_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time real clips are only judged, not embedded; the figures are the same."""
    options: dict[str, Any] = {
        "n": 6,
        "measures": "distance,motion,discriminator",
        "clip_features": "random3d",
    }
    first = vidgan.evaluate(run.path, output=tmp_path / "1.json", **options)
    seen = []

    def watched(clips: np.ndarray) -> Motion:
        seen.append(len(clips))
        return measure_motion(clips)

    monkeypatch.setattr(clip_statistics, "measure_motion", watched)
    second = vidgan.evaluate(run.path, output=tmp_path / "2.json", **options)
    assert sum(seen) == 6, "generated clips alone"
    vidgan.evaluate(run.path, output=tmp_path / "3.json", cache=False, **options)
    assert sum(seen) == 6 + 3 * 6
    assert [f for f in second["figures"] if f["group"] != "speed"] == [
        f for f in first["figures"] if f["group"] != "speed"
    ]


def test_kept_frames_are_of_whole_clips_from_all_over_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_statistics, "MAX_VECTORS", 36)
    levels = np.arange(12, dtype=np.uint8)[:, None, None, None, None]
    np.save(tmp_path / "clips.npy", np.broadcast_to(levels, (12, 8, 16, 16, 3)))
    features = FEATURES["random2d"]

    def embed(clips: np.ndarray) -> np.ndarray:
        return np.repeat(clips[..., 0, 0, 0].reshape(-1, 1), features.dim, axis=1)

    collector = clip_statistics.StatisticsCollector(
        [(features, embed)],
        motion=False,
        pixels=False,
        discriminator=None,
        batch_size=5,
        advance=int,
    )
    found = collector.collect(open_set(tmp_path / "clips.npy", Shape(8))).features[features.name]
    assert found.vectors[:, 0].tolist() == np.repeat([0, 3, 6, 9], 8).tolist()
    assert found.moments.count == 12 * 8


def test_copies_are_found(
    dataset: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clips that are training clips: the verdict says so, and the nearest pairs are pairs."""
    monkeypatch.setattr(
        clip_statistics, "MAX_PIXELS", 3
    )  # Not all of them are compared pixel by pixel.
    np.save(tmp_path / "copies.npy", clips_of(dataset, "train")[:6])
    real = tmp_path / "real.npy"
    np.save(
        real, np.concatenate([clips_of(dataset, "train"), clips_of(dataset, "train")[::-1] // 2])
    )
    result = vidgan.evaluate(
        real=real,
        fake=tmp_path / "copies.npy",
        frames=8,
        measures="memorisation",
        output=tmp_path / "r.json",
    )
    for kind, clips in (("features", 6), ("pixels", 3)):
        assert figures(result)[f"memorisation.{kind}"]["protocol"]["clips"] == clips
    verdicts = [each for each in result["verdicts"] if each["title"].startswith("Memorisation")]
    assert not any(each["good"] for each in verdicts)
    with np.load(tmp_path / "r.npz") as shown:
        np.testing.assert_array_equal(shown["copies"][0], shown["originals"][0])


def test_the_picture_shows_real_beside_generated_clips(run: Run, result: dict[str, Any]) -> None:
    picture = read_picture(result["picture"])
    assert Path(result["picture"]) == run.path / "evaluation" / "step-00000007.png"
    height, width = picture.shape[:2]
    # 7 test and 8 generated rows, 6 columns each, tiles enlarged four times.
    assert height > 8 * 32 * 4
    assert width > 2 * 6 * 32 * 4
    background = (picture == picture[0, -1]).all(axis=-1)
    assert not background[:28, : width // 2].all()
    assert not background[:28, width // 2 :].all()


def test_speed_is_measured(result: dict[str, Any]) -> None:
    speed = figures(result)
    assert speed["speed.clips"]["value"] > 0
    frames = 8 * speed["speed.clips"]["value"]
    assert speed["speed.frames"]["value"] == pytest.approx(frames)


def test_stride(dataset: Manifest, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", dataset, stride=2)
    result = vidgan.evaluate(run.path, **QUICK)
    counts = [each["clips"] for each in result["sets"].values()]
    assert counts == [4, 6, 6]
    assert result["protocol"]["stride"] == 2


def test_command_prints_a_table(run: Run, tmp_path: Path) -> None:
    arguments = ["evaluate", str(run.path), "--n", "12", "-o", str(tmp_path / "r.json")]
    arguments += ["--measures", "distance,frames", "--clip-features", "random3d"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert "7 test clips" in shown.stdout
    assert "Only distances on i3d are FVD" in shown.stdout
    rows = [line for line in shown.stdout.splitlines() if line.startswith("  kernel distance")]
    assert len(rows) == 2
    assert all(row.endswith("lower") for row in rows)
    for suffix in (".json", ".png", ".html"):
        assert (tmp_path / f"r{suffix}").is_file()


def test_command_prints_json_lines(
    dataset: Manifest, result: dict[str, Any], printed: list[dict[str, Any]]
) -> None:
    assert [each["key"] for each in printed] == list(figures(result))
    for line in printed:
        assert line["protocol"]["frames"] == 8
        assert line["report"] == result["title"]
        assert line["title"] == figures(result)[line["key"]]["title"]
        assert line["sets"]["real"] == str(dataset.path.resolve())


def test_figures_have_intervals(result: dict[str, Any]) -> None:
    """All but those that clips are too few for: 7 test clips give no interval with them."""
    found = figures(result)
    enough = ["diversity", "repeated", "motion.frozen", "motion.looping", "motion.flicker"]
    enough += ["discriminator.accuracy.train", "discriminator.accuracy.generated"]
    for key in enough:
        assert found[key]["low"] <= found[key]["value"] <= found[key]["high"], key
    assert found["discriminator.accuracy.test"]["low"] is None


def test_fewer_clips_than_a_protocol_asks_for_are_noted(run: Run, tmp_path: Path) -> None:
    """A name that papers use must not stand on fewer clips than it means without a word."""
    result = vidgan.evaluate(
        run.path,
        output=tmp_path / "r.json",
        protocol="kid50k_full",
        n=20,
        frame_features="random2d",
        bootstrap=0,
    )
    notes = "\n".join(result["notes"])
    assert "deviates from kid50k_full: --frame-features random2d\n" in notes
    assert "160 pictures, kid50k_full prescribes 50000: use --n 6250" in notes
    assert "only 14 real clips, 7 floor clips for the 20:" in notes


def test_a_protocols_clips_of_two_folders_are_halved(tmp_path: Path) -> None:
    clips = np.random.default_rng(0).integers(0, 256, (12, 16, 32, 32, 3), np.uint8)
    for name in ("real", "fake"):
        np.save(tmp_path / f"{name}.npy", clips)
    result = vidgan.evaluate(
        real=tmp_path / "real.npy",
        fake=tmp_path / "fake.npy",
        output=tmp_path / "r.json",
        protocol="fvd2048_16f",
        clip_features="motion",
        bootstrap=0,
    )
    notes = "\n".join(result["notes"])
    assert "deviates from fvd2048_16f: --clip-features motion" in notes
    assert "only 6 real clips" in notes
    assert "(half of the real clips are the floor) for the 2048 of fvd2048_16f" in notes


# Clips against clips

BOTH_NETWORKS = ["--clip-features", "i3d", "--frame-features", "inception", "--weights", "a.npy"]


def test_folders_of_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clip_statistics, "MAX_WARPED", 3)
    write_videos(Path("real"), 3, 0, size=(48, 40))
    write_videos(Path("fake"), 2, 10, size=(48, 40))
    (Path("real") / "broken.mp4").write_bytes(b"no video")
    make_video(Path("real") / "short.mp4", frames=5)
    make_video(Path("fake") / "wide.mp4", frames=20, size=(96, 40))
    arguments = ["evaluate", "--real", "real", "--fake", "fake", "--frames", "8"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    result = json.loads(Path("evaluation.json").read_text())
    # Three videos of 36 frames give 12 clips, of which each half gets 6.
    assert [each["clips"] for each in result["sets"].values()] == [6, 6, 6]
    assert result["protocol"]["size"] == [48, 40]
    for key, clips in (("flicker", 6), ("warping", 3)):
        assert figures(result)[f"motion.{key}"]["protocol"]["clips"] == clips
    for words in ("broken.mp4", "short.mp4 has 5 frames", "96x40 were resized to 48x40"):
        assert any(words in note for note in result["notes"]), words
        assert words in shown.stdout
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "evaluation.json exists already; use --overwrite" in again.output


def test_videos_of_which_nothing_can_be_decoded(tmp_path: Path) -> None:
    """Their heads say how many frames there are; what follows is zeros."""
    real = write_videos(tmp_path / "real", 2, 0)
    fake = write_videos(tmp_path / "fake", 1, 5) / "0.mp4"
    content = fake.read_bytes()
    start = content.index(b"mdat")
    length = int.from_bytes(content[start - 4 : start]) - 8
    fake.write_bytes(content[: start + 4] + bytes(length) + content[start + 4 + length :])
    with pytest.raises(InputError, match=r"0\.mp4: none of its 4 clips can be decoded; copy or"):
        vidgan.evaluate(real=real, fake=fake, frames=8, output=tmp_path / "r.json", **QUICK)
    assert not (tmp_path / "r.json").exists()


def labelled(folder: Path, labels: tuple[str, ...]) -> Path:
    """Write a dataset whose clips are as bright as their label says, with some noise."""
    levels = {"dark": 30, "middle": 120, "bright": 200}

    def draw(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
        noise = np.random.default_rng(record).integers(0, 40, (length, *size[::-1], 3))
        return (levels[labels[record % len(labels)]] + noise).astype(np.uint8)

    return make_dataset(folder, (8,), (16,) * 11, draw=draw, labels=labels, shards=1).path


def test_labels_of_two_datasets_are_known_by_their_names(tmp_path: Path) -> None:
    real = labelled(tmp_path / "real", ("dark", "bright"))
    fake = labelled(tmp_path / "fake", ("bright", "middle", "dark"))
    result = vidgan.evaluate(
        real=real,
        fake=fake,
        frames=8,
        measures="labels",
        clip_features="random3d",
        output=tmp_path / "r.json",
    )
    found = figures(result)
    near, far = (found[f"labels.kernel.{name}"] for name in ("dark", "middle"))
    assert near["value"] < 10
    assert far["value"] is None
    assert far["protocol"]["clips"][0] == 0, "no real clip has this label"
    made = sum(
        found[f"labels.kernel.{name}"]["protocol"]["clips"][1] for name in ("dark", "bright")
    )
    assert found["labels.accuracy"]["value"] == made / 11


@pytest.mark.parametrize(
    ("real", "fake", "note"),
    [
        (
            ("dark", "middle", "bright"),
            ("bright",),
            "real clips have labels that no generated clip has: 'dark', 'middle'",
        ),
        (
            ("dark", "bright"),
            ("bright", "middle", "dark"),
            "generated clips have labels that no real clip has: 'middle'",
        ),
        (("dark", "bright"), ("bright", "dark"), None),
    ],
)
@pytest.mark.parametrize("measures", ["labels", "frames"])
def test_classes_that_one_side_lacks_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measures: str,
    real: tuple[str, ...],
    fake: tuple[str, ...],
    note: str | None,
) -> None:
    """In one line on the terminal and on the page, whatever is measured."""
    monkeypatch.chdir(tmp_path)
    arguments = ["--real", labelled(Path("a"), real), "--fake", labelled(Path("b"), fake)]
    arguments += ["--frames", 8, "--measures", measures, "--bootstrap", 0]
    shown = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    assert shown.exit_code == 0, shown.output
    found = [line for line in shown.stdout.splitlines() if "have labels that no" in line]
    assert found == ([f"Note: {note}."] if note else [])
    page = html.unescape(Path("evaluation.html").read_text())
    assert note in page if note else "have labels that no" not in page


def test_of_many_classes_that_one_side_lacks_some_are_named(tmp_path: Path) -> None:
    names = tuple(f"class {i:02d}" for i in range(11))
    real = make_dataset(tmp_path / "real", (8,), (16,) * 22, labels=names, shards=1).path
    fake = make_dataset(tmp_path / "fake", (8,), (16,) * 22, labels=names[:1], shards=1).path
    result = vidgan.evaluate(real=real, fake=fake, output=tmp_path / "r.json", **QUICK)
    (note,) = (note for note in result["notes"] if "have labels that no" in note)
    assert note.count("'class ") == 8
    assert note.endswith("'class 08', 2 more")


def test_labels_of_one_side_only(tmp_path: Path) -> None:
    real = make_dataset(tmp_path / "real", (8,), (16,) * 4, shards=1).path
    fake = labelled(tmp_path / "fake", ("bright", "dark"))
    result = vidgan.evaluate(
        real=real, fake=fake, frames=8, measures="labels", output=tmp_path / "r.json"
    )
    assert result["figures"] == []
    assert not any("have labels that no" in note for note in result["notes"])


def test_two_rates_are_noted(tmp_path: Path) -> None:
    real = write_videos(tmp_path / "real", 2, 0)
    fake = write_videos(tmp_path / "fake", 2, 5, fps=12.5)
    options: dict[str, Any] = {"real": real, "fake": fake, "frames": 8, **QUICK}
    notes = vidgan.evaluate(output=tmp_path / "1.json", **options)["notes"]
    words = "play at 12.5 frames/s, those of .*real at 25: .*--fps resamples"
    assert any(re.search(words, note) for note in notes), notes
    notes = vidgan.evaluate(output=tmp_path / "2.json", fps=12.5, **options)["notes"]
    assert not any("frames/s" in note for note in notes)


def test_worse_clips_are_farther(tmp_path: Path, dataset: Manifest) -> None:
    """Noise on half of the test clips is farther from the training clips than the others are."""
    clips = clips_of(dataset, "train")
    noise = np.random.default_rng(0).normal(0, 25, clips.shape)
    np.save(tmp_path / "noisy.npy", np.clip(clips + noise, 0, 255).astype(np.uint8))
    found = figures(
        vidgan.evaluate(
            real=dataset.path,
            fake=tmp_path / "noisy.npy",
            frames=8,
            split="train",
            output=tmp_path / "r.json",
            measures="distance,frames,motion",
        )
    )
    for key in ("kernel.appearance-motion", "kernel.random2d", "motion.warping"):
        assert found[key]["value"] > 2 * found[key]["floor"], key


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--real", "a.npy"], 2, "--real and --fake go together"),
        (["--real", "a.npy", "--fake", "./a.npy"], 2, "both name a.npy"),
        (["run", "--real", "a.npy", "--fake", "b.npy"], 2, "replace the run"),
        (["--real", "a.npy", "--fake", "none"], 1, "none: no such file or folder"),
        (["--real", "a.npy", "--fake", "pickle.npy"], 1, "pickle.npy: not an array"),
        (["--real", "a.npy", "--fake", "flat.npy"], 1, "flat.npy: holds float64 (3,)"),
        (["--real", "a.npy", "--fake", "one.npy"], 1, "one.npy: gives 1 clips"),
        (["--real", "a.npy", "--fake", "b.npy", "--frames", "40"], 1, "use fewer --frames"),
        (["--real", "a.npy", "--fake", "b.npy", "--compare", "c"], 2, "--compare is for runs"),
        (["--measures", "beauty"], 2, "'beauty' is none of distance"),
        (["--weights", "w.npz"], 2, "--weights goes with"),
        (["--protocol", "fvd2048_16f", "--weights", "w.pt"], 2, "can run code"),
        (["--protocol", "fvd2048_16f", "--weights", "w.npz"], 1, "w.npz: no such file of weights"),
        (
            ["--clip-features", "i3d", "--frame-features", "inception", "--weights", "a.npy"],
            2,
            "both",
        ),
    ],
)
def test_sides_that_cannot_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, count in (("a", 6), ("b", 6), ("one", 1)):
        np.save(f"{name}.npy", np.zeros((count, 8, 32, 32, 3), np.uint8))
    np.save("flat.npy", np.zeros(3))
    np.save("pickle.npy", np.array([{}]), allow_pickle=True)
    shown = CliRunner().invoke(main, ["evaluate", "--frames", "8", *arguments])
    assert shown.exit_code == status, shown.output
    assert message in shown.output
    assert not Path("evaluation.json").exists()


def test_clips_that_are_all_alike(tmp_path: Path) -> None:
    """Constant features have no neighbourhoods; the figure says so and the others stand."""
    for name, level in (("a", 50), ("b", 60)):
        np.save(tmp_path / f"{name}.npy", np.full((14, 8, 32, 32, 3), level, np.uint8))
    result = vidgan.evaluate(
        real=tmp_path / "a.npy", fake=tmp_path / "b.npy", frames=8, output=tmp_path / "r.json"
    )
    found = figures(result)
    assert found["coverage"]["value"] is None
    assert "same features" in found["coverage"]["note"]
    assert found["motion.frozen"]["value"] == 1


def test_the_report_shows_how_clips_move(tmp_path: Path) -> None:
    """Real clips drift to the right, the others downwards, and faster."""
    for name, velocity in (("real", (2, 0)), ("fake", (0, 3))):
        np.save(tmp_path / f"{name}.npy", np.stack([drifting(i, velocity) for i in range(6)]))
    result = vidgan.evaluate(
        real=tmp_path / "real.npy",
        fake=tmp_path / "fake.npy",
        frames=4,
        output=tmp_path / "r.json",
        measures="motion",
        bootstrap=0,
    )
    speed, direction = (result["histograms"][f"motion.{key}"] for key in ("speed", "direction"))
    assert (speed["unit"], direction["unit"], direction["step"]) == (
        "pixels a frame",
        "degrees",
        10,
    )
    for name, least, turn in (("real", 2, 0), ("generated", 3, 9)):
        assert sum(speed[name]) == pytest.approx(1)
        assert abs(np.argmax(speed[name]) * speed["step"] - least) <= speed["step"]
        # Exactly to the right or downwards is on the border of two bins.
        assert direction[name][turn] + direction[name][turn - 1] > 0.8
    apart = np.abs(np.cumsum(np.subtract(speed["real"], speed["generated"]))).sum() * speed["step"]
    assert apart == pytest.approx(figures(result)["motion.speed"]["value"], abs=1e-6)
    shown = re.findall('role="img" aria-label="(fraction[^"]*)"', Path(result["page"]).read_text())
    assert len(shown) == 2
    assert "pixels a frame of 48 × 48: real" in shown[0]
    assert "real 100% right, 0% down" in shown[1]
    assert "generated 0% right, 100% down" in shown[1]


def test_no_histograms_where_motion_is_not_measured(
    result: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    other = vidgan.evaluate(run.path, n=4, output=tmp_path / "r.json", **QUICK)
    found = [
        (bool(each["histograms"]), "fraction of motion" in Path(each["page"]).read_text())
        for each in (result, other)
    ]
    assert found == [(True, True), (False, False)]


def test_frames_too_small_for_motion(tmp_path: Path) -> None:
    """The message says what to leave out, and without it there are figures."""
    for name in ("a", "b"):
        clips = np.random.default_rng(ord(name)).integers(0, 256, (14, 8, 8, 12, 3), np.uint8)
        np.save(tmp_path / f"{name}.npy", clips)
    sides: dict[str, Any] = {"real": tmp_path / "a.npy", "fake": tmp_path / "b.npy", "frames": 8}
    output = tmp_path / "r.json"
    with pytest.raises(InputError, match=r"a\.npy: frames are 12x8.*needs 16x16.*--measures"):
        vidgan.evaluate(output=output, **sides)
    others = ",".join(name for name in selectable_groups() if name != "motion")
    found = figures(vidgan.evaluate(output=output, measures=others, **sides))
    assert found["kernel.appearance-motion"]["value"] is not None
    assert found["memorisation.pixels"]["value"] is not None


def test_protocols_set_what_papers_set(tmp_path: Path) -> None:
    weights = tmp_path / "i3d.npz"
    weights.touch()
    given: dict[str, Any] = {"weights": str(weights), "seed": 3}
    config = resolve({"protocol": "fvd2048_128f_subsample8f", **given})
    assert (config.n, config.frames, config.stride) == (2048, 16, 8)
    assert (config.clip_features, config.split, config.seed) == ("i3d", "train", 3)
    assert resolve({"protocol": "fvd2048_16f", "n": 12, **given}).n == 12


# Runs beside each other


def test_runs_beside_each_other(
    dataset: Manifest,
    run: Run,
    result: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    other = make_run(tmp_path / "other", dataset)
    report = str(Path(result["page"]).with_suffix(".json"))
    arguments = [
        "evaluate",
        str(other.path),
        "--compare",
        report,
        "--n",
        "12",
        "--measures",
        "distance",
    ]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert "best of the row" in shown.stdout
    assert shown.stdout.splitlines()[0].startswith("[1] ")
    both = json.loads(Path("comparison.json").read_text())
    assert [each["title"] for each in both] == [
        json.loads((other.path / "evaluation" / "step-00000007.json").read_text())["title"],
        result["title"],
    ]
    assert Path("comparison.html").read_text().count("data:video/mp4") == 4


def test_the_newest_run_is_taken(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = copied
    (run.parent / "runs").mkdir()
    run.rename(run.parent / "runs" / "00003-dcgan-x")
    monkeypatch.chdir(run.parent)
    assert vidgan.evaluate(n=4, **QUICK)["run"] == "runs/00003-dcgan-x"


def test_a_dataset_that_has_moved_can_be_named(copied: tuple[Path, Path]) -> None:
    data, run = copied
    data.rename(data.parent / "moved")
    with pytest.raises(DatasetError, match=r"data: .* is not there; name it with --dataset"):
        vidgan.evaluate(run)
    result = vidgan.evaluate(run, data.parent / "moved", n=4, **QUICK)
    assert result["dataset"] == str(data.parent / "moved")


def test_another_frame_rate_is_noted(run: Run, tmp_path: Path) -> None:
    slow = make_dataset(tmp_path / "slow", fps=10, test=(20, 20))
    report = vidgan.evaluate(run.path, slow.path, output=tmp_path / "r.json", n=4, **QUICK)
    notes = report["notes"]
    assert any("10 frames/s" in note and "at 25" in note for note in notes)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((), "no test split.*--test-share"),
        ((7, 5), "longest test shot has 7 frames, a clip of .* needs 8"),
        ((9,), "1 test and 11 training clips .* too few"),
    ],
)
def test_too_little_to_test_on(
    run: Run, tmp_path: Path, lengths: tuple[int, ...], message: str
) -> None:
    small = make_dataset(tmp_path / "small", test=lengths)
    with pytest.raises(DatasetError, match=message):
        vidgan.evaluate(run.path, small.path)


def test_a_dataset_of_another_size(run: Run, tmp_path: Path) -> None:
    wide = make_dataset(tmp_path / "wide", size=(48, 32))
    with pytest.raises(DatasetError, match=r"48x32, .* generates 32x32"):
        vidgan.evaluate(run.path, wide.path)


def truncated(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-100])


def flipped(shard: Path) -> None:
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)


def emptied(shard: Path) -> None:
    """Leave one record of zeros: whole, but none of those that were there."""
    write_shard(shard, [np.zeros((20, 32, 32, 3), np.uint8)])


@pytest.mark.parametrize(
    ("damage", "split", "message"),
    [
        (truncated, "test", r"damaged.*preprocess --overwrite"),
        (flipped, "train", r"damaged.*preprocess --overwrite"),
        (emptied, "test", r"other clips than its manifest says.*preprocess --overwrite"),
    ],
)
def test_a_damaged_shard_leaves_no_report_though_its_features_are_kept(
    copied: tuple[Path, Path], damage: Callable[..., Any], split: str, message: str
) -> None:
    data, run = copied
    before = vidgan.evaluate(run, n=4, split=split, **QUICK)
    shutil.rmtree(run / "evaluation")
    damage(Path(sorted(Manifest.load(data).shards(split))[0]))
    with pytest.raises(DatasetError, match=message) as caught:
        vidgan.evaluate(run, n=4, split=split, **QUICK)
    assert "\n" not in str(caught.value)
    assert before["figures"]
    assert not (run / "evaluation").exists()


def test_a_dataset_that_has_moved_is_not_measured_again(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, run = copied
    vidgan.evaluate(run, n=4, **QUICK)
    data.rename(data.with_name("moved"))
    seen = []
    collect = StatisticsCollector.collect

    def watched(self: StatisticsCollector, clips: ClipSet) -> ClipStatistics:
        seen.append(clips.title)
        return collect(self, clips)

    monkeypatch.setattr(StatisticsCollector, "collect", watched)
    vidgan.evaluate(run, data.with_name("moved"), n=4, **QUICK)
    assert seen == ["generated clips"]


def test_networks_that_give_nan(dataset: Manifest, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", dataset, broken=True)
    with pytest.raises(RunError, match=r"NaN.*use another checkpoint"):
        vidgan.evaluate(run.path, n=4, measures="discriminator")


def test_outputs_that_cannot_be(run: Run, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"end in \.json"):
        vidgan.evaluate(run.path, output=tmp_path / "report.html")
    (tmp_path / "r.png").write_text("mine")
    with pytest.raises(ExportError, match=r"r\.png exists already; use --overwrite"):
        vidgan.evaluate(run.path, output=tmp_path / "r.json")
    assert (tmp_path / "r.png").read_text() == "mine"
    vidgan.evaluate(run.path, output=tmp_path / "r.json", n=4, overwrite=True, **QUICK)
    read_picture(tmp_path / "r.png")
    with pytest.raises(ExportError, match="cannot be written"):
        vidgan.evaluate(run.path, output=tmp_path / "r.png" / "r.json", n=4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="cannot be written"):
        vidgan.evaluate(run.path, output=tmp_path / "x" / "r.json", n=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "--n 1 is too small"),
        ({"bootstrap": 5}, "--bootstrap 5: an interval of 95% needs at least 40"),
        ({"clip_features": "c3d"}, "--clip-features 'c3d' is none of appearance-motion"),
        ({"clip_features": "i3d", "weights": __file__}, "i3d needs clips of 9 frames"),
        ({"clip_features": "i3d", "weights": "none.npz"}, r"none\.npz: no such file of weights"),
        ({"frames": 16}, "--frames 16: .* generates clips of 8; train with --frames 16"),
        (
            {"protocol": "fvd2048_16f", "clip_features": "motion"},
            "--protocol fvd2048_16f takes clips of 16 frames: .* generates clips of 8",
        ),
        ({"size": (64, 64)}, "a run has its own"),
        ({"nn": 3}, "unknown option 'nn'"),
        ({"checkpoint": "9"}, "no checkpoint '9'; there are 7"),
        ({"device": "gpu:99"}, "--device gpu:99"),
    ],
)
def test_wrong_options(run: Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(VidganError, match=message):
        vidgan.evaluate(run.path, **options)


def test_missing_run(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["evaluate", str(tmp_path / "none")])
    assert shown.exit_code == 1
    assert shown.stderr.count("\n") == 1
    assert "no run there" in shown.stderr
