"""``vidgan train``."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vidgan.cli import options
from vidgan.config import DEFAULT_DATASET, ModelConfig, TrainConfig


@click.command(short_help="Train a model on a dataset.")
@click.argument("dataset", type=options.path(), required=False)
@click.option(
    "-o", "--output", type=options.path(), help="Folder of the run.  [default: the next in runs/]"
)
@click.option("--resume", metavar="RUN", help="Go on with this run; latest is the newest in runs/.")
@click.option(
    "--dry-run", is_flag=True, help="Print what would be trained, and how long it takes; stop."
)
@options.from_config(ModelConfig)
@options.from_config(TrainConfig)
@click.pass_context
def command(
    context: click.Context,
    dataset: Path | None,
    output: Path | None,
    resume: str | None,
    dry_run: bool,
    **values: Any,
) -> None:
    """Train a model on DATASET (default: vidgan-data) until --epochs, --steps or --minutes.

    Ctrl-C saves and says how to go on. Without a budget, 100 epochs.
    """
    from vidgan.jobs import plan, train

    given = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if dry_run:
        if resume is not None:
            raise click.UsageError("--dry-run and --resume do not go together")
        click.echo(plan.plan(dataset or DEFAULT_DATASET, **given).text())
        return
    run = train.train(
        dataset, output=output, resume=resume, progress=True, report=click.echo, **given
    )
    click.echo(f"{run}: done. Look at {run / 'samples'}; next: vidgan generate -o out.mp4")
