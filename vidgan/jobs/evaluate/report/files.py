"""The files of a report: JSON, page, picture and the clips it shows."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import json_files, npz_files
from vidgan.containment import inside
from vidgan.errors import ExportError, OptionError
from vidgan.files import JSON_ERRORS, atomic_path
from vidgan.images import save_image
from vidgan.jobs.evaluate.report import page
from vidgan.jobs.evaluate.report.media import ClipMedia, PairedMedia, ReportMedia
from vidgan.jobs.evaluate.report.report import Report
from vidgan.remote.places import shown
from vidgan.training.log_file import LOG_NAME
from vidgan.training.run_lookup import CONFIG_NAME

FOLDER = "evaluation"
# Frames per second at which clips of unknown rate are shown.
DEFAULT_FPS = 10.0
# The clips of a report take some ten MiB.
MAX_MEDIA_BYTES = 2**30
_SUFFIXES = (".json", ".html", ".png", ".npz")


def output_path(output: Path | str | None, default: Path, overwrite: bool) -> Path:
    """Return the path of the report; checked before the evaluation, which takes minutes.

    Args:
        output: the user's choice; the report of a run is replaced without asking.
        default: the path without one.
        overwrite: whether an existing report may be replaced.

    Raises:
        OptionError: the path does not end in ``.json``.
        ExportError: the report exists already, or its folder cannot be written.
    """
    path = default if output is None else Path(output)
    if path.suffix.lower() != ".json":
        raise OptionError(f"--output {path}: the report is JSON; let the name end in .json")
    if output is not None or default.parent == Path():
        for existing in (path.with_suffix(suffix) for suffix in _SUFFIXES):
            if existing.exists() and not overwrite:
                raise ExportError(
                    f"{existing} exists already; use --overwrite to replace it, or -o"
                )
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ExportError(
            f"{path}: cannot be written ({parent} is not a writable folder); choose another path "
            "with -o"
        )
    return path


def write(path: Path, report: Report, media: ReportMedia, log: Path | None = None) -> Report:
    """Write a report as JSON, as a page and as a picture of what was compared.

    Args:
        path: the JSON file; the others are written beside it.
        report: the report.
        media: the clips that it shows.
        log: the run's ``log.csv``, for curves.

    Returns:
        The report with the paths of its files.

    Raises:
        ExportError: a file cannot be written.
    """
    page_path, picture_path = path.with_suffix(".html"), path.with_suffix(".png")
    report = replace(
        report,
        page=str(page_path),
        picture=str(picture_path),
        log=str(log) if log is not None and log.exists() else None,
    )
    save_image(picture_path, media.picture())
    with atomic_path(path.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        arrays: dict[str, Any] = media.to_arrays()
        np.savez_compressed(file, **arrays)
    page.write(page_path, [report], [page_media(report, media)])
    write_json(path, report.to_json())
    return report


def write_json(path: Path, values: object) -> None:
    """Write JSON; the file appears complete or not at all.

    Raises:
        ExportError: the file cannot be written.
    """
    text = shown(json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False))
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", errors=JSON_ERRORS)


def page_media(report: Report, media: ReportMedia) -> page.PageMedia:
    """Return what the page of a report shows."""
    rates = [each.fps for each in report.sets.values() if each.fps]
    log = None if report.log is None else Path(report.log)
    return media.for_page(rates[-1] if rates else DEFAULT_FPS, log)


def _log(report: Path) -> str | None:
    """Return the ``log.csv`` of the run in which a report lies, None without one.

    The path in the report is not followed: the report may come from somebody else.
    """
    run = report.absolute().parent.parent
    try:
        log = inside(run, LOG_NAME)
    except ValueError:
        return None
    return str(log) if log.is_file() and (run / CONFIG_NAME).is_file() else None


def read(path: Path) -> tuple[Report, page.PageMedia]:
    """Read a report and what its page shows.

    Raises:
        ExportError: the file is missing, damaged or of another format.
    """
    try:
        report = Report.from_json(json_files.read(path))
        arrays = npz_files.read(path.with_suffix(".npz"), MAX_MEDIA_BYTES)
        media: ReportMedia = (PairedMedia if report.paired else ClipMedia).from_arrays(arrays)
        return report, page_media(replace(report, log=_log(path)), media)
    except OSError as error:
        raise ExportError(
            f"{error.filename or path}: cannot be read ({error.strerror}); "
            "run vidgan evaluate again"
        ) from None
    except (ValueError, KeyError) as error:
        raise ExportError(
            f"{path}: not a report that can be read ({error!s:.200}); run vidgan evaluate again"
        ) from None
