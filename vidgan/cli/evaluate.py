"""``vidgan evaluate``: how good a run is, on clips that training never saw."""

import json
from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.config import EvaluateConfig


@click.command("evaluate", short_help="Judge a run on clips that it was not trained on.")
@click.argument("run", required=False)
@click.option(
    "--dataset", type=options.path(), help="The dataset, if it is not where RUN was trained on it."
)
@click.option(
    "-o",
    "--output",
    type=options.path(),
    help="Report, .json; a picture goes beside it.  [default: RUN/evaluation/step-….json]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, not as a table.")
@options.from_config(EvaluateConfig)
def command(
    run: str | None, dataset: Path | None, output: Path | None, as_json: bool, **values: Any
) -> None:
    """Judge RUN, by default the newest one under runs, on the test split of its dataset.

    Prints the discriminator's loss and accuracy on held-out and on generated clips, the Fréchet
    distance of generated clips to the test clips beside that of training clips (the floor), and
    the speed of generation; writes them as JSON with a picture of real beside generated clips.
    """
    from vidgan.jobs import evaluate, report

    result = evaluate.evaluate(run, dataset, output=output, progress=True, **values)
    if as_json:
        click.echo(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        click.echo(report.table(result))
        click.echo(f"Picture: {result['picture']}")
