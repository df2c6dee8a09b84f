"""The job behind ``vidgan preprocess``: from videos to a dataset."""

import contextlib
import functools
import logging
import statistics
import sys
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgan.config import DEFAULT_DATASET, PreprocessConfig, RunnerConfig, preprocess_configs
from vidgan.dataset.advice import advise
from vidgan.dataset.build import Build, build, remove_frame_files
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pool import Job, Scanner, cores, scan_all
from vidgan.dataset.preview import write_preview
from vidgan.dataset.scan import Progress, Scan
from vidgan.dataset.staging import PREVIEW_NAME, check_output, disk_size, staging
from vidgan.errors import InputError
from vidgan.models.sizes import check_size
from vidgan.remote.arguments import takes_urls
from vidgan.video.discover import InputSource, discover
from vidgan.video.readers.base import DEFAULT_RATE, VideoInfo
from vidgan.video.readers.open import open_video

logger = logging.getLogger(__name__)

# Default length of a clip in training, for the summary and the preview.
CLIP_FRAMES = 16
# Relative difference of rates that count as one; 24 and 25 frames a second are two.
SIMILAR_RATE = 0.03


@dataclass(frozen=True)
class Summary:
    """Summary of preprocessing.

    Attributes:
        manifest: of the dataset.
        sources: number of sources.
        failures: one line for each source that cannot be used.
        shots: number of shots kept.
        short: number of shots that are too short.
        decoded: number of decoded frames.
        kept: number of frames kept, in train and test.
        dropped: number of dropped frames by reason.
        clips: number of clips of :data:`CLIP_FRAMES` frames by split, without overlap.
        bytes: size on disk.
        warnings: properties of the dataset that may harm training.
    """

    manifest: Manifest
    sources: int
    failures: list[str]
    shots: int
    short: int
    decoded: int
    kept: int
    dropped: dict[str, int]
    clips: dict[str, int]
    bytes: int
    warnings: list[str]

    def __str__(self) -> str:
        """Return the summary as lines for a terminal, without the warnings."""
        manifest = self.manifest
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.dropped.items())
        used = self.sources - len(self.failures)
        lines = {
            "dataset": f"{manifest.path} ({self.bytes / 1e6:.1f} MB)",
            "sources": f"{used}" + (f" ({len(self.failures)} skipped)" if self.failures else ""),
            "frames": f"{self.kept} kept of {self.decoded} decoded, {manifest.width} × "
            f"{manifest.height}, {manifest.fps:.4g} frames/s",
            "dropped": reasons or "none",
            "shots": f"{self.shots}" + (f" ({self.short} too short)" if self.short else ""),
            f"clips of {CLIP_FRAMES}": ", ".join(f"{n} {split}" for split, n in self.clips.items()),
            "labels": ", ".join(manifest.labels),
            "preview": str(manifest.path / PREVIEW_NAME),
        }
        return "\n".join(f"{name + ':':<12} {value}" for name, value in lines.items() if value)


def preprocess(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path = DEFAULT_DATASET,
    *,
    overwrite: bool = False,
    strict: bool = False,
    progress: bool = False,
    **options: Any,
) -> Manifest:
    """Build a dataset from videos.

    Args:
        inputs: a video file, a folder (searched recursively), a glob pattern or a folder of
            numbered images, or several of them.
        output: folder of the dataset.
        overwrite: replace an existing dataset.
        strict: raise an error if any source cannot be used, instead of leaving it out.
        progress: show a progress bar on standard error.
        **options: fields of :class:`vidgan.config.PreprocessConfig` and
            :class:`vidgan.config.RunnerConfig`.

    Returns:
        The manifest of the dataset.

    Raises:
        InputError: an input does not exist, or none can be used.
        OptionError: an option is out of bounds, or the output exists.
        ExportError: the output cannot be written.
    """
    config, runner = preprocess_configs(options)
    summary = run(
        inputs,
        output,
        config,
        runner,
        overwrite=overwrite,
        strict=strict,
        progress=progress,
    )
    for failure in summary.failures:
        logger.warning("skipped: %s", failure)
    for warning in summary.warnings:
        logger.warning("%s", warning)
    return summary.manifest


