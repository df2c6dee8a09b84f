"""``vidgan generate``: clips from a trained run."""

from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.notes import print_note
from vidgan.config import DEFAULT_OUTPUT, GenerateConfig, Group


@click.command(
    "generate", cls=options.GroupedCommand, short_help="Generate clips from a trained run."
)
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    cls=options.GroupedOption,
    heading=Group.COMMON,
    default=DEFAULT_OUTPUT,
    show_default=True,
    help="Output; see above.",
)
@options.from_config(GenerateConfig)
@click.pass_context
def command(context: click.Context, /, run: str | None, output: str, **values: Any) -> None:
    """Generate clips from RUN, by default the newest one in runs/.

    \b
    The name of OUTPUT determines what is written:
      .mp4 .webm .avi .gif  one video: clip after clip, or tiled with --grid or --sweep
      folder or folder/     one video per clip, named by its seed
      .png                  a contact sheet: one row per clip; with --sweep a frame of each clip
      .npy                  an array (clips, frames, height, width, 3), RGB, 0 to 255
    """
    from vidgan.jobs.generate.generate import generate_clips

    config = GenerateConfig.from_options(options.given_options(context, values))
    paths = generate_clips(run, output, config, progress=True, notify=print_note)
    size = sum(path.stat().st_size for path in paths)
    what = output if len(paths) == 1 else f"{output}: {len(paths)} files"
    click.echo(f"Wrote {what} ({size / 1e6:.1f} MB)")
