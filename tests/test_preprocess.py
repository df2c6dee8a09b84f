"""``vidgan preprocess`` from files to a dataset folder, and everything that can be wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from pictures import read_picture
from video_files import make_images, make_video, scene, write_video

import vidgan
from vidgan import images
from vidgan.cli import main
from vidgan.config import PreprocessConfig, RunnerConfig
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.preview import clock_time
from vidgan.dataset.split import assign
from vidgan.dataset.tfrecord import read_records
from vidgan.errors import DatasetError, InputError, OptionError
from vidgan.jobs.preprocess import run as run_job
from vidgan.video.captions import LINE_HEIGHT, draw_line
from vidgan.video.discover import discover
from vidgan.video.layout import GAP


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good videos in sub-folders."""
    folder = tmp_path_factory.mktemp("library")
    for i, name in enumerate(["walk/one.mp4", "walk/two.mp4", "run/three.mp4", "run/four.avi"]):
        make_video(folder / name, frames=40 + i, seed=i)
    return folder


def run(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["preprocess", *map(str, arguments)])


def fails(*arguments: str | Path, status: int = 1) -> str:
    """Run, expect failure, and return the message, without the word Error."""
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    assert result.output.startswith("Error: ")
    return result.output.removeprefix("Error: ").strip()


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".vidgan")]


def decoded(data: bytes) -> np.ndarray:
    frame = images.decode(data)
    assert frame is not None
    return frame


def frames_of(folder: Path, split: str) -> dict[tuple[str, int], list[np.ndarray]]:
    """Return decoded frames by (source, first) in a split, through TensorFlow's own parser."""
    import tensorflow as tf

    found = {}
    for shard in Manifest.load(folder).shards(split):
        for record in read_records(Path(shard)):
            example = tf.train.Example.FromString(record).features.feature
            key = (
                example["source"].bytes_list.value[0].decode(),
                example["first"].int64_list.value[0],
            )
            found[key] = [decoded(data) for data in example["frames"].bytes_list.value]
    return found


