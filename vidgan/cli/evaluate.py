"""``vidgan evaluate``: how good generated clips are, on clips that training never saw."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vidgan.cli import options
from vidgan.config import EvaluateConfig


@click.command("evaluate", short_help="Measure a run, or any clips against any others.")
@click.argument("run", required=False)
@click.option(
    "--dataset", type=options.path(), help="The dataset, if it is not where RUN was trained on it."
)
@click.option(
    "--real",
    type=options.path(),
    help="In place of a run: real clips, a dataset, a video, a folder of videos or a .npy file.",
)
@click.option("--fake", type=options.path(), help="The clips to measure, likewise.")
@click.option(
    "--compare",
    type=options.path(),
    multiple=True,
    help="Put further runs, or reports of earlier evaluations, beside this one; give it again for "
    "more.",
)
@click.option(
    "-o",
    "--output",
    type=options.path(),
    help="Report, .json; a page and a picture go beside it.  [default: RUN/evaluation/step-….json]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, a figure each.")
@options.from_config(EvaluateConfig)
@click.pass_context
def command(
    context: click.Context,
    run: str | None,
    dataset: Path | None,
    real: Path | None,
    fake: Path | None,
    compare: tuple[Path, ...],
    output: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Measure RUN, by default the newest one under runs, on the test split of its dataset.

    Prints distances, coverage, motion, memorisation and what the discriminator makes of clips, each
    with its confidence interval and the floor that real clips get; writes them as JSON, as a page
    that plays the clips (.html), and as a picture.

    With --paired: how faithful restored videos are to their originals, by PSNR, SSIM, a perceptual
    distance and tOF.
    """
    from vidgan.jobs.evaluate import comparison, evaluate
    from vidgan.jobs.evaluate.report import table

    # What a protocol says counts for more than defaults, and for less than what the user gives.
    given = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if compare:
        if real is not None or fake is not None:
            raise click.UsageError("--compare is for runs and reports, not for --real and --fake")
        results = comparison.compare(
            [run, *compare], dataset, output=output, progress=True, **given
        )
    else:
        results = [
            evaluate.evaluate(
                run, dataset, real=real, fake=fake, output=output, progress=True, **given
            )
        ]
    if as_json:
        for result in results:
            click.echo(table.lines(result))
    else:
        click.echo(table.table(results))
        click.echo(f"Page: {results[-1]['page'] if not compare else results[0]['compared']}")
