"""The jobs behind ``vidgan enhance``, ``vidgan inpaint`` and ``vidgan translate``."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgan.config import (
    DEFAULT_SCALE,
    EnhanceVideo,
    InpaintVideo,
    RestoreConfig,
    TranslateVideo,
)
from vidgan.errors import OptionError, RunError, VidganError
from vidgan.jobs.restore.outputs import pair_up
from vidgan.jobs.restore.restore_video import restore_video
from vidgan.tiling import classical
from vidgan.tiling.filter import Filter

Say = Callable[[str], None]


def _silent(note: str) -> None:
    """Drop a note."""


@dataclass
class Restored:
    """What became of the videos.

    Attributes:
        paths: the files written.
        failures: a line for each video of a folder that could not be restored.
    """

    paths: list[Path] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def enhance(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    say: Say = _silent,
    **options: Any,
) -> Restored:
    """Restore a video, or every video in a folder: sharper, larger, without noise.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: ``.mp4``, ``.webm``, ``.avi``, ``.gif`` or ``.mkv``; a folder for a folder.
        run: a run of ``vidgan train --task enhance``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        say: called with a line for whatever could not be kept or done.
        **options: the fields of :class:`vidgan.config.EnhanceVideo`, such as ``method="bicubic"``.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        InputError: the video cannot be read.
        RunError: no run there, or one of another task.
        ExportError: the output is there already or cannot be written.
    """
    config = EnhanceVideo.from_options(options)
    method: Callable[[], Filter] | None = None
    if config.method == "bicubic":
        method = functools.partial(classical.bicubic, config.scale or DEFAULT_SCALE)
    elif config.method == "nlmeans":
        method = functools.partial(classical.nlmeans, config.strength, config.scale or 1)
    filter = method or _trained("enhance", run, config, "bicubic", scale=config.scale)
    _one_of(run, config.method)
    return _restore(input, output, config, filter, None, progress, say)


def inpaint(
    input: Path | str,
    mask: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    say: Say = _silent,
    **options: Any,
) -> Restored:
    """Fill the holes of a video; what lies outside them stays as it is.

    Args:
        input: as in :func:`enhance`.
        mask: where the holes are: a video or image that is white there, a box ``x,y,w,h`` in
            pixels, a colour ``#rrggbb``, or ``auto`` for scratches and dust. With a folder of
            videos also a folder of masks, each under the name of its video.
        output: as in :func:`enhance`.
        run: a run of ``vidgan train --task inpaint``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        say: called with a line for whatever could not be kept or done.
        **options: the fields of :class:`vidgan.config.InpaintVideo`, such as ``method="telea"``.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        InputError: the video or mask cannot be read, or they do not go together.
        RunError: no run there, or one of another task.
        ExportError: the output is there already or cannot be written.
    """
    config = InpaintVideo.from_options(options)
    methods = {"telea": classical.telea, "median": classical.median}
    filter = methods.get(config.method or "") or _trained("inpaint", run, config, "telea")
    _one_of(run, config.method)
    return _restore(input, output, config, filter, str(mask), progress, say)


def translate(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    say: Say = _silent,
    **options: Any,
) -> Restored:
    """Turn a video of one domain into one of the other.

    Args:
        input: as in :func:`enhance`.
        output: as in :func:`enhance`.
        run: a run of ``vidgan train --task translate``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        say: called with a line for whatever could not be kept or done.
        **options: the fields of :class:`vidgan.config.TranslateVideo`.

    Raises:
        OptionError: an option is unknown or out of bounds.
        InputError: the video cannot be read.
        RunError: no run there, or one of another task.
        ExportError: the output is there already or cannot be written.
    """
    config = TranslateVideo.from_options(options)
    filter = _trained("translate", run, config, None, direction=config.direction)
    return _restore(input, output, config, filter, None, progress, say)


def _one_of(run: Path | str | None, method: str | None) -> None:
    if run is not None and method is not None:
        raise OptionError(f"--method {method} needs no run; leave it or {run} out")


def _trained(
    task: str, run: Path | str | None, config: RestoreConfig, method: str | None, **wanted: Any
) -> Callable[[], Filter]:
    """Return what loads a run's filter: nothing is loaded before the videos are looked at."""

    def load() -> Filter:
        from vidgan.jobs.restore.trained_filter import trained_filter

        try:
            return trained_filter(
                task, run, config.checkpoint, config.device, config.precision, **wanted
            )
        except RunError as error:
            if run is not None or method is None:
                raise
            raise RunError(f"{error}, or use --method {method}") from None

    return load


def _restore(
    input: Path | str,
    output: Path | str,
    config: RestoreConfig,
    make_filter: Callable[[], Filter],
    mask: str | None,
    progress: bool,
    say: Say,
) -> Restored:
    once = functools.cache(make_filter)
    restored = Restored()
    pairings = pair_up(Path(input), Path(output), config, mask)
    if not isinstance(pairings, list):
        restore_video(pairings, config, once, progress, say)
        restored.paths.append(pairings.output)
        return restored
    for pairing in pairings:
        try:
            restore_video(pairing, config, once, progress, say)
        except (OptionError, RunError):
            # These would be the same for all.
            raise
        except VidganError as error:
            restored.failures.append(str(error))
        else:
            restored.paths.append(pairing.output)
    return restored