class TestDataset:
    def test_three_words_are_enough(self, tmp_path: Path) -> None:
        make_video(tmp_path / "input.mp4", frames=120, size=(160, 120))
        result = run("input.mp4")
        assert result.exit_code == 0, result.output
        manifest = Manifest.load("vidgan-data")
        assert manifest.size == (64, 64)
        assert manifest.fps == 25
        assert manifest.splits["train"].frames > 80
        assert manifest.splits["test"].frames >= 16
        assert sorted(p.name for p in Path("vidgan-data").iterdir()) == [
            "manifest.json",
            "preview.png",
            "test-00000-of-00001.tfrecord",
            "train-00000-of-00001.tfrecord",
        ]
        for text in ("sources:     1", "frames:", "of 120 decoded", "shots:", "clips of 16:", "MB"):
            assert text in result.output
        assert not leftovers(tmp_path)

    def test_from_python(self, library: Path) -> None:
        manifest = vidgan.preprocess(library, "data", size=(32, 48), seed=3)
        assert manifest.size == (32, 48)
        assert manifest.options["seed"] == 3
        assert Manifest.load("data") == manifest
        with pytest.raises(OptionError, match="unknown option 'sise'"):
            vidgan.preprocess(library, "other", sise=3)

    def test_the_preview_has_the_source_and_time_of_each_row(self, tmp_path: Path) -> None:
        make_video(tmp_path / "北京 a.mp4", frames=130, size=(160, 120))
        make_video(tmp_path / "b.mp4", frames=40, size=(160, 120))
        vidgan.preprocess(tmp_path, "data", clean=False, shots="none")
        sheet = read_picture("data/preview.png")
        # Eight of their ten clips of 16 frames, at 25 frames/s.
        times = ["00:00", "00:00", "00:00", "00:01", "00:01", "00:02", "00:03", "00:04"]
        width, pitch = sheet.shape[1] - GAP, (sheet.shape[0] - GAP) // len(times)
        for row, start in enumerate(times):
            caption = sheet[(row + 1) * pitch - LINE_HEIGHT :][:LINE_HEIGHT, GAP:]
            name = "b.mp4" if row < 2 else "北京 a.mp4"
            np.testing.assert_array_equal(caption, draw_line(f"{name} · {start}", width))

    def test_times(self) -> None:
        assert clock_time(59.99) == "00:59"
        assert clock_time(754) == "12:34"
        assert clock_time(3600 + 62) == "1:01:02"

    def test_lossless_frames_are_the_source_s(self, tmp_path: Path) -> None:
        folder = make_images(tmp_path / "images", frames=30, size=(64, 64))
        vidgan.preprocess(folder, "data", lossless=True, test_share=0.0, fps=10.0)
        (frames,) = frames_of(Path("data"), "train").values()
        np.testing.assert_array_equal(np.stack(frames), scene(30, (64, 64)))
        assert Manifest.load("data").fps == 10

    def test_labels(self, library: Path) -> None:
        vidgan.preprocess(library, "data", labels=True)
        manifest = Manifest.load("data")
        assert manifest.labels == ["run", "walk"]
        for source in manifest.sources:
            name = Path(source["path"]).parent.name
            assert [manifest.labels[shot["label"]] for shot in source["shots"]] == [name]
        vidgan.preprocess(library, "plain")
        assert Manifest.load("plain").labels == []

    def test_the_same_whatever_the_workers(self, library: Path) -> None:
        config = PreprocessConfig()
        for workers in (1, 2):
            run_job(library, Path(f"data{workers}"), config, RunnerConfig(workers=workers))
        names = sorted(path.name for path in Path("data1").iterdir())
        for name in names:
            assert (Path("data1") / name).read_bytes() == (Path("data2") / name).read_bytes(), name

    def test_train_and_test_share_no_shot(self, library: Path) -> None:
        vidgan.preprocess(library, "data")
        train, test = (frames_of(Path("data"), split) for split in ("train", "test"))
        assert train
        assert test
        assert not {source for source, _ in train} & {source for source, _ in test}

    def test_long_shots_are_cut_into_records(self, tmp_path: Path) -> None:
        make_video(tmp_path / "long.mp4", frames=600, size=(32, 32))
        manifest = vidgan.preprocess("long.mp4", "data", size=(32, 32))
        assert max(manifest.splits["train"].lengths) <= 256
        assert len(manifest.splits["train"].lengths) == 2
        (shot, held) = manifest.sources[0]["shots"]
        assert (shot["split"], held["split"]) == ("train", "test")
        assert held["first"] - (shot["first"] + shot["frames"]) == 32, "the gap"
        assert [r["reason"] for r in manifest.sources[0]["rejected"]] == ["between train and test"]

    def test_shots_of_one_video(self, tmp_path: Path) -> None:
        clips = [scene(n, (96, 64), seed) for seed, n in enumerate((40, 5, 30, 50))]
        write_video(tmp_path / "film.mp4", np.concatenate(clips))
        manifest = vidgan.preprocess("film.mp4", "data")
        (source,) = manifest.sources
        assert [(s["first"], s["frames"]) for s in source["shots"]] == [(0, 40), (45, 30), (75, 50)]
        assert source["rejected"] == [{"first": 40, "frames": 5, "reason": "short"}]

    def test_rate_is_the_commonest(self, tmp_path: Path) -> None:
        for i, fps in enumerate((30, 15, 15)):
            make_video(tmp_path / f"{i}.mp4", frames=60, fps=fps, seed=i)
        result = run(tmp_path, "-o", "data")
        assert "mixed rates, from 15 to 30" in result.output
        manifest = Manifest.load("data")
        assert manifest.fps == 15
        assert [sum(s["frames"] for s in x["shots"]) for x in manifest.sources] == [30, 60, 60]
        assert all(source["dropped"] == {} for source in manifest.sources)

    def test_faster_rate_repeats_and_counts_no_duplicates(self, tmp_path: Path) -> None:
        make_video(tmp_path / "slow.mp4", frames=40, fps=10)
        manifest = vidgan.preprocess("slow.mp4", "data", fps=20.0, test_share=0.0)
        assert manifest.sources[0]["dropped"] == {}
        (frames,) = frames_of(Path("data"), "train").values()
        assert len(frames) == 79
        np.testing.assert_array_equal(frames[10], frames[11])
        assert (frames[11] != frames[12]).any()

    def test_cleaning_and_its_account(self, tmp_path: Path) -> None:
        clip = scene(90, (96, 64))
        clip[30:40] = 0
        clip[60] = 255
        write_video(tmp_path / "v.mp4", clip)
        result = run("v.mp4", "-o", "data")
        assert "10 black, 1 flash" in result.output
        assert Manifest.load("data").sources[0]["dropped"] == {"black": 10, "flash": 1}
        run("v.mp4", "-o", "raw", "--no-clean")
        assert Manifest.load("raw").sources[0]["dropped"] == {}

    def test_denoise_smooths(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        noisy = np.clip(scene(30, (64, 64)) + rng.normal(0, 8, (30, 64, 64, 3)), 0, 255)
        write_video(tmp_path / "v.mkv", noisy.astype(np.uint8), codec="ffv1", pix_fmt="bgr0")
        roughness = {}
        for strength in (0.0, 8.0):
            vidgan.preprocess("v.mkv", f"d{strength}", denoise=strength, test_share=0.0)
            (frames,) = frames_of(Path(f"d{strength}"), "train").values()
            error = np.stack(frames).astype(int) - scene(30, (64, 64))
            roughness[strength] = np.abs(error).mean()
        assert roughness[8.0] < roughness[0.0] * 0.7

    def test_both_decoders_see_the_same(self, library: Path) -> None:
        sums = {}
        for decoder in ("pyav", "opencv"):
            manifest = vidgan.preprocess(library, decoder, decoder=decoder, test_share=0.0)
            assert manifest.splits["train"].frames == 40 + 41 + 42 + 43
            frames = frames_of(Path(decoder), "train")
            sums[decoder] = np.stack([frame[0].mean((0, 1)) for frame in frames.values()])
        np.testing.assert_allclose(sums["pyav"], sums["opencv"], atol=4)

    def test_mirrored_copies_stay_on_one_side(self, tmp_path: Path) -> None:
        for i in range(6):
            clip = scene(40, (64, 64), i)
            write_video(tmp_path / f"{i}.mp4", clip)
            write_video(tmp_path / f"{i}m.mp4", clip[:, :, ::-1])
        result = run(tmp_path, "-o", "data")
        assert "near-duplicates: 6 of 12 shots" in result.output
        sides = {
            Path(s["path"]).stem: s["shots"][0]["split"] for s in Manifest.load("data").sources
        }
        assert all(sides[str(i)] == sides[f"{i}m"] for i in range(6))
        assert set(sides.values()) == {"train", "test"}


class TestSplit:
    @pytest.mark.parametrize("seed", range(5))
    def test_share_is_measured_in_frames(self, seed: int) -> None:
        lengths = [10, 200, 30, 40, 90, 25, 60, 100, 15, 80] * 3
        parts = assign(lengths, range(len(lengths)), 0.2, seed, 8)
        test = sum(part.end - part.start for part in parts if part.split == "test")
        assert 0.15 < test / sum(lengths) < 0.23
        assert len(parts) == len(lengths)

    def test_seed_decides(self) -> None:
        lengths = [50] * 20
        chosen = {
            tuple(p.shot for p in assign(lengths, range(20), 0.2, seed, 8) if p.split == "test")
            for seed in range(5)
        }
        assert len(chosen) > 1
        assert assign(lengths, range(20), 0.2, 1, 8) == assign(lengths, range(20), 0.2, 1, 8)

    @pytest.mark.parametrize("lengths", [[1], [8], [30], [40], [100], [5000], [100, 100], [9, 900]])
    def test_train_is_never_empty_and_nothing_overlaps(self, lengths: list[int]) -> None:
        for share in (0.0, 0.2, 0.5, 0.9):
            parts = assign(lengths, range(len(lengths)), share, 0, 8)
            assert any(part.split == "train" for part in parts)
            for shot, length in enumerate(lengths):
                covered = [0] * length
                for part in parts:
                    if part.shot == shot:
                        for i in range(part.start, part.end):
                            covered[i] += 1
                assert max(covered) <= 1

    def test_one_shot_is_split_in_time_with_a_gap(self) -> None:
        train, test = assign([1000], [0], 0.2, 0, 8)
        assert (train.split, test.split) == ("train", "test")
        assert test.end == 1000
        assert test.end - test.start == 200
        assert test.start - train.end == 32

    def test_a_share_of_nothing(self) -> None:
        assert {part.split for part in assign([50, 60], [0, 1], 0.0, 0, 8)} == {"train"}


class TestDiscover:
    def test_folders_globs_and_duplicates(self, library: Path) -> None:
        everything = discover([library])
        assert [s.path.name for s in everything] == ["four.avi", "three.mp4", "one.mp4", "two.mp4"]
        assert [s.label for s in everything] == ["run", "run", "walk", "walk"]
        some = discover([f"{library}/**/*.mp4", library / "walk" / "one.mp4"])
        assert sorted(s.path.name for s in some) == ["one.mp4", "three.mp4", "two.mp4"]
        assert {s.path.name: s.label for s in some}["three.mp4"] == "run"

    def test_image_folders_are_sources_and_pictures_are_not(self, tmp_path: Path) -> None:
        make_images(tmp_path / "in" / "a" / "clip", frames=3)
        (tmp_path / "in" / "a" / "notes.txt").write_text("x")
        (tmp_path / "in" / "cover1.png").write_bytes(b"one alone")
        (source,) = discover([tmp_path / "in"])
        assert (source.path.name, source.label) == ("clip", "a")

    def test_own_datasets_and_runs_are_no_input(self, tmp_path: Path, library: Path) -> None:
        vidgan.preprocess(library, tmp_path / "in" / "data")
        (tmp_path / "in" / "runs" / "0" / "checkpoints").mkdir(parents=True)
        (tmp_path / "in" / "runs" / "0" / "config.json").write_text("{}")
        make_video(tmp_path / "in" / "runs" / "0" / "sample.mp4", frames=3)
        make_video(tmp_path / "in" / "good.mp4", frames=3)
        assert [source.path.name for source in discover([tmp_path / "in"])] == ["good.mp4"]

    def test_brackets_in_a_name_are_no_pattern(self, tmp_path: Path) -> None:
        make_video(tmp_path / "clip[1].mp4", frames=3)
        assert [s.path.name for s in discover(["clip[1].mp4"])] == ["clip[1].mp4"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [("nothing.mp4", "no such file"), ("*.mp4", "no file matches"), ("empty", "no video")],
    )
    def test_nothing_there(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match=message):
            discover([text])


BAD_FILES = {
    "empty": "the file is empty",
    "text": "not a video that can be read",
    "headless": "not a video that can be read",
    "frameless": "",
    "single": "has one frame only",
    "short": "has 5 frames only; --min-frames 5 would keep it",
    "black": "no shot of 8 frames is left (40 black); --no-clean keeps them",
    "still": "no shot of 8 frames is left (39 frozen); --no-clean keeps them",
}


class TestBadInput:
    def test_no_argument_is_a_usage_error(self) -> None:
        assert run().exit_code == 2

    def test_missing_path(self, tmp_path: Path) -> None:
        assert fails("gone.mp4") == "gone.mp4: no such file or folder; check the spelling"
        assert not Path("vidgan-data").exists()

    def make(self, kind: str) -> Path:
        path = Path(f"{kind}.mp4")
        if kind == "empty":
            path.touch()
        elif kind == "text":
            path.write_text("not a video\n" * 100)
        elif kind == "headless":
            whole = make_video(path).read_bytes()
            path.write_bytes(whole[: whole.index(b"moov") - 4])
        elif kind == "frameless":
            write_video(path.with_suffix(".mkv"), []).rename(path)
        elif kind == "single":
            make_video(path, frames=1)
        elif kind == "short":
            make_video(path, frames=5)
        elif kind == "black":
            write_video(path, np.zeros((40, 64, 64, 3), np.uint8))
        elif kind == "still":
            write_video(path, scene(1).repeat(40, axis=0))
        return path

    @pytest.mark.parametrize("kind", BAD_FILES)
    def test_one_bad_file(self, tmp_path: Path, kind: str) -> None:
        path = self.make(kind)
        message = fails(path)
        assert message.startswith(f"{path}: ")
        assert BAD_FILES[kind] in message
        assert len(message.splitlines()) == 1
        assert not Path("vidgan-data").exists()
        assert not leftovers(tmp_path)

    def test_bad_among_good(self, library: Path, tmp_path: Path) -> None:
        bad = [self.make(kind) for kind in BAD_FILES]
        result = run(library, *bad, "-o", "data")
        assert result.exit_code == 0, result.output
        for path, text in zip(bad, BAD_FILES.values(), strict=True):
            assert f"Warning: skipped {path}: " in result.output
            assert text in result.output
        assert "sources:     4 (8 skipped)" in result.output
        errors = {s["path"]: s["error"] for s in Manifest.load("data").sources}
        assert sum(error is not None for error in errors.values()) == len(bad)
        assert all(str(path) in str(errors[str(path)]) for path in bad)

    def test_strict(self, library: Path, tmp_path: Path) -> None:
        self.make("text")
        message = fails(library, "text.mp4", "-o", "data", "--strict")
        assert "text.mp4: not a video" in message
        assert not Path("data").exists()
        assert not leftovers(tmp_path)

    def test_all_bad_says_why_for_each(self) -> None:
        self.make("text")
        self.make("empty")
        message = fails("text.mp4", "empty.mp4")
        assert "text.mp4: not a video" in message
        assert "empty.mp4: the file is empty" in message

    def test_cut_short_is_used_as_far_as_it_goes(self, tmp_path: Path) -> None:
        whole = make_video(tmp_path / "v.mp4", frames=100).read_bytes()
        Path("cut.mp4").write_bytes(whole[: int(len(whole) * 0.7)])
        result = run("cut.mp4", "-o", "data")
        assert result.exit_code == 0, result.output
        # On how many threads it decodes decides whether it finds a broken frame or too few.
        assert "Warning: cut.mp4: " in result.output
        assert "; what can be decoded is used" in result.output
        source = Manifest.load("data").sources[0]
        assert 40 < source["frames"] < 95
        assert source["dropped"]["undecodable"] >= 1

    def test_shorter_than_a_clip(self, tmp_path: Path) -> None:
        make_video(tmp_path / "v.mp4", frames=12)
        result = run("v.mp4")
        assert result.exit_code == 0
        assert "no shot is as long as a clip of 16 frames" in result.output
        assert "test split is empty" in result.output

    @pytest.mark.parametrize("size", [(1, 1), (7680, 32), (97, 63)])
    def test_sizes(self, tmp_path: Path, size: tuple[int, int]) -> None:
        rng = np.random.default_rng(0)
        frames = rng.integers(0, 255, (20, size[1], size[0], 3), dtype=np.uint8)
        write_video(tmp_path / "v.mkv", frames, codec="ffv1", pix_fmt="bgr0")
        result = run("v.mkv", "--shots", "none")
        assert result.exit_code == 0, result.output
        assert ("enlarged" in result.output) == (min(size) < 64)

    @pytest.mark.parametrize(
        "name", ["with space.mp4", "Übung 東京.mp4", "-dash.mp4", "--help.mp4"]
    )
    def test_names(self, name: str) -> None:
        make_video(Path(name))
        result = run("-o", f"out {name}", "--", name)
        assert result.exit_code == 0, result.output
        assert Manifest.load(f"out {name}").sources[0]["path"] == name

    def test_name_that_is_no_utf8(self, tmp_path: Path) -> None:
        name = os.fsdecode(b"bad\xff.mp4")
        make_video(tmp_path / "v.mp4").rename(tmp_path / name)
        make_video(tmp_path / "w.mp4", seed=1)
        manifest = vidgan.preprocess([name, "w.mp4"], "data")
        assert [source["error"] for source in manifest.sources] == [None, None]

    def test_variable_rate_alpha_and_grey(self, tmp_path: Path) -> None:
        times = np.cumsum([0.04, 0.08, 0.02] * 20)
        write_video(tmp_path / "vfr.mkv", scene(60), times=times)
        alpha = np.concatenate([scene(40), np.full((40, 64, 96, 1), 200, np.uint8)], axis=-1)
        write_video(tmp_path / "alpha.mov", alpha, codec="png", pix_fmt="rgba")
        write_video(tmp_path / "grey.mkv", scene(40)[..., 0], codec="ffv1", pix_fmt="gray")
        manifest = vidgan.preprocess(["vfr.mkv", "alpha.mov", "grey.mkv"], "data", fps=25.0)
        counts = [sum(s["frames"] for s in source["shots"]) for source in manifest.sources]
        assert counts[1:] == [40, 40]
        assert 65 <= counts[0] <= 72, "2.8 s at 25 frames/s"

    def test_unreadable_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_video(tmp_path / "in" / "secret" / "v.mp4")
        make_video(tmp_path / "in" / "v.mp4")
        real = os.scandir

        def scandir(path: Any) -> Any:
            if not isinstance(path, int) and Path(os.fspath(path)).name == "secret":
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return real(path)

        # Root may read everything, so that permissions alone would not do.
        monkeypatch.setattr(os, "scandir", scandir)
        assert "secret: cannot be read (Permission denied)" in fails("in/secret")
        result = run("in", "-o", "data")
        assert result.exit_code == 0, result.output
        assert "Warning: skipped in/secret: cannot be read (Permission denied)" in result.output

    def test_a_worker_that_dies_costs_one_file(
        self, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What a decoder's crash looks like: the process is gone in the middle of a job.
        crash = tmp_path / "crash"
        crash.mkdir()
        (crash / "sitecustomize.py").write_text(
            "import vidgan.dataset.scan as s, os\n"
            "real = s.scan\n"
            "def scan(path, *rest):\n"
            "    if path.name == 'two.mp4': os.kill(os.getpid(), 11)\n"
            "    return real(path, *rest)\n"
            "s.scan = scan\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(crash))
        result = run(library, "-o", "data")
        assert result.exit_code == 0, result.output
        assert "two.mp4: the decoder crashed (SIGSEGV)" in result.output
        assert "sources:     3 (1 skipped)" in result.output

    @pytest.mark.parametrize("option", ["--size=abc", "--fps=0", "--fit=squash", "--min-frames=0"])
    def test_options_out_of_bounds(self, option: str) -> None:
        assert run("v.mp4", option).exit_code == 2

    @pytest.mark.parametrize("size", ["101x64", "16", "514"])
    def test_impossible_size(self, library: Path, size: str) -> None:
        message = fails(library, "--size", size, status=2)
        assert "sides are even numbers of pixels from 32 to 512" in message
        assert "--size" in message
        assert not Path("vidgan-data").exists()


class TestOutput:
    def test_is_never_overwritten_unasked(self, library: Path, tmp_path: Path) -> None:
        vidgan.preprocess(library, "data")
        before = {path.name: path.read_bytes() for path in Path("data").iterdir()}
        message = fails(library, "-o", "data", status=2)
        assert message.startswith("data: is a dataset already; replace it with --overwrite")
        assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before
        assert run(library, "-o", "data", "--overwrite", "--size", "32").exit_code == 0
        assert Manifest.load("data").size == (32, 32)
        assert not leftovers(tmp_path)

    def test_the_old_one_survives_a_failure(self, library: Path, tmp_path: Path) -> None:
        vidgan.preprocess(library, "data")
        before = {path.name: path.read_bytes() for path in Path("data").iterdir()}
        Path("bad.mp4").write_text("x")
        fails("bad.mp4", "-o", "data", "--overwrite")
        assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before
        assert not leftovers(tmp_path)

    def test_a_folder_that_is_no_dataset_stays(self, library: Path, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "holiday.jpg").write_bytes(b"precious")
        for options in ([], ["--overwrite"]):
            message = fails(library, "-o", "photos", *options, status=2)
            assert "photos: is neither empty nor a vidgan dataset" in message
        assert (tmp_path / "photos" / "holiday.jpg").read_bytes() == b"precious"

    def test_a_stranger_s_file_in_a_dataset_stays(self, library: Path, tmp_path: Path) -> None:
        vidgan.preprocess(library, "data")
        (tmp_path / "data" / "notes.txt").write_text("mine")
        assert "holds notes.txt" in fails(library, "-o", "data", "--overwrite", status=2)
        assert (tmp_path / "data" / "notes.txt").read_text() == "mine"

    def test_a_file_in_the_way(self, library: Path, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("mine")
        assert "data: exists and is no folder" in fails(library, "-o", "data", status=2)
        (tmp_path / "file").write_text("mine")
        assert "cannot be written" in fails(library, "-o", "file/data")

    def test_empty_folder_and_missing_parents(self, library: Path, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        vidgan.preprocess(library, "data")
        vidgan.preprocess(library, "a/b/c")
        assert Manifest.load("a/b/c").splits["train"].frames

    def test_damaged_manifest_can_be_replaced(self, library: Path, tmp_path: Path) -> None:
        vidgan.preprocess(library, "data")
        (tmp_path / "data" / "manifest.json").write_text('{"format": 1, "size": ')
        with pytest.raises(DatasetError, match=r"not valid JSON .*--overwrite"):
            Manifest.load("data")
        vidgan.preprocess(library, "data", overwrite=True)
        Manifest.load("data")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"format": 99}, "newer than this vidgan reads"),
            ({"format": "x"}, "not a vidgan manifest"),
            ({"size": [64]}, "not a vidgan manifest"),
            ({"fps": 0}, "not a vidgan manifest"),
            ({"splits": {}}, "not a vidgan manifest"),
        ],
    )
    def test_wrong_manifest(
        self, library: Path, tmp_path: Path, change: dict[str, Any], message: str
    ) -> None:
        vidgan.preprocess(library / "walk", "data")
        path = tmp_path / "data" / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        with pytest.raises(DatasetError, match=message) as error:
            Manifest.load("data")
        assert "data/manifest.json" in str(error.value)
        path.write_text("[1, 2]")
        with pytest.raises(DatasetError, match="not a vidgan manifest"):
            Manifest.load("data")

    @pytest.mark.parametrize("files", [1, 3])
    def test_disk_full(self, tmp_path: Path, files: int) -> None:
        small = tmp_path / "small"
        small.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs to mount a small file system")
        try:
            for i in range(files):
                make_video(tmp_path / "in" / f"{i}.mp4", frames=150, seed=i)
            message = fails("in", "-o", "small/data", "--lossless")
            assert message.startswith("small/data: cannot be written (No space left on device)")
            assert len(message.splitlines()) == 1
            assert list(small.iterdir()) == []
        finally:
            subprocess.run(["umount", str(small)], check=True)

    @pytest.mark.parametrize("files", [1, 2])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_interrupted_or_killed(
        self, tmp_path: Path, files: int, number: signal.Signals
    ) -> None:
        for i in range(files):
            make_video(tmp_path / "in" / f"{i}.mp4", frames=400, size=(160, 120), seed=i)
        process = subprocess.Popen(
            [sys.executable, "-m", "vidgan", "preprocess", "in", "--denoise", "3"],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        until = time.monotonic() + 120
        while not any(tmp_path.glob(".vidgan-*/*/*.frames")) and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None
        if number == signal.SIGINT:
            # The terminal sends Ctrl-C to the whole group.
            os.killpg(process.pid, number)
        else:
            process.kill()
        _, errors = process.communicate(timeout=30)
        assert not Path("vidgan-data").exists()
        if number == signal.SIGINT:
            assert process.returncode == 130
            assert errors.strip() == "Interrupted."
            assert not leftovers(tmp_path)
        else:
            assert leftovers(tmp_path)
            # What was left behind neither hinders the next run nor stays.
            make_video(tmp_path / "good.mp4")
            assert run("good.mp4").exit_code == 0
            assert not leftovers(tmp_path)


class TestAdvice:
    def advice(self, *arguments: str | Path) -> str:
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def test_few_clips(self, library: Path) -> None:
        assert "few clips: " in self.advice(library)

    def test_still_and_dark(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        # Every tenth value is one too high: noise.
        still = np.full((30, 64, 64, 3), 90) + (rng.random((30, 64, 64, 3)) < 0.1)
        write_video(tmp_path / "still.mkv", still.astype(np.uint8), codec="ffv1", pix_fmt="bgr0")
        write_video(tmp_path / "dark.mkv", scene(30, (64, 64)) // 10, codec="ffv1", pix_fmt="bgr0")
        text = self.advice("still.mkv", "dark.mkv")
        assert "still: nothing moves in 1 of 2 shots (still.mkv)" in text
        assert "dark: 1 of 2 shots are almost black (dark.mkv)" in text

    def test_mixed_shapes(self, tmp_path: Path) -> None:
        make_video(tmp_path / "a.mp4", size=(96, 64))
        make_video(tmp_path / "b.mp4", size=(64, 96), seed=1)
        assert "mixed shapes, from 0.67 to 1.50" in self.advice("a.mp4", "b.mp4")
        assert "mixed" not in self.advice("a.mp4", "b.mp4", "--fit", "pad", "-o", "padded")

    def test_video_that_repeats_every_frame(self, tmp_path: Path) -> None:
        write_video(tmp_path / "anime.mp4", scene(40).repeat(2, axis=0), fps=24)
        assert re.search(r"anime\.mp4: [345]\d% of its frames repeat", self.advice("anime.mp4"))

    def test_good_videos_give_no_advice_on_their_content(self, library: Path) -> None:
        text = self.advice(library)
        assert [line.split(":")[1] for line in text.splitlines() if "Warning" in line] == [
            " few clips"
        ]


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_names_every_option(arguments: list[str]) -> None:
    from dataclasses import fields

    result = run("--help")
    assert result.exit_code == 0
    for field in fields(PreprocessConfig):
        assert "--" + field.name.replace("_", "-") in result.output
