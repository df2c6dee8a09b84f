"""``vidgan train``."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.hyperlinks import path_link
from vidgan.config import (
    DEFAULT_DATASET,
    DEFAULT_TASK,
    TASK_OPTIONS,
    TASKS,
    Group,
    ModelConfig,
    TrainConfig,
    TrainingOptions,
)
from vidgan.remote.places import shown


def _common_option(*names: str, **kwargs: Any) -> options.Decorator[Any]:
    return click.option(*names, cls=options.GroupedOption, heading=Group.COMMON, **kwargs)


@click.command(cls=options.GroupedCommand, short_help="Train a model on a dataset.")
@click.argument("datasets", metavar="[DATASET]...", type=options.path(), nargs=-1)
@_common_option(
    "--task",
    type=click.Choice(TASKS),
    help="Task to train for: "
    + "; ".join(f"{name}: {spec.summary}" for name, spec in TASK_OPTIONS.items())
    + f".  [default: {DEFAULT_TASK}]",
)
@_common_option(
    "-o", "--output", type=options.path(), help="Folder of the run.  [default: the next in runs/]"
)
@_common_option(
    "--resume", metavar="RUN", help="Continue this run; latest is the newest one in runs/."
)
@_common_option(
    "--dry-run", is_flag=True, help="Print the configuration and the estimated time, and stop."
)
@options.from_config(ModelConfig)
@options.from_config(TrainConfig)
@options.from_tasks()
@click.pass_context
def command(
    context: click.Context,
    /,
    datasets: tuple[Path | str, ...],
    task: str | None,
    output: Path | str | None,
    resume: str | None,
    dry_run: bool,
    **values: Any,
) -> None:
    """Train a model on DATASET (default: vidgan-data) until --epochs, --steps or --minutes.

    Ctrl-C saves the run and prints how to continue it. Task translate takes two datasets.

    Options under the heading of a task, or marked "only", are for these tasks; other tasks refuse
    them.
    """
    from vidgan.jobs.train import train, training_plan
    from vidgan.runtime import find_worker
    from vidgan.training.run import Run
    from vidgan.training.run_lookup import SAMPLES

    if len(datasets) > 2:
        raise click.UsageError(f"no task takes {len(datasets)} datasets")
    given = options.given_options(context, values)
    if dry_run:
        if resume is not None:
            raise click.UsageError("--dry-run and --resume do not go together")
        folders = datasets or (Path(DEFAULT_DATASET),)
        requested = TrainingOptions.parse(task or DEFAULT_TASK, given)
        click.echo(training_plan.plan(folders, requested).text())
        return
    run = train.run_training(
        datasets,
        given,
        task=task,
        output=output,
        resume=resume,
        progress=True,
        notify=click.echo,
        started=lambda run: click.echo(f"Samples will be in {path_link(run / 'samples')}"),
    )
    if not find_worker().is_chief:
        return
    example = TASK_OPTIONS[Run.open(run).task].example
    samples = path_link(run / SAMPLES)
    click.echo(f"{shown(str(run))}: done. Samples are in {samples}; next: {example}")
