"""The commands that turn video into video: one for every task that has a ``VideoCommand``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidgan.cli import options
from vidgan.cli.notes import print_note
from vidgan.config import TASK_OPTIONS, Group, MaskedRestoreConfig, VideoCommand
from vidgan.remote.places import shown
from vidgan.video.containers import CONTAINERS, listed

if TYPE_CHECKING:
    from vidgan.jobs.restore.restore import RestoreResult


def command_names() -> list[str]:
    """Return the names of the commands, which are those of their tasks."""
    return [name for name, spec in TASK_OPTIONS.items() if spec.video is not None]


def build_command(task: str) -> click.Command:
    """Build the command of a task from its entry in ``TASK_OPTIONS``."""
    video = TASK_OPTIONS[task].video
    assert video is not None, f"task {task} has no command for videos"

    def callback(
        context: click.Context,
        /,
        input: Path | str,
        output: Path | str,
        run: str | None,
        mask: str | None = None,
        **values: Any,
    ) -> None:
        from vidgan.jobs.restore.restore import restore

        given: dict[str, Any] = options.given_options(context, values)
        result = restore(
            task, input, output, run, mask=mask, progress=True, notify=print_note, **given
        )
        print_result(result)

    decorators: list[Callable[[Any], Any]] = [
        click.argument("input", metavar="IN", type=options.path()),
        click.argument("run", required=False),
        options.output(),
        options.from_config(video.config),
    ]
    if issubclass(video.config, MaskedRestoreConfig):
        mask = click.option(
            "--mask",
            cls=options.GroupedOption,
            heading=Group.INPUT,
            required=True,
            help="Area to fill; see above.",
        )
        decorators.insert(2, mask)
    function: Any = click.pass_context(callback)
    for decorate in reversed(decorators):
        function = decorate(function)
    make = click.command(
        task, cls=options.GroupedCommand, short_help=video.summary, help=_help(task, video)
    )
    command: click.Command = make(function)
    return command


def _help(task: str, video: VideoCommand) -> str:
    masks = ", and MASK may be a folder" if issubclass(video.config, MaskedRestoreConfig) else ""
    paragraphs = (
        f"{video.action} the video IN with RUN, by default the newest of vidgan train "
        f"--task {task}.",
        *video.paragraphs,
        f"IN is a video, a folder of numbered images, or a folder of videos; then OUT is a "
        f"folder{masks}. OUT is {listed(tuple(CONTAINERS), 'or')}. Sound, subtitles, times and "
        "rotation are kept.",
    )
    return "\n\n".join(paragraphs)


def print_result(result: "RestoreResult") -> None:
    """Print the files written and the failures; exit with 1 if there are any failures."""
    for failure in result.failures:
        click.echo(shown(f"Warning: skipped {failure}"), err=True)
    if result.paths:
        size = sum(path.stat().st_size for path in result.paths)
        one = len(result.paths) == 1
        what = result.paths[0] if one else f"{len(result.paths)} files"
        click.echo(shown(f"Wrote {what} ({size / 1e6:.1f} MB)"))
    if result.failures:
        raise click.exceptions.Exit(1)
