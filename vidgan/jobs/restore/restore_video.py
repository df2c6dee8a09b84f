"""Restoring one video: open, plan, fill in the parts, join them with the sound."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from vidgan.config import DEFAULT_GROW, InpaintVideo, RestoreConfig
from vidgan.files import atomic_path
from vidgan.jobs.restore.outputs import Pairing, check_output
from vidgan.tiling.filter import Filter
from vidgan.tiling.masks import ColourMask, DamageMask, Mask, open_mask
from vidgan.tiling.parts import Parts
from vidgan.tiling.pipeline import fill_parts
from vidgan.tiling.plan import MOST_COST, TilingPlan, choose
from vidgan.tiling.source import Source
from vidgan.tiling.store import disk_space
from vidgan.version import __version__
from vidgan.video.containers import CONTAINERS, listed
from vidgan.video.join import Timeline, TrackSource, join
from vidgan.video.tracks import track_kinds
from vidgan.video.writers.open import check_rate, choose_codec, container_of

# Options that change the result; the filter and the plan stand for the others.
_DECISIVE = ("start", "end", "max_frames", "compare", "codec", "tolerance", "grow")
# Of a long file's beginning, middle and end: enough to know it again.
_SAMPLE = 1 << 20


def restore_video(
    pairing: Pairing,
    config: RestoreConfig,
    make_filter: Callable[[], Filter],
    progress: bool,
    say: Callable[[str], None],
) -> None:
    """Restore one video.

    Args:
        pairing: the video, its mask and its result.
        config: the options.
        make_filter: returns what restores.
        progress: show a progress bar on a terminal.
        say: called with a line for whatever could not be kept or done.

    Raises:
        VidganError: see :func:`vidgan.jobs.restore.restore.enhance`.
    """
    check_output(pairing, config)
    with contextlib.ExitStack() as stack:
        begin, end = config.span
        source = stack.enter_context(Source(pairing.source, begin, end, config.max_frames))
        check_rate(pairing.output, source.fps)
        for lost in source.lost:
            say(f"{source.path}: it has {lost}")
        mask = None
        if isinstance(config, InpaintVideo) and pairing.mask is not None:
            mask = _open_mask(pairing.mask, source, config)
            stack.callback(mask.close)
        filter = make_filter()
        memory = int(config.memory * 2**30)
        if mask is not None and mask.reach:
            # What the mask looks at is held besides, in colour and in grey.
            memory -= (2 * mask.reach + 1) * 4 * source.size[0] * source.size[1]
        disk = disk_space(pairing.output.parent)
        plan = choose(filter, source.size, source.expected, memory, config.compare, disk)
        if plan.cost > MOST_COST:
            say(
                f"{source.path}: windows and tiles cost {plan.cost:.2f} times the arithmetic of "
                f"whole frames; more --memory than {config.memory:g} makes that less"
            )
        parts = _open_parts(pairing, source, filter, plan, config)
        fresh = not parts.times
        try:
            if parts.end is None:
                with _bar(progress, source, parts, pairing.output.name) as tell:
                    fill_parts(
                        source, mask, filter, plan, parts, compare=config.compare, progress=tell
                    )
            with atomic_path(pairing.output) as temporary:
                for note in _join(parts, source, temporary, pairing.output):
                    say(note)
        except BaseException:
            if parts.discard_unfinished():
                say(
                    f"{pairing.output}: {len(parts.times)} frames are kept in {parts.folder}; "
                    "the same command with --resume goes on"
                )
            raise
        parts.remove()
        if source.problem is not None:
            say(
                f"{source.path}: damaged ({source.problem}); restored are the "
                f"{len(parts.times)} frames that can be decoded"
            )
        if mask is not None and mask.empty and fresh:
            say(f"--mask {pairing.mask}: no hole in it; the frames are copied as they are")


def _open_mask(text: str, source: Source, config: InpaintVideo) -> Mask:
    mask = open_mask(text, source, config.tolerance)
    if config.grow is not None:
        mask.grow = config.grow
    elif isinstance(mask, ColourMask | DamageMask):
        mask.grow = DEFAULT_GROW
    return mask


def _open_parts(
    pairing: Pairing, source: Source, filter: Filter, plan: TilingPlan, config: RestoreConfig
) -> Parts:
    width, height = (side * filter.scale for side in source.size)
    size = (width * 2 if config.compare else width, height)
    rate = Fraction(source.fps).limit_denominator(1001)
    codec = choose_codec(pairing.output, config.codec)
    parts = Parts(pairing.output, codec, rate, size)
    made_of = {
        "vidgan": __version__,
        "input": _fingerprint(pairing.source),
        "mask": pairing.mask and _fingerprint(Path(pairing.mask)),
        "run or method": filter.name,
        "division (--memory)": [plan.frames, plan.step, len(plan.rows), len(plan.columns)],
        "codec": codec,
    }
    values = config.to_json()
    made_of |= {option: values[option] for option in _DECISIVE if option in values}
    if config.resume:
        parts.resume(made_of)
    else:
        parts.start(made_of)
    return parts


def _fingerprint(path: Path) -> str:
    """Return what tells a file from another; for a folder its files' names and sizes."""
    digest = hashlib.sha256(str(path).encode())
    if path.is_dir():
        for file in sorted(path.iterdir()):
            digest.update(f"{file.name} {file.stat().st_size}\n".encode())
    elif path.exists():
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as opened:
            for place in (0, size // 2, max(0, size - _SAMPLE)):
                opened.seek(place)
                digest.update(opened.read(_SAMPLE))
    return digest.hexdigest()


def _join(parts: Parts, source: Source, target: Path, output: Path) -> Iterator[str]:
    """Write the result and yield what it could not keep of the source, a line each."""
    assert parts.end is not None
    container = container_of(output)
    timeline = Timeline(source.tick, parts.times, parts.end, parts.rate)
    if not container.variable_rate and not timeline.is_constant_rate:
        yield (
            f"{source.path}: its frame rate varies, which {container.suffix} cannot store; "
            "converted to a constant rate"
        )
    if not parts.joinable:
        if kinds := track_kinds(source.path):
            yield (
                f"{source.path}: its {listed(tuple(kinds), 'and')} cannot be stored in "
                f"{container.suffix}; left out"
            )
        constant = timeline.at_constant_rate()
        parts.encode(target, [*constant.times, constant.end])
        return
    if source.pixel_aspect != 1 and not container.pixel_aspect:
        shape = f"{source.pixel_aspect.numerator}:{source.pixel_aspect.denominator}"
        able = tuple(suffix for suffix, row in CONTAINERS.items() if row.pixel_aspect)
        yield (
            f"{source.path}: its pixel aspect ratio, {shape}, cannot be stored in "
            f"{container.suffix}; use {listed(able, 'or')}"
        )
    tracks = None
    if not source.path.is_dir():
        end = source.begin + float(parts.end * source.tick) if source.cut else None
        tracks = TrackSource(source.path, source.begin, end)
    yield from join(parts.files, timeline, target, pixel_aspect=source.pixel_aspect, tracks=tracks)


@contextlib.contextmanager
def _bar(
    progress: bool, source: Source, parts: Parts, name: str
) -> Iterator[Callable[[int], None]]:
    """Show a progress bar with frames a second and the time left; yield what moves it."""
    if not progress:
        yield lambda frames: None
        return
    from tqdm import tqdm

    done = len(parts.times)
    # None: no bar where the error stream is no terminal.
    with tqdm(
        total=source.expected or None,
        initial=done,
        unit="frame",
        desc=name,
        disable=None,
        leave=False,
    ) as bar:

        def advance(frames: int) -> None:
            bar.update(frames - bar.n)

        yield advance
