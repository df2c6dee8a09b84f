"""``vidgan translate``: turn video of one domain into another."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.restored import report, say
from vidgan.config import TranslateVideo


@click.command("translate", short_help="Turn video of one kind into another.")
@click.argument("input", metavar="IN", type=options.path())
@click.argument("run", required=False)
@options.output()
@options.from_config(TranslateVideo)
def command(input: Path, output: Path, run: str | None, **values: Any) -> None:
    """Translate the video IN with RUN, by default the newest of vidgan train --task translate.

    IN is a video, a folder of numbered images, or a folder of videos; OUT then is a folder, too.
    OUT is .mp4, .webm, .avi, .gif or .mkv. Sound, subtitles, times and rotation are kept.
    """
    from vidgan.jobs.restore.restore import translate

    report(translate(input, output, run, progress=True, say=say, **values))
