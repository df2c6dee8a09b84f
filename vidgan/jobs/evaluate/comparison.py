"""Several runs in one table and on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgan.errors import OptionError
from vidgan.jobs.evaluate.evaluate import create_report
from vidgan.jobs.evaluate.report import files, page
from vidgan.jobs.evaluate.report.report import Report
from vidgan.remote.arguments import takes_urls

DEFAULT_OUTPUT = Path("comparison.json")


@dataclass(frozen=True)
class Comparison:
    """Reports that were compared.

    Attributes:
        reports: the reports.
        page: the page that compares them.
    """

    reports: list[Report]
    page: Path


@takes_urls(output="output")
def compare(
    runs: Sequence[Path | str | None],
    dataset: Path | str | None = None,
    *,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> Comparison:
    """Evaluate runs with the same settings and write one page that compares them.

    Args:
        runs: run folders, None for the newest, or reports (``.json``) of earlier evaluations.
        dataset: the dataset for all runs; by default the dataset of each.
        output: file for all reports, ``.json``; the page is written beside it. By default
            ``comparison.json``.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`.

    Raises:
        VidganError: as for :func:`vidgan.evaluate`.
        OptionError: fewer than two runs.
    """
    if len(runs) < 2:
        raise OptionError("--compare needs two runs or more")
    target = files.output_path(output, DEFAULT_OUTPUT, bool(options.get("overwrite")))
    reports, media = [], []
    for run in runs:
        path = None if run is None else Path(run)
        if path is None or path.suffix.lower() != ".json":
            evaluated = create_report(path, dataset, progress=progress, **options)
            path = Path(evaluated.page).with_suffix(".json")
        report, report_media = files.read(path)
        reports.append(report)
        media.append(report_media)
    page_path = target.with_suffix(".html")
    page.write(page_path, reports, media)
    files.write_json(target, [report.to_json() for report in reports])
    return Comparison(reports, page_path)
