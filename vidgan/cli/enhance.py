"""``vidgan enhance``: restore video with a trained run."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.restored import report, say
from vidgan.config import EnhanceVideo


@click.command("enhance", short_help="Restore video: sharper, larger, without noise.")
@click.argument("input", metavar="IN", type=options.path())
@click.argument("run", required=False)
@options.output()
@options.from_config(EnhanceVideo)
def command(input: Path, output: Path, run: str | None, **values: Any) -> None:
    """Restore the video IN with RUN, by default the newest of vidgan train --task enhance.

    IN is a video, a folder of numbered images, or a folder of videos; OUT then is a folder, too.
    OUT is .mp4, .webm, .avi, .gif or .mkv. Sound, subtitles, times and rotation are kept.
    """
    from vidgan.jobs.restore.restore import enhance

    report(enhance(input, output, run, progress=True, say=say, **values))
