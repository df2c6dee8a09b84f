"""``vidgan card``: a folder with which a run can be shared."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.config import CardConfig, Group
from vidgan.files import tree_size
from vidgan.remote.places import shown


@click.command(
    "card", cls=options.GroupedCommand, short_help="Write a folder to share a run, with a card."
)
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    cls=options.GroupedOption,
    heading=Group.OUTPUT,
    metavar="FOLDER",
    type=options.path(),
    help="Folder to write.  [default: the name of the run and -card]",
)
@options.from_config(CardConfig)
@click.pass_context
def command(
    context: click.Context, /, run: str | None, output: Path | str | None, **values: Any
) -> None:
    """Write what it takes to share RUN, by default the newest in runs/.

    \b
    FOLDER holds
      README.md                 the model card, for the Hugging Face Hub
      config.json, checkpoints/ the run, with weights as safetensors
      clips.gif, curves.png     the pictures of the card

    All commands open FOLDER like any run. Training clips, discriminators and optimizers are left
    out.
    """
    from vidgan.jobs.card.write_card import write_run_card

    config = CardConfig.from_options(options.given_options(context, values))
    folder = write_run_card(run, output, config, lambda note: click.echo(shown(note), err=True))
    click.echo(shown(f"Wrote {folder} ({tree_size(folder) / 1e6:.1f} MB)"))
