"""``vidgan preprocess``: build a dataset from videos."""

import sys
from pathlib import Path
from typing import Any

import click

from vidgan.cli.options import from_config, given_options, path
from vidgan.config import DEFAULT_DATASET, PreprocessConfig, RunnerConfig, preprocess_configs
from vidgan.remote.places import shown


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=path())
@click.option(
    "-o",
    "--output",
    type=path(),
    default=DEFAULT_DATASET,
    show_default=True,
    help="Folder of the dataset.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing dataset.")
@click.option("--strict", is_flag=True, help="Fail if any input cannot be used.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar; by default on a terminal.",
)
@from_config(PreprocessConfig)
@from_config(RunnerConfig)
@click.pass_context
def command(
    context: click.Context,
    /,
    inputs: tuple[Path | str, ...],
    output: Path | str,
    overwrite: bool,
    strict: bool,
    progress: bool | None,
    **options: Any,
) -> None:
    """Build a dataset from videos.

    INPUT is a video file, a folder (searched recursively), a pattern such as 'clips/*.mp4', or a
    folder of numbered images. Put -- before names that begin with a dash.
    """
    config, runner = preprocess_configs(given_options(context, options))
    from vidgan.jobs.preprocess import run

    summary = run(
        inputs,
        output,
        config,
        runner,
        overwrite=overwrite,
        strict=strict,
        progress=sys.stderr.isatty() if progress is None else progress,
    )
    for failure in summary.failures:
        click.echo(shown(f"Warning: skipped {failure}"), err=True)
    for warning in summary.warnings:
        click.echo(shown(f"Warning: {warning}"), err=True)
    click.echo(shown(str(summary)))