@takes_urls(output="output")
def run(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    config: PreprocessConfig,
    runner: RunnerConfig,
    *,
    overwrite: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Summary:
    """Build a dataset; see :func:`preprocess`.

    Args:
        inputs: see :func:`preprocess`.
        output: see :func:`preprocess`.
        config: the options.
        runner: where to scan the sources.
        overwrite: see :func:`preprocess`.
        strict: see :func:`preprocess`.
        progress: see :func:`preprocess`.

    Returns:
        A summary, with the manifest.
    """
    output = Path(output)
    check_size(config.size)
    check_output(output, overwrite)
    scanner = _scanner(runner)
    sources = discover([inputs] if isinstance(inputs, (str, Path)) else inputs)
    infos = _probe(sources, config, progress)
    with staging(output, overwrite) as folder:
        frame_files = [folder / f"{i:06d}.frames" for i in range(len(sources))]
        scans = _scan(scanner, sources, infos, frame_files, config, progress)
        failures = [result.error for result in scans if result.error]
        if strict and failures:
            raise InputError(_list("--strict and", failures))
        if len(failures) == len(scans):
            raise InputError(_list("nothing usable:", failures))
        fps = _rate(infos, config) or next(s.fps for s in scans if s.shots)
        made = build(folder, sources, scans, frame_files, config, fps)
        write_preview(folder / PREVIEW_NAME, made, sources, frame_files, CLIP_FRAMES)
        remove_frame_files(frame_files)
        warnings = advise(made, [s.path for s in sources], config, fps, CLIP_FRAMES)
    return _summarise(made, Manifest.load(output), failures, warnings)


def _list(start: str, failures: list[str]) -> str:
    """Return the failures as one message, one line each."""
    if len(failures) == 1:
        return failures[0]
    return "\n  ".join([f"{start} {len(failures)} sources cannot be used", *failures])


def _probe(
    sources: list[InputSource], config: PreprocessConfig, progress: bool
) -> list[VideoInfo | None]:
    """Read the headers, for frame rates and numbers of frames; None if that fails."""

    def probe(source: InputSource) -> VideoInfo | None:
        if source.error:
            return None
        try:
            with open_video(source.path, decoder=config.decoder, threads=1) as reader:
                return reader.info
        except InputError:
            # The scan will report the same error.
            return None

    if len(sources) == 1 and not progress:
        # The rate of the only source is used, and found by its scan.
        return [None]
    with ThreadPoolExecutor(cores()) as threads:
        return list(threads.map(probe, sources))


def _rate(infos: list[VideoInfo | None], config: PreprocessConfig) -> float | None:
    """Return the frame rate of the dataset; None for that of the only source."""
    if config.fps or len(infos) == 1:
        return config.fps
    rates = sorted(info.fps for info in infos if info is not None and info.fps)
    if not rates:
        return DEFAULT_RATE
    # The rates of phones vary from file to file: those near one another count as one. Of equally
    # common ones the lowest is taken: dropping frames looks better than repeating them.
    spans = [
        (
            bisect_left(rates, rate * (1 - SIMILAR_RATE)),
            bisect_right(rates, rate / (1 - SIMILAR_RATE)),
        )
        for rate in sorted(set(rates))
    ]
    start, end = max(spans, key=lambda span: span[1] - span[0])
    return statistics.median_low(rates[start:end])


def _scanner(runner: RunnerConfig) -> Scanner:
    """Return the function that scans sources, which does not change the result.

    Raises:
        OptionError: Beam is not installed, or the runner cannot be used.
    """
    if runner.runner is None:
        return functools.partial(scan_all, workers=runner.workers)
    from vidgan.dataset.beam.scanner import BeamScanner

    return BeamScanner(runner)


def _scan(
    scanner: Scanner,
    sources: list[InputSource],
    infos: list[VideoInfo | None],
    frame_files: list[Path],
    config: PreprocessConfig,
    progress: bool,
) -> list[Scan]:
    usable = [i for i, source in enumerate(sources) if not source.error]
    # The longest first: else one worker may decode a long one in the end while the others wait.
    usable.sort(key=lambda i: -(info.frames if (info := infos[i]) is not None else 0))
    jobs = [Job(sources[i].path, frame_files[i]) for i in usable]
    scans = [Scan(error=source.error) for source in sources]
    with _bar(infos, progress) as advance:
        done = scanner(jobs, config, _rate(infos, config), advance) if jobs else []
    for i, result in zip(usable, done, strict=True):
        scans[i] = result
    return scans


@contextlib.contextmanager
def _bar(infos: list[VideoInfo | None], shown: bool) -> Iterator[Progress | None]:
    """Show a progress bar on standard error; yield a function that takes newly decoded frames."""
    if not shown:
        yield None
        return
    from tqdm import tqdm

    total = sum(info.frames for info in infos if info) or None
    lock = threading.Lock()
    with tqdm(total=total, unit=" frames", desc="Decoding", file=sys.stderr) as bar:

        def advance(frames: int) -> None:
            # Called from the threads of all workers.
            with lock:
                bar.update(frames)

        yield advance


def _summarise(
    made: Build, manifest: Manifest, failures: list[str], warnings: list[str]
) -> Summary:
    dropped: Counter[str] = Counter()
    short = 0
    for source in manifest.sources:
        dropped.update(source["dropped"])
        for run_of_frames in source["rejected"]:
            dropped[run_of_frames["reason"]] += run_of_frames["frames"]
            short += run_of_frames["reason"] == "short"
    splits = manifest.splits
    return Summary(
        manifest=manifest,
        sources=len(manifest.sources),
        failures=failures,
        shots=len(made.shots),
        short=short,
        decoded=sum(source["frames"] for source in manifest.sources),
        kept=sum(split.frames for split in splits.values()),
        dropped=dict(dropped.most_common()),
        clips={name: split.clips(CLIP_FRAMES) for name, split in splits.items()},
        bytes=disk_size(manifest.path),
        warnings=warnings,
    )
