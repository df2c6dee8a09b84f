"""``vidgan export``: a trained network as a file that runs without vidgan."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.config import ExportConfig, Group
from vidgan.files import tree_size
from vidgan.remote.places import shown


@click.command(
    "export", cls=options.GroupedCommand, short_help="Write a run as ONNX, SavedModel or LiteRT."
)
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    cls=options.GroupedOption,
    heading=Group.OUTPUT,
    metavar="FOLDER",
    type=options.path(),
    help="Folder to write.  [default: the name of the run and the format]",
)
@options.from_config(ExportConfig)
@click.pass_context
def command(
    context: click.Context, /, run: str | None, output: Path | str | None, **values: Any
) -> None:
    """Write the network of RUN so that it runs without vidgan, by default of the newest in runs/.

    \b
    FOLDER holds
      model.onnx, saved_model/ or model.tflite   the network
      model.json                                 its inputs and outputs, for programs
      README.md                                  the same, and a program that runs it
    """
    from vidgan.jobs.export.export import export_run

    config = ExportConfig.from_options(options.given_options(context, values))
    folder = export_run(run, output, config)
    click.echo(shown(f"Wrote {folder} ({tree_size(folder) / 1e6:.1f} MB)"))
