"""Generation: from seeds to files of every kind, in memory that does not grow."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner
from pictures import read_picture
from tiny_run import MODEL, make_run

import vidgan
from vidgan import latents
from vidgan.cli import main
from vidgan.config import CODEC_NAMES, VIDEO_FORMATS, GenerateConfig
from vidgan.errors import ExportError, OptionError, RunError
from vidgan.jobs.generate import clip_plan
from vidgan.jobs.generate.sampler import Sampler
from vidgan.video.containers import CODECS, CONTAINERS
from vidgan.video.layout import enlarged

WIDTH, HEIGHT, FRAMES = 32, 40, 8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generate") / "runs" / "00000-dcgan-x"
    return make_run(folder, (WIDTH, HEIGHT), steps=(100, 250)).path


@pytest.fixture(scope="module")
def sampler(run: Path) -> Sampler:
    return vidgan.load(run)


def decode(path: Path) -> tuple[np.ndarray, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return np.stack(frames), float(stream.average_rate or 0)


def enlarge(frames: np.ndarray, factor: int) -> np.ndarray:
    return np.stack(list(enlarged(frames, factor)))


def close(decoded: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(decoded.astype(int) - expected).mean() < 8)


# Seeds and latents


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0", [0]), ("0,1,4-6", [0, 1, 4, 5, 6]), (" 7 , 3-3", [7, 3]), ("2,1,2", [2, 1, 2])],
)
def test_seeds(text: str, seeds: list[int]) -> None:
    assert [seed for part in clip_plan.parse_seeds(text) for seed in part] == seeds


@pytest.mark.parametrize("text", ["", "a", "1,,2", "-1", "6-4", "1.5", "1-", str(2**63), "²"])
def test_wrong_seeds(text: str) -> None:
    with pytest.raises(OptionError, match="--seeds"):
        clip_plan.parse_seeds(text)


def test_plan_is_lazy() -> None:
    plan = clip_plan.plan_clips(GenerateConfig(seeds="0-1000000000000"))
    assert len(plan) == 1_000_000_000_001
    assert next(iter(plan)) == clip_plan.Clip(0)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 16),
        ({"n": 3}, 3),
        ({"grid": (2, 3)}, 6),
        ({"seeds": "5-8"}, 4),
        ({"n": 3, "interpolate": 5}, 11),
        ({"n": 3, "interpolate": 5, "loop": True}, 15),
    ],
)
def test_plan_length(options: dict[str, Any], count: int) -> None:
    plan = clip_plan.plan_clips(GenerateConfig(**options))
    assert len(plan) == len(list(plan)) == count


def test_walk() -> None:
    plan = clip_plan.ClipPlan((range(3),), steps=4)
    names = [clip.name for clip in plan]
    assert names[:2] == ["seed-000000", "seed-000000-to-000001-0001-of-0004"]
    assert names[-1] == "seed-000002"
    inputs = (latents.Latent("latent", (8,)),)
    vectors = np.concatenate([clip.noise(inputs)["latent"] for clip in plan])
    seeded = latents.from_seeds(inputs, [0, 1, 2])["latent"]
    np.testing.assert_allclose(vectors[[0, 4, 8]], seeded, rtol=1e-6)
    steps = np.linalg.norm(np.diff(vectors, axis=0), axis=1)
    assert steps.max() < 2.5 * steps.min()


def test_closed_walk_returns() -> None:
    plan = list(clip_plan.ClipPlan((range(2),), steps=3, closed=True))
    assert plan[-1] == clip_plan.Clip(1, 0, 2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 2, "seeds": "0,1,2"}, "contradicts --seeds, which has 3"),
        ({"seed": 4, "seeds": "0"}, "--seed and --seeds contradict each other"),
        ({"n": 1, "interpolate": 4}, "at least two seeds"),
        ({"n": 0}, "too small"),
        ({"trunc": 0}, "too small"),
        ({"trunc": 1.5}, "too large"),
        ({"grid": (0, 2)}, "rows and columns"),
        ({"grid": (2, 99)}, "rows and columns"),
        ({"interpolate": 1}, "too small"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        clip_plan.plan_clips(GenerateConfig(**options))


def test_the_config_names_what_the_writers_have() -> None:
    assert ("auto", *CODECS) == CODEC_NAMES
    assert tuple("." + name for name in VIDEO_FORMATS) == tuple(CONTAINERS)


# Arrays


def test_load_and_generate(sampler: Sampler) -> None:
    made = sampler.generate(n=3)
    assert made.shape == (3, FRAMES, HEIGHT, WIDTH, 3)
    assert made.dtype == np.uint8
    assert made.std() > 1
    np.testing.assert_array_equal(made[1:], sampler.generate(seeds=[1, 2]))
    np.testing.assert_array_equal(made[2:], sampler.generate(seeds="2"))
    np.testing.assert_array_equal(made[:1], sampler.generate(seeds=0))
    assert len(sampler.generate()) == 16


def test_truncation_pulls_together(sampler: Sampler) -> None:
    free, held = sampler.generate(6), sampler.generate(6, trunc=0.2)
    assert held.std(axis=0).mean() < 0.5 * free.std(axis=0).mean()


def test_batches_do_not_change_clips(sampler: Sampler) -> None:
    whole = sampler.generate(5)
    parts = sampler.generate(5, batch_size=2)
    # Sums may run in another order: a step of one grey level.
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_stream_reads_no_further_than_it_must(sampler: Sampler) -> None:
    taken = []

    def endless() -> Iterator[dict[str, np.ndarray]]:
        while True:
            taken.append(1)
            yield {"latent": np.zeros((1, MODEL.latent_dim), np.float32)}

    batch = next(sampler.stream(endless(), batch_size=3))
    assert batch.shape == (3, FRAMES, HEIGHT, WIDTH, 3)
    assert len(taken) == 3


@pytest.mark.parametrize(
    "arguments", [{"n": 0}, {"seeds": []}, {"seeds": [-1]}, {"seeds": [1.5]}, {"trunc": 0}]
)
def test_wrong_arguments(sampler: Sampler, arguments: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        sampler.generate(**arguments)
    with pytest.raises(OptionError, match="contradicts"):
        sampler.generate(n=2, seeds=[1])


def test_newest_run_is_the_default(
    run: Path, monkeypatch: pytest.MonkeyPatch, sampler: Sampler
) -> None:
    monkeypatch.chdir(run.parent.parent)
    np.testing.assert_array_equal(vidgan.load().generate(1), sampler.generate(1))


def test_checkpoint_can_be_chosen(run: Path, sampler: Sampler) -> None:
    older = vidgan.load(run, checkpoint="100").generate(1)
    assert (older != sampler.generate(1)).any()
    with pytest.raises(RunError, match="there are 100, 250"):
        vidgan.load(run, checkpoint="7")


# Files


@pytest.mark.parametrize("suffix", list(CONTAINERS))
def test_video(run: Path, tmp_path: Path, sampler: Sampler, suffix: str) -> None:
    (path,) = vidgan.generate(run, tmp_path / f"out{suffix}", n=3)
    decoded, fps = decode(path)
    # 32 x 40 is enlarged until the shorter side reaches 256.
    assert decoded.shape == (3 * FRAMES, 8 * HEIGHT, 8 * WIDTH, 3)
    assert fps == pytest.approx(12.5, rel=0.01)
    expected = enlarge(sampler.generate(3).reshape(-1, HEIGHT, WIDTH, 3), 8)
    assert close(decoded, expected)


def test_native_pixels(run: Path, tmp_path: Path, sampler: Sampler) -> None:
    (path,) = vidgan.generate(run, tmp_path / "out.mp4", n=1, scale=1, fps=24)
    decoded, fps = decode(path)
    assert decoded.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert fps == 24
    assert np.abs(decoded.astype(int) - sampler.generate(1)[0]).mean() < 20


def test_thirty_frames_a_second_where_the_run_does_not_know(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", fps=0).path
    assert decode(vidgan.generate(path, tmp_path / "a.mp4", n=1)[0])[1] == 30


def test_grid_has_pages(run: Path, tmp_path: Path, sampler: Sampler) -> None:
    (path,) = vidgan.generate(run, tmp_path / "out.mp4", n=5, grid=(2, 2))
    decoded, _ = decode(path)
    assert decoded.shape == (2 * FRAMES, 2 * HEIGHT * 4, 2 * WIDTH * 4, 3)
    made = sampler.generate(5)
    first = np.concatenate(
        [np.concatenate([made[0], made[1]], 2), np.concatenate([made[2], made[3]], 2)], 1
    )
    assert close(decoded[:FRAMES], enlarge(first, 4))
    assert decoded[FRAMES:, HEIGHT * 4 + 16 :].mean() < 4, "missing tiles are black"


@pytest.mark.parametrize("form", [None, "webm", "avi", "gif"])
def test_folder(run: Path, tmp_path: Path, sampler: Sampler, form: str | None) -> None:
    paths = vidgan.generate(run, f"{tmp_path}/out/", seeds="3,11", format=form)
    suffix = form or "mp4"
    assert [path.name for path in paths] == [f"seed-000003.{suffix}", f"seed-000011.{suffix}"]
    decoded, _ = decode(paths[1])
    assert close(decoded, enlarge(sampler.generate(seeds=[11])[0], 8))


def test_existing_folder_keeps_what_is_in_it(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "name.with.dots"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    vidgan.generate(run, folder, n=2)
    assert sorted(path.name for path in folder.iterdir()) == [
        "mine.txt",
        "seed-000000.mp4",
        "seed-000001.mp4",
    ]


def test_contact_sheet(run: Path, tmp_path: Path) -> None:
    (path,) = vidgan.generate(run, tmp_path / "sheet.png", n=3)
    sheet = read_picture(path)
    assert sheet.shape[0] > 3 * HEIGHT
    assert sheet.shape[1] > FRAMES * WIDTH


def test_array(run: Path, tmp_path: Path, sampler: Sampler) -> None:
    (path,) = vidgan.generate(run, tmp_path / "out.npy", n=5, batch_size=2)
    made = np.load(path, allow_pickle=False)
    assert np.abs(made.astype(int) - sampler.generate(5)).max() <= 1
    (path,) = vidgan.generate(run, tmp_path / "large.npy", n=1, scale=2)
    assert np.load(path).shape == (1, FRAMES, 2 * HEIGHT, 2 * WIDTH, 3)


def test_interpolation_starts_and_ends_at_its_seeds(
    run: Path, tmp_path: Path, sampler: Sampler
) -> None:
    (path,) = vidgan.generate(run, tmp_path / "out.npy", seeds="4,9", interpolate=3)
    made = np.load(path)
    ends = sampler.generate(seeds=[4, 9])
    assert len(made) == 4
    assert np.abs(made[[0, -1]].astype(int) - ends).max() <= 1
    names = [p.stem for p in vidgan.generate(run, tmp_path / "w", seeds="4,9", interpolate=3)]
    assert names == [
        "seed-000004",
        "seed-000004-to-000009-0001-of-0003",
        "seed-000004-to-000009-0002-of-0003",
        "seed-000009",
    ]


# What can go wrong


@pytest.mark.parametrize("name", ["out.mp4", "out.gif", "out.png", "out.npy"])
def test_nothing_is_overwritten_unasked(run: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.write_bytes(b"mine")
    with pytest.raises(ExportError, match="--overwrite"):
        vidgan.generate(run, target, n=1)
    assert target.read_bytes() == b"mine"
    vidgan.generate(run, target, n=1, overwrite=True)
    assert target.read_bytes() != b"mine"


def test_no_clip_of_a_folder_is_overwritten_unasked(run: Path, tmp_path: Path) -> None:
    vidgan.generate(run, tmp_path / "out", n=1)
    before = (tmp_path / "out/seed-000000.mp4").read_bytes()
    with pytest.raises(ExportError, match=r"seed-000000\.mp4 exists already"):
        vidgan.generate(run, tmp_path / "out", n=2, trunc=0.5)
    assert (tmp_path / "out/seed-000000.mp4").read_bytes() == before
    assert not (tmp_path / "out/seed-000001.mp4").exists()


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.xyz", {}, r"unknown output type '\.xyz'; known are \.mp4.*\.png, \.npy"),
        ("out.npy", {"fps": 5}, "--fps is not supported"),
        ("out.npy", {"codec": "h264"}, "--codec is not supported"),
        ("out.png", {"grid": (2, 2)}, "--grid is not supported"),
        ("out.png", {"n": 129}, "at most 128"),
        ("out.mp4", {"format": "mp4"}, "--format is not supported"),
        ("out/", {"grid": (2, 2)}, "--grid is not supported"),
        ("out/", {"seeds": "1,0-2"}, "seed 1 occurs twice"),
        ("out/", {"format": "avi", "codec": "h264"}, "does not go into .avi"),
        ("out.mp4", {"codec": "vp9"}, "does not go into .mp4"),
        ("out.gif", {"fps": 60}, "at most 50"),
        ("out.mp4", {"nonsense": 1}, "unknown option 'nonsense'"),
        ("out.mp4", {"device": "tpu"}, "--device"),
    ],
)
def test_requests_that_cannot_be(
    run: Path, tmp_path: Path, output: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        vidgan.generate(run, f"{tmp_path}/{output}", **options)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_output_folder_that_is_a_file(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="is a file, not a folder"):
        vidgan.generate(run, tmp_path / "out", n=1)
    for name in ("a.mp4", "a.npy", "a.png"):
        with pytest.raises(ExportError, match="cannot be written"):
            vidgan.generate(run, tmp_path / "out" / name, n=1)


def test_run_that_is_not_there(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="vidgan train"):
        vidgan.generate(output="out.mp4")
    with pytest.raises(RunError, match="no checkpoint"):
        vidgan.generate(make_run(tmp_path / "empty", steps=()).path, "out.mp4")
    with pytest.raises(RunError, match="there are 100, 250"):
        vidgan.generate(run, "out.mp4", checkpoint="99")
    assert not Path("out.mp4").exists()


def test_weights_of_another_shape(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "run", (64, 64))
    weights = "checkpoints/step-00000100/generator_ema.weights.h5"
    (other.path / weights).write_bytes((run / weights).read_bytes())
    with pytest.raises(RunError, match="does not fit"):
        vidgan.generate(other.path, tmp_path / "a.mp4", n=1)
    (other.path / weights).write_bytes(b"not weights")
    with pytest.raises(RunError, match="damaged"):
        vidgan.generate(other.path, tmp_path / "a.mp4", n=1)
    assert not (tmp_path / "a.mp4").exists()


def test_interrupt_leaves_no_half_file(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidgan.jobs.generate.sampler import Sampler

    made = Sampler._generate_batch

    def interrupted(self: Any, vectors: Any, calls: list[int] = []) -> Any:  # noqa: B006
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return made(self, vectors)

    for name in ("a.mp4", "a.npy", "a.png"):
        calls: list[int] = []
        monkeypatch.setattr(
            Sampler,
            "_generate_batch",
            lambda self, vectors, calls=calls: interrupted(self, vectors, calls),
        )
        with pytest.raises(KeyboardInterrupt):
            vidgan.generate(run, tmp_path / name, n=4, batch_size=2)
    assert not list(tmp_path.iterdir())


# The command


def test_command(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["generate", str(run), "--n", "2", "--grid", "1x2", "-o", "ü -x.mp4"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "Wrote ü -x.mp4" in result.output
    assert decode(tmp_path / "ü -x.mp4")[0].shape[0] == FRAMES
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    assert CliRunner().invoke(main, [*arguments, "--overwrite"]).exit_code == 0
    folder = CliRunner().invoke(main, ["generate", str(run), "--n", "2", "-o", "f/"])
    assert "f/: 2 files" in folder.output


@pytest.mark.parametrize("grid", ["x", "2x", "axb", "1x2x3", "0x2", "2x33"])
def test_wrong_grid(run: Path, tmp_path: Path, grid: str) -> None:
    result = CliRunner().invoke(main, ["generate", str(run), "--grid", grid])
    assert result.exit_code == 2


@pytest.mark.slow
def test_memory_does_not_grow_with_n(run: Path, tmp_path: Path) -> None:
    script = """
import resource, sys, vidgan
for suffix in (".npy", ".mp4"):
    for n in (32, 33, 533):  # The second has all that a second generation brings with it.
        vidgan.generate(sys.argv[1], f"{sys.argv[2]}/{n}{suffix}", n=n, scale=1)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    command = [sys.executable, "-c", script, str(run), str(tmp_path)]
    peaks = list(map(int, subprocess.check_output(command, stderr=subprocess.DEVNULL).split()))
    for before, after in (peaks[1:3], peaks[4:6]):
        # 500 clips more are 15 MiB.
        assert after - before < 8, peaks
