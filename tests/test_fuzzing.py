"""Damaged files of every kind against the commands: one-line errors only, in bounded time.

The damage follows from a seed. ``-m slow`` tries ten times as much with another seed.
"""

import io
import json
import random
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import mutate_bytes, mutate_json
from tiny_run import MODEL, make_run
from video_files import make_video

import vidgan
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import checked, evaluation_clips, training_clips
from vidgan.dataset.tfrecord import masked_crc, write_record
from vidgan.errors import MAX_MESSAGE, VidganError
from vidgan.jobs import info
from vidgan.jobs.evaluate.report import files, page
from vidgan.jobs.evaluate.report.media import ClipMedia, PairedMedia
from vidgan.jobs.train import run_config
from vidgan.tasks.load import load_generator
from vidgan.training.run import Run
from vidgan.training.soundness import EMA_NAME
from vidgan.training.state import STATE_NAME, Measurement

REPORTS = Path(__file__).parent / "fixtures" / "reports"
# Seconds that one file may take; the machine may be busy.
LIMIT = 60
SEEDS = [pytest.param((0, 1), id="some"), pytest.param((1, 10), id="many", marks=pytest.mark.slow)]


@contextmanager
def only_proper_errors() -> Iterator[None]:
    """Allow only a VidganError of one short line, and no more than :data:`LIMIT` seconds."""

    def late(number: int, frame: Any) -> None:
        raise AssertionError(f"still running after {LIMIT} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    try:
        yield
    except VidganError as error:
        text = str(error)
        assert len(text) <= MAX_MESSAGE
        assert text.isprintable()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def bounded_memory(limit: int) -> Iterator[None]:
    """Fail if the peak of memory grows by as many bytes."""
    before = peak_memory()
    yield
    assert peak_memory() - before < limit


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is to be damaged: ``dataset``, ``run``, and reports ``clips`` and ``paired``."""
    folder = tmp_path_factory.mktemp("sound")
    make_video(folder / "videos" / "clip.mp4", 60, (48, 48))
    vidgan.preprocess(folder / "videos", folder / "dataset", size=(32, 32), shots="none")
    run = make_run(folder / "run", (32, 32), model=MODEL, steps=(1, 2))
    state = run.state() | {"measurement": Measurement(2, "kernel", "p", 0.5, 0.5).to_json()}
    (run.checkpoint() / STATE_NAME).write_text(json.dumps(state))
    frames = np.zeros((2, 4, 32, 32, 3), np.uint8)
    for name, source, media in (
        ("clips", "run", ClipMedia(frames, frames)),
        ("paired", "paired", PairedMedia({"0": (frames[0], frames[1])})),
    ):
        shutil.copyfile(REPORTS / f"{source}.json", folder / f"{name}.json")
        np.savez(folder / f"{name}.npz", allow_pickle=False, **media.to_arrays())
    return folder


def describe(path: Path) -> None:
    """Do what ``vidgan info`` does."""
    info.as_text(info.info(path))


def open_dataset(folder: Path) -> None:
    """Do what every command does with a dataset."""
    describe(folder)
    (manifest,) = run_config.load_datasets("synthesis", [folder])
    manifest.shards("train")
    manifest.epoch_clips(8, 1)


def open_run(folder: Path) -> None:
    """Do what every command does with a run."""
    describe(folder)
    run = run_config.resumed_run(folder, {})
    run.checkpoint("best")
    run.state(run.checkpoint())


def open_report(path: Path) -> None:
    """Do what ``vidgan evaluate --compare`` does with a report."""
    report, media = files.read(path.with_suffix(".json"))
    page.write(path.with_suffix(".html"), [report], [media])


def read_report(path: Path) -> None:
    """Do the first part of :func:`open_report`; the page takes a second."""
    files.read(path.with_suffix(".json"))


# The damaged file below a sound path, what opens that path, and how often.
JSON: tuple[tuple[str, str, Callable[[Path], None], int], ...] = (
    ("dataset", "manifest.json", open_dataset, 300),
    ("run", "config.json", open_run, 300),
    ("run", "checkpoints/step-00000002/state.json", open_run, 150),
    ("clips", "", read_report, 200),
    ("clips", "", open_report, 5),
    ("paired", "", read_report, 200),
    ("paired", "", open_report, 20),
)


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize(("what", "file", "opens", "count"), JSON)
def test_json(
    sound: Path,
    tmp_path: Path,
    what: str,
    file: str,
    opens: Callable[[Path], None],
    count: int,
    seeds: tuple[int, int],
) -> None:
    seed, times = seeds
    rng = random.Random(f"{what} {file} {seed}")
    damaged = tmp_path / what
    if file:
        shutil.copytree(sound / what, damaged)
        target = damaged / file
    else:
        shutil.copyfile(sound / f"{what}.npz", damaged.with_suffix(".npz"))
        target = damaged.with_suffix(".json")
    original = (sound / what / file).read_bytes() if file else (sound / target.name).read_bytes()
    with bounded_memory(2**29):
        target.write_bytes(original)
        opens(damaged)
        for _ in range(count * times):
            target.write_bytes(mutate_json(original, rng))
            with only_proper_errors():
                opens(damaged)


@pytest.mark.parametrize("seeds", SEEDS)
def test_weights(sound: Path, tmp_path: Path, seeds: tuple[int, int]) -> None:
    seed, times = seeds
    rng = random.Random(f"weights {seed}")
    run = Run.open(shutil.copytree(sound / "run", tmp_path / "run"))
    target = run.checkpoint("2") / EMA_NAME
    original = target.read_bytes()
    with bounded_memory(2**29):
        for _ in range(40 * times):
            target.write_bytes(mutate_bytes(original, rng))
            with only_proper_errors():
                run.checkpoint()
            with only_proper_errors():
                load_generator(run, "2")


@pytest.mark.parametrize("seeds", SEEDS)
def test_shards(sound: Path, tmp_path: Path, seeds: tuple[int, int]) -> None:
    seed, times = seeds
    rng = random.Random(f"shards {seed}")
    manifest = Manifest.load(shutil.copytree(sound / "dataset", tmp_path / "dataset"))
    target = Path(manifest.shards("train")[0])
    original = target.read_bytes()
    with bounded_memory(2**29):
        for number in range(24 * times):
            content = mutate_bytes(original, rng)
            target.write_bytes(content if number % 3 else with_checksums(original, content, rng))
            with only_proper_errors():
                list(evaluation_clips(manifest, "train", 8))
            if number % 8 == 0:
                with only_proper_errors():
                    next(checked(training_clips(manifest, 8, 2), manifest))


def with_checksums(original: bytes, damaged: bytes, rng: random.Random) -> bytes:
    """Return a record of damaged content, or of a wrong length, whose checksums are right."""
    file = io.BytesIO()
    write_record(file, damaged[12:-4])
    content = file.getvalue()
    if rng.random() < 0.3:
        length = rng.choice((2**62, 2**40, len(original), 0)).to_bytes(8, "little")
        content = length + masked_crc(length).to_bytes(4, "little") + content[12:]
    return content


VIDEOS = (".mp4", ".mkv", ".gif", ".avi")


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("suffix", VIDEOS)
def test_videos(tmp_path: Path, suffix: str, seeds: tuple[int, int]) -> None:
    seed, times = seeds
    rng = random.Random(f"{suffix} {seed}")
    original = make_video(tmp_path / f"sound{suffix}", 12, (48, 32)).read_bytes()
    target = tmp_path / f"damaged{suffix}"
    with bounded_memory(2**30):
        for number in range(20 * times):
            target.write_bytes(mutate_bytes(original, rng))
            with only_proper_errors():
                vidgan.preprocess(
                    target, tmp_path / "dataset", size=(32, 32), shots="none", overwrite=True
                )
            if number % 2 == 0:
                with only_proper_errors():
                    vidgan.enhance(
                        target, tmp_path / "out.mkv", method="bicubic", scale=2, overwrite=True
                    )
