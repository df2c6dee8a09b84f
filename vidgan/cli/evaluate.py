"""``vidgan evaluate``: metrics of generated clips, or of restored videos."""

from pathlib import Path
from typing import Any

import click

from vidgan.cli import options
from vidgan.config import EvaluateConfig, Group
from vidgan.remote.places import shown


@click.command(
    "evaluate",
    cls=options.GroupedCommand,
    short_help="Evaluate a run, or any clips against others.",
)
@click.argument("run", required=False)
@click.option(
    "--dataset",
    cls=options.GroupedOption,
    heading=Group.INPUT,
    type=options.path(),
    help="The dataset, if it has moved since the training.",
)
@click.option(
    "--real",
    cls=options.GroupedOption,
    heading=Group.INPUT,
    type=options.path(),
    help="Instead of a run, real clips: a dataset, a video, a folder of videos or a .npy file.",
)
@click.option(
    "--fake",
    cls=options.GroupedOption,
    heading=Group.INPUT,
    type=options.path(),
    help="The clips to evaluate, from the same kinds of source.",
)
@click.option(
    "--compare",
    cls=options.GroupedOption,
    heading=Group.INPUT,
    type=options.path(),
    multiple=True,
    help="Compare with another run, or with the report of an earlier evaluation; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    cls=options.GroupedOption,
    heading=Group.OUTPUT,
    type=options.path(),
    help="Report, .json; a page and a picture are written beside it.  "
    "[default: RUN/evaluation/step-….json]",
)
@click.option(
    "--json",
    "as_json",
    cls=options.GroupedOption,
    heading=Group.OUTPUT,
    is_flag=True,
    help="Print JSON lines, one per metric.",
)
@options.from_config(EvaluateConfig)
@click.pass_context
def command(
    context: click.Context,
    /,
    run: str | None,
    dataset: Path | str | None,
    real: Path | str | None,
    fake: Path | str | None,
    compare: tuple[Path | str, ...],
    output: Path | str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Evaluate RUN, by default the newest under runs, on the test split of its dataset.

    Prints distances, coverage, motion, memorisation and metrics of the discriminator, each with its
    confidence interval and its floor, the value between two sets of real clips. Writes them as
    JSON, as a page that plays the clips (.html), and as a picture.

    With --paired: PSNR, SSIM, a perceptual distance and tOF of restored videos against their
    originals.
    """
    from vidgan.jobs.evaluate import comparison, evaluate
    from vidgan.jobs.evaluate.report import table

    # Options of a protocol override defaults, but not what the user gives.
    given: dict[str, Any] = options.given_options(context, values)
    if compare:
        if real is not None or fake is not None:
            raise click.UsageError("--compare is for runs and reports, not for --real and --fake")
        compared = comparison.compare(
            [run, *compare], dataset, output=output, progress=True, **given
        )
        reports, page = compared.reports, str(compared.page)
    else:
        report = evaluate.create_report(
            run, dataset, real=real, fake=fake, output=output, progress=True, **given
        )
        reports, page = [report], report.page
    if as_json:
        for report in reports:
            click.echo(shown(table.lines(report)))
    else:
        click.echo(table.table(reports))
        click.echo(shown(f"Page: {page}"))
