"""``vidgan vary``: variations of a video, without training."""

import os
from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.notes import print_note
from vidgan.config import VaryConfig


@click.command(
    "vary", cls=options.GroupedCommand, short_help="Make variations of a video, without training."
)
@click.argument("input", metavar="IN", type=options.path())
@options.output()
@options.from_config(VaryConfig)
@click.pass_context
def command(
    context: click.Context, /, input: Path | str, output: Path | str, **values: Any
) -> None:
    """Make variations of the video IN from its own patches, without training.

    IN is a video or a folder of numbered images. Suited are water, fire, clouds, crowds and the
    like; things of a fixed form may be cut or doubled.

    \b
    The name of OUT determines what is written:
      .mp4 .webm .avi .gif  one video: variation after variation, or tiled with --grid
      folder or folder/     one video per variation, named by its seed
      .png                  a contact sheet: one row per variation
      .npy                  an array (variations, frames, height, width, 3), RGB, 0 to 255
    """
    # On a busy machine the threads of NumPy's small matrix products wait for each other several
    # times as long as they compute. NumPy reads it when it is loaded; Faiss has its own threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from vidgan.jobs.vary.vary import vary_video

    config = VaryConfig.from_options(options.given_options(context, values))
    result = vary_video(input, output, config, progress=True, notify=print_note)
    size = sum(path.stat().st_size for path in result.paths)
    what = output if len(result.paths) == 1 else f"{output}: {len(result.paths)} files"
    click.echo(f"Wrote {what} ({size / 1e6:.1f} MB)")
