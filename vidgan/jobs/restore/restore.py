"""The job behind ``vidgan enhance`` and the commands of other tasks for videos."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgan.config import TASK_OPTIONS, MaskedRestoreConfig, RestoreConfig, VideoCommand
from vidgan.errors import OptionError, RunError, VidganError
from vidgan.jobs.restore.classical_filters import METHODS
from vidgan.jobs.restore.restore_jobs import RestoreJob, find_jobs
from vidgan.jobs.restore.restore_video import restore_video
from vidgan.remote.arguments import takes_urls
from vidgan.tiling.filter import Filter

logger = logging.getLogger(__name__)

Notify = Callable[[str], None]


def _silent(note: str) -> None:
    """Drop a note."""


@dataclass
class RestoreResult:
    """Files written by :func:`restore`.

    Attributes:
        paths: the files.
        failures: one line for each video of a folder that could not be processed.
    """

    paths: list[Path] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@takes_urls(output="output")
def restore(
    task: str,
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    mask: Path | str | None = None,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Apply a run of a task, or a classical filter, to a video or to every video in a folder.

    Args:
        task: a task for videos, such as ``enhance``.
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file with a suffix of :data:`vidgan.video.containers.CONTAINERS`, such as
            ``.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of the task; the newest under ``runs`` by default.
        mask: the area to fill, for tasks with a mask; see :func:`inpaint`.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of the task's config, such as :class:`vidgan.config.EnhanceVideo`.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        InputError: the video or mask cannot be read, or they do not match.
        RunError: the run does not exist, or was trained for another task.
        ExportError: the output exists already or cannot be written.
    """
    command = _command(task)
    config = command.config.from_options(options)
    if (mask is not None) != isinstance(config, MaskedRestoreConfig):
        raise OptionError(f"vidgan {task} {'needs' if mask is None else 'takes no'} --mask")
    method: str | None = options.get("method")
    if run is not None and method is not None:
        raise OptionError(f"--method {method} needs no run; leave out --method or {run}")
    make_filter = functools.cache(
        functools.partial(METHODS[method], config)
        if method is not None
        else functools.partial(_trained_filter, task, command, run, config)
    )
    jobs = find_jobs(Path(input), Path(output), config, None if mask is None else str(mask))
    if isinstance(jobs, RestoreJob):
        restore_video(jobs, config, make_filter, progress, notify)
        return RestoreResult([jobs.output])
    result = RestoreResult()
    for job in jobs:
        try:
            restore_video(job, config, make_filter, progress, notify)
        except (OptionError, RunError):
            # Every other video would fail in the same way.
            raise
        except VidganError as error:
            result.failures.append(str(error))
        except Exception as error:  # One video must not cost the others.
            logger.debug("%s", job.source, exc_info=True)
            reason = " ".join(str(error).split()) or type(error).__name__
            result.failures.append(f"{job.source}: cannot be processed ({reason:.300})")
        else:
            result.paths.append(job.output)
    return result


def _command(task: str) -> VideoCommand:
    commands = {name: spec.video for name, spec in TASK_OPTIONS.items() if spec.video is not None}
    if task not in commands:
        raise OptionError(f"task {task!r} is none of {', '.join(commands)}")
    return commands[task]


def _trained_filter(
    task: str, command: VideoCommand, run: Path | str | None, config: RestoreConfig
) -> Filter:
    """Load the filter of a run; deferred until the videos have been checked."""
    from vidgan.jobs.restore.trained_filter import trained_filter

    wanted = {name: getattr(config, name) for name in command.filter_options}
    try:
        return trained_filter(
            task, run, config.checkpoint, config.device, config.precision, **wanted
        )
    except RunError as error:
        if run is not None or not command.methods:
            raise
        raise RunError(f"{error}, or use --method {command.methods[0]}") from None


def enhance(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Enhance a video, or every video in a folder: sharper, larger, without noise.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file such as ``output.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of ``vidgan train --task enhance``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of :class:`vidgan.config.EnhanceVideo`, such as ``method="bicubic"``.

    Raises:
        VidganError: see :func:`restore`.
    """
    return restore("enhance", input, output, run, progress=progress, notify=notify, **options)


def inpaint(
    input: Path | str,
    mask: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Fill the masked area of a video; pixels outside the mask stay as they are.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        mask: the area to fill: a video or image that is white there, a box ``x,y,w,h`` in pixels,
            a colour ``#rrggbb``, or ``auto`` for scratches and dust. For a folder of videos also a
            folder of masks, each with the name of its video.
        output: a file such as ``output.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of ``vidgan train --task inpaint``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of :class:`vidgan.config.InpaintVideo`, such as ``method="telea"``.

    Raises:
        VidganError: see :func:`restore`.
    """
    return restore(
        "inpaint", input, output, run, mask=mask, progress=progress, notify=notify, **options
    )


def interpolate(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Compute frames between the frames of a video, for smoother motion.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file such as ``output.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of ``vidgan train --task interpolate``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of :class:`vidgan.config.InterpolateVideo`, such as ``rate=60``.

    Raises:
        VidganError: see :func:`restore`.
    """
    return restore("interpolate", input, output, run, progress=progress, notify=notify, **options)


def colorize(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Give colours to a black-and-white video, or every video in a folder.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file such as ``output.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of ``vidgan train --task colorize``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of :class:`vidgan.config.ColorizeVideo`, such as
            ``reference="painted.png"``.

    Raises:
        VidganError: see :func:`restore`.
    """
    return restore("colorize", input, output, run, progress=progress, notify=notify, **options)


def translate(
    input: Path | str,
    output: Path | str,
    run: Path | str | None = None,
    *,
    progress: bool = False,
    notify: Notify = _silent,
    **options: Any,
) -> RestoreResult:
    """Translate a video from one domain to the other.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file such as ``output.mp4``; a folder if ``input`` is a folder of videos.
        run: a run of ``vidgan train --task translate``; the newest under ``runs`` by default.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything that could not be kept or done.
        **options: fields of :class:`vidgan.config.TranslateVideo`, such as ``direction="b2a"``.

    Raises:
        VidganError: see :func:`restore`.
    """
    return restore("translate", input, output, run, progress=progress, notify=notify, **options)
