"""Restoring one video: open it, plan, filter it part by part, join the parts with the sound."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from vidgan.config import (
    DEFAULT_GROW,
    DEFAULT_TIMES,
    InterpolateVideo,
    MaskedRestoreConfig,
    RestoreConfig,
)
from vidgan.files import atomic_path, locked
from vidgan.jobs.restore.restore_jobs import RestoreJob, check_output
from vidgan.tiling.filter import Filter
from vidgan.tiling.interpolated_source import InterpolatedSource
from vidgan.tiling.masks import ColourMask, DamageMask, Mask, open_mask
from vidgan.tiling.parts import Parts
from vidgan.tiling.pipeline import restore_parts
from vidgan.tiling.plan import MAX_COST, TilingPlan, choose_plan
from vidgan.tiling.source import FrameSource, VideoSource
from vidgan.tiling.store import disk_space
from vidgan.version import __version__
from vidgan.video.containers import CONTAINERS, keeps_pixel_aspect, listed
from vidgan.video.interpolation import BYTES_PER_PIXEL
from vidgan.video.join import MAX_RATE, Timeline, TrackSource, join
from vidgan.video.tracks import track_kinds
from vidgan.video.writers.open import check_rate, choose_codec, container_of
from vidgan.video.writers.pyav import plain_errors

# Options that change the result, besides those that the filter and the plan depend on.
_RESULT_OPTIONS = (
    *("start", "end", "max_frames", "compare", "codec", "tolerance", "grow", "rate", "times"),
)
# Bytes that are hashed at the beginning, middle and end of a file to recognise it.
_HASHED_BYTES = 1 << 20


def restore_video(
    job: RestoreJob,
    config: RestoreConfig,
    make_filter: Callable[[], Filter],
    progress: bool,
    notify: Callable[[str], None],
) -> None:
    """Restore one video.

    Args:
        job: the video, its mask and its output.
        config: the options.
        make_filter: returns the filter; called once the inputs have been checked.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.

    Raises:
        VidganError: see :func:`vidgan.jobs.restore.restore.restore`.
    """
    check_output(job, config)
    with contextlib.ExitStack() as stack:
        begin, end = config.span
        video = stack.enter_context(VideoSource(job.source, begin, end, config.max_frames))
        source = _source(video, config)
        check_rate(job.output, source.fps)
        told = source.notes
        for note in told:
            notify(f"{source.path}: {note}")
        mask = None
        if isinstance(config, MaskedRestoreConfig) and job.mask is not None:
            mask = _open_mask(job.mask, video, config)
            stack.callback(mask.close)
        filter = make_filter()
        memory = int(config.memory * 2**30)
        if mask is not None and mask.reach:
            # The detector of a mask holds frames too, in RGB and in grey.
            memory -= (2 * mask.reach + 1) * 4 * source.size[0] * source.size[1]
        if isinstance(source, InterpolatedSource):
            memory -= BYTES_PER_PIXEL * source.size[0] * source.size[1]
        disk = disk_space(job.output.parent)
        plan = choose_plan(
            filter, source.size, source.expected_frames, memory, config.compare, disk
        )
        if plan.cost > MAX_COST:
            notify(
                f"{source.path}: windows and tiles need {plan.cost:.2f} times the computation of "
                f"whole frames; a --memory above {config.memory:g} lowers that"
            )
        parts = _find_parts(job, source, filter, config)
        parts.refuse_links()
        stack.enter_context(locked(parts.folder, job.output))
        settings = _settings(job, filter, plan, config)
        resumed = config.resume and parts.resume(settings)
        from_start = not parts.times
        try:
            if not resumed:
                parts.start(settings)
            if parts.end is None:
                with _progress_bar(progress, source, parts, job.output.name) as advance:
                    restore_parts(
                        source, mask, filter, plan, parts, compare=config.compare, progress=advance
                    )
            with atomic_path(job.output) as temporary, plain_errors(job.output):
                for note in _join(parts, source, temporary, job.output):
                    notify(note)
        except BaseException:
            if parts.discard_unfinished():
                notify(
                    f"{job.output}: {len(parts.times)} frames are kept in {parts.folder}; "
                    "run the same command with --resume to continue"
                )
            raise
        parts.remove()
        for note in source.notes:
            if note not in told:
                notify(f"{source.path}: {note}")
        if source.problem is not None:
            notify(
                f"{source.path}: damaged ({source.problem}); the result has the "
                f"{len(parts.times)} frames that can be decoded"
            )
        if mask is not None and mask.empty and from_start:
            notify(f"--mask {job.mask}: empty in all frames; they are copied unchanged")


def _source(video: VideoSource, config: RestoreConfig) -> FrameSource:
    """Return the frames that the filter takes."""
    if not isinstance(config, InterpolateVideo):
        return video
    times = config.times or DEFAULT_TIMES
    return InterpolatedSource(video, times, config.rate, use_flow=config.method != "blend")


def _open_mask(text: str, source: VideoSource, config: MaskedRestoreConfig) -> Mask:
    mask = open_mask(text, source, config.tolerance)
    if config.grow is not None:
        mask.grow = config.grow
    elif isinstance(mask, ColourMask | DamageMask):
        mask.grow = DEFAULT_GROW
    return mask


def _find_parts(
    job: RestoreJob, source: FrameSource, filter: Filter, config: RestoreConfig
) -> Parts:
    width, height = (side * filter.scale for side in source.size)
    size = (width * 2 if config.compare else width, height)
    rate = Fraction(source.fps).limit_denominator(1001)
    return Parts(job.output, choose_codec(job.output, config.codec), rate, size)


def _settings(
    job: RestoreJob, filter: Filter, plan: TilingPlan, config: RestoreConfig
) -> dict[str, Any]:
    """Return everything that the result depends on, as JSON values."""
    settings: dict[str, Any] = {
        "vidgan": __version__,
        "input": _fingerprint(job.source),
        "mask": job.mask and _fingerprint(Path(job.mask)),
        "run or method": filter.name,
        "division (--memory)": [plan.frames, plan.step, len(plan.rows), len(plan.columns)],
        "codec": choose_codec(job.output, config.codec),
    }
    values = config.to_json()
    return settings | {option: values[option] for option in _RESULT_OPTIONS if option in values}


def _fingerprint(path: Path) -> str:
    """Return a hash that identifies a file; of a folder, that of its files' names and sizes."""
    digest = hashlib.sha256(os.fsencode(path))
    if path.is_dir():
        for file in sorted(path.iterdir()):
            digest.update(os.fsencode(f"{file.name} {file.stat().st_size}\n"))
    elif path.exists():
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as opened:
            for place in (0, size // 2, max(0, size - _HASHED_BYTES)):
                opened.seek(place)
                digest.update(opened.read(_HASHED_BYTES))
    return digest.hexdigest()


def _join(parts: Parts, source: FrameSource, target: Path, output: Path) -> Iterator[str]:
    """Write the result; yield what could not be kept of the source, one line each."""
    assert parts.end is not None
    container = container_of(output)
    timeline = Timeline(source.time_base, parts.times, parts.end, parts.rate)
    constant = None
    if not container.variable_rate:
        max_rate = MAX_RATE if container.max_fps is None else Fraction(container.max_fps)
        constant = timeline.at_constant_rate(max_rate, drop=not parts.joinable)
        if not timeline.is_constant_rate:
            dropped = sum(after == place for place, after in pairwise(constant.times))
            without = f", without {dropped} frames" if dropped else ""
            yield (
                f"{source.path}: its frame rate varies, which {container.suffix} cannot store; "
                f"converted to a constant rate of {float(1 / constant.time_base):.4g}{without}"
            )
    if not parts.joinable:
        assert constant is not None, "a codec that cannot be joined goes into .gif only"
        if kinds := track_kinds(source.path):
            yield (
                f"{source.path}: its {listed(tuple(kinds), 'and')} cannot be stored in "
                f"{container.suffix}; left out"
            )
        parts.encode(target, 1 / constant.time_base, [*constant.times, constant.end])
        return
    if source.pixel_aspect != 1 and not keeps_pixel_aspect(container.suffix, parts.codec):
        shape = f"{source.pixel_aspect.numerator}:{source.pixel_aspect.denominator}"
        able = tuple(
            f"{suffix} ({codec})"
            for suffix, row in CONTAINERS.items()
            if keeps_pixel_aspect(suffix, codec := row.codecs[0])
        )
        yield (
            f"{source.path}: its pixel aspect ratio, {shape}, cannot be stored in "
            f"{container.suffix} ({parts.codec}); use {listed(able, 'or')}"
        )
    tracks = None
    if not source.path.is_dir():
        end = source.begin + float(parts.end * source.time_base) if source.is_span else None
        tracks = TrackSource(source.path, source.begin, end)
    yield from join(parts.files, timeline, target, pixel_aspect=source.pixel_aspect, tracks=tracks)


@contextlib.contextmanager
def _progress_bar(
    shown: bool, source: FrameSource, parts: Parts, name: str
) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield a function that takes the number of finished frames."""
    if not shown:
        yield lambda frames: None
        return
    from tqdm import tqdm

    # With disable=None there is no bar if standard error is no terminal.
    with tqdm(
        total=source.expected_frames or None,
        initial=len(parts.times),
        unit="frame",
        desc=name,
        disable=None,
        leave=False,
    ) as bar:

        def advance(frames: int) -> None:
            bar.update(frames - bar.n)

        yield advance
