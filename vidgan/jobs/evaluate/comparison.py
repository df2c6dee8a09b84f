"""Several runs in one table and on one page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidgan.errors import OptionError
from vidgan.files import atomic_path
from vidgan.jobs.evaluate.evaluate import evaluate
from vidgan.jobs.evaluate.report import page, report

DEFAULT_PAGE = Path("comparison.json")


def compare(
    runs: Sequence[Path | str | None],
    dataset: Path | str | None = None,
    *,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> list[dict[str, Any]]:
    """Measure runs alike and write one page of them all.

    Args:
        runs: run folders, None for the newest, or reports (``.json``) of earlier evaluations.
        dataset: the dataset all are measured on, if not each on its own.
        output: where all reports go, ``.json``; the page goes beside it. By default
            ``comparison.json``.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`.

    Returns:
        The reports; the first one's ``compared`` is the page.

    Raises:
        VidganError: as for :func:`vidgan.evaluate`.
        OptionError: fewer than two runs.
    """
    if len(runs) < 2:
        raise OptionError("--compare needs another run beside the first")
    target = report.target(output, DEFAULT_PAGE, bool(options.get("overwrite")))
    results, media = [], []
    for run in runs:
        path = None if run is None else Path(run)
        if path is None or path.suffix.lower() != ".json":
            measured = evaluate(path, dataset, progress=progress, **options)
            path = Path(measured["page"]).with_suffix(".json")
        result, shown = report.read(path)
        results.append(result)
        media.append(shown)
    page.write(target.with_suffix(".html"), results, media)
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_path(target) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    results[0]["compared"] = str(target.with_suffix(".html"))
    return results
