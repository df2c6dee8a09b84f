"""The metrics of a model card: a report of ``vidgan evaluate``."""

from pathlib import Path

from vidgan import json_files
from vidgan.errors import ExportError
from vidgan.jobs.evaluate.report.files import FOLDER
from vidgan.jobs.evaluate.report.report import Report
from vidgan.training.run import Run

MEMORISATION = "Memorisation"


def find_report(run: Run, checkpoint: Path, named: str | None) -> Report | None:
    """Return the report that a card shows.

    Args:
        run: the run.
        checkpoint: folder of the checkpoint that is shared.
        named: the user's choice; None for the newest report of that checkpoint in the run.

    Returns:
        The report, None if there is none.

    Raises:
        ExportError: it cannot be read.
    """
    if named is not None:
        return _read(Path(named))
    step = int(run.state(checkpoint)["step"])
    paths = sorted(
        (run.path / FOLDER).glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in paths:
        report = _read(path)
        if report.run is not None and report.run.step == step:
            return report
    return None


def _read(path: Path) -> Report:
    try:
        return Report.from_json(json_files.read(path))
    except OSError as error:
        raise ExportError(
            f"{path}: cannot be read ({error.strerror}); choose another --report"
        ) from None
    except ValueError as error:
        raise ExportError(
            f"{path}: not a report of vidgan evaluate ({error!s:.200}); choose another --report"
        ) from None


def is_sharpened(report: Report) -> bool:
    """Return whether the report is about clips with patches of training clips."""
    return report.run is not None and report.run.sharpened
