"""``vidgan train``."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vidgan.cli import options
from vidgan.config import (
    DEFAULT_DATASET,
    DEFAULT_TASK,
    TASK_OPTIONS,
    TASKS,
    ModelConfig,
    TrainConfig,
)


@click.command(short_help="Train a model on a dataset.")
@click.argument("datasets", metavar="[DATASET]...", type=options.path(), nargs=-1)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    help="What to train.  [default: synthesis: make new clips]",
)
@click.option(
    "-o", "--output", type=options.path(), help="Folder of the run.  [default: the next in runs/]"
)
@click.option("--resume", metavar="RUN", help="Go on with this run; latest is the newest in runs/.")
@click.option(
    "--dry-run", is_flag=True, help="Print what would be trained, and how long it takes; stop."
)
@options.from_config(ModelConfig)
@options.from_config(TrainConfig)
@options.from_tasks()
@click.pass_context
def command(
    context: click.Context,
    datasets: tuple[Path, ...],
    task: str | None,
    output: Path | None,
    resume: str | None,
    dry_run: bool,
    **values: Any,
) -> None:
    """Train a model on DATASET (default: vidgan-data) until --epochs, --steps or --minutes.

    Ctrl-C saves and says how to go on. Without a budget, 100 epochs.

    Options mean the same to all tasks, those named in their text only to these; what a task has
    no use for is refused.
    """
    from vidgan.jobs.train import train, training_plan
    from vidgan.training.run import Run

    if len(datasets) > 2:
        raise click.UsageError(f"no task learns from {len(datasets)} datasets")
    given = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if dry_run:
        if resume is not None:
            raise click.UsageError("--dry-run and --resume do not go together")
        folders = datasets or (DEFAULT_DATASET,)
        click.echo(training_plan.plan(*folders, task=task or DEFAULT_TASK, **given).text())
        return
    given |= {"output": output, "resume": resume}
    run = train.train(*datasets, task=task, progress=True, report=click.echo, **given)
    example = TASK_OPTIONS[Run.open(run).task].example
    click.echo(f"{run}: done. Look at {run / 'samples'}; next: {example}")
