"""``vidgan inpaint``: fill what a mask hides."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.restored import report, say
from vidgan.config import InpaintVideo


@click.command("inpaint", short_help="Fill holes in video: logos, objects, scratches.")
@click.argument("input", metavar="IN", type=options.path())
@click.argument("run", required=False)
@click.option("--mask", required=True, help="Where the holes are; see above.")
@options.output()
@options.from_config(InpaintVideo)
def command(input: Path, mask: str, output: Path, run: str | None, **values: Any) -> None:
    """Fill holes in the video IN with RUN, by default the newest of vidgan train --task inpaint.

    \b
    MASK says where the holes are:
      a video or image      of the size of IN, white where the holes are
      x,y,w,h               a box in pixels: its corner at the top left, then its size
      #rrggbb               wherever that colour is; see --tolerance
      auto                  wherever scratches and dust are found, as on old film

    IN is a video, a folder of numbered images, or a folder of videos; OUT then is a folder, too,
    and MASK may be one. OUT is .mp4, .webm, .avi, .gif or .mkv. Sound, subtitles, times and
    rotation are kept, and so is every pixel outside the holes, but for what the codec changes
    (--codec ffv1 and .mkv change nothing).
    """
    from vidgan.jobs.restore.restore import inpaint

    report(inpaint(input, mask, output, run, progress=True, say=say, **values))
