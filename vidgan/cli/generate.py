"""``vidgan generate``: clips from a trained run."""

from typing import Any

import click

from vidgan.cli import options
from vidgan.config import DEFAULT_OUTPUT, GenerateConfig


@click.command("generate", short_help="Generate clips from a trained run.")
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    default=DEFAULT_OUTPUT,
    show_default=True,
    help="Where to; see above.",
)
@options.from_config(GenerateConfig)
def command(run: str | None, output: str, **values: Any) -> None:
    """Generate clips from RUN, by default the newest one under runs.

    \b
    OUTPUT decides what you get:
      .mp4 .webm .avi .gif  one video: clip after clip, or tiled with --grid or --sweep
      folder or folder/     one video a clip, named by the seed that makes it again
      .png                  a contact sheet: a row a clip; with --sweep a frame of each clip
      .npy                  an array (clips, frames, height, width, 3), RGB, 0 to 255
    """
    from vidgan.jobs.generate.generate import generate

    paths = generate(run, output, progress=True, **values)
    size = sum(path.stat().st_size for path in paths)
    what = output if len(paths) == 1 else f"{output}: {len(paths)} files"
    click.echo(f"Wrote {what} ({size / 1e6:.1f} MB)")
