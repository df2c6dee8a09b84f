"""The report of ``vidgan evaluate``: its files, its pictures and its verdicts."""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan.errors import ExportError, OptionError
from vidgan.files import atomic_path
from vidgan.images import save_image
from vidgan.jobs.evaluate.report import page, sheets
from vidgan.jobs.evaluate.report.table import number

if TYPE_CHECKING:
    from vidgan.metrics import Memorisation
    from vidgan.metrics.figure import Figure

FORMAT_VERSION = 2
FOLDER = "evaluation"
# Frames a second at which clips of unknown rate are shown.
DEFAULT_FPS = 10.0
_SUFFIXES = (".json", ".html", ".png", ".npz")


def target(output: Path | str | None, default: Path, overwrite: bool) -> Path:
    """Return where the report goes, seeing now, not after minutes, that it can go there.

    Args:
        output: what the user says; a run's own report is replaced without asking.
        default: where it goes otherwise.
        overwrite: whether what is there may be replaced.

    Raises:
        OptionError: it would not be JSON.
        ExportError: it is there already, or its folder cannot be written.
    """
    path = default if output is None else Path(output)
    if path.suffix.lower() != ".json":
        raise OptionError(f"--output {path}: the report is JSON; let the name end in .json")
    if output is not None or default.parent == Path():
        for taken in (path.with_suffix(suffix) for suffix in _SUFFIXES):
            if taken.exists() and not overwrite:
                raise ExportError(f"{taken} is there already; use --overwrite to replace it, or -o")
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ExportError(
            f"{path}: cannot be written ({parent} is no folder that can be written); "
            "choose another place with -o"
        )
    return path


def write(path: Path, result: dict[str, Any], log: Path | None = None) -> dict[str, Any]:
    """Write the report as JSON, as a page and as a picture of what was compared.

    Args:
        path: the JSON file; the others go beside it.
        result: the report; what its ``media`` hold goes into the page and out of the JSON.
        log: the run's ``log.csv``, for curves.

    Returns:
        The report as it stands in the file.

    Raises:
        ExportError: a file cannot be written.
    """
    shown = result.pop("media")
    result["page"], result["picture"] = (
        str(path.with_suffix(".html")),
        str(path.with_suffix(".png")),
    )
    result["log"] = str(log) if log is not None and log.exists() else None
    picture = sheets.restored if "videos" in result else sheets.generated
    save_image(path.with_suffix(".png"), picture(shown))
    with atomic_path(path.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **shown)
    page.write(path.with_suffix(".html"), [result], [media(result, shown)])
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return result


def media(result: dict[str, Any], shown: Mapping[str, np.ndarray]) -> page.Media:
    """Return what the page shows of a report.

    Args:
        result: the report.
        shown: its clips, as in the ``.npz`` beside it.
    """
    sets = list(result["sets"].values())
    fps = next((each["fps"] for each in reversed(sets) if each["fps"]), DEFAULT_FPS)
    log = None if result["log"] is None else Path(result["log"])
    if "videos" in result:
        return page.Media({}, fps, {}, log, sheets.strips(shown))
    pairs = {}
    if "copies" in shown:
        pairs["Generated clips, each beside the training clip nearest to it"] = sheets.nearest(
            shown
        )
    return page.Media({name: shown[name] for name in ("real", "generated")}, fps, pairs, log)


def read(path: Path) -> tuple[dict[str, Any], page.Media]:
    """Read a report and what its page shows.

    Raises:
        ExportError: there is none, or of another format.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(result, dict) or result.get("format") != FORMAT_VERSION:
            raise ValueError("it is of another version")
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as shown:
            return result, media(result, shown)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ExportError(
            f"{path}: no report that can be read ({error}); run vidgan evaluate again"
        ) from None


def verdicts(
    figures: Sequence["Figure"], memorised: "dict[str, Memorisation] | None"
) -> list[dict[str, Any]]:
    """Return in words what the figures say."""
    found = []
    for figure in figures:
        if figure.key.startswith("frechet.") and figure.value is not None and figure.floor:
            ratio = figure.value / figure.floor
            found.append(
                {
                    "title": "Distance" if figure.group == "distance" else "Frames",
                    "text": f"{figure.title} {number(figure.value)}, {ratio:.2g} times the floor "
                    f"of {number(figure.floor)} that real clips get",
                    "good": ratio < 2,
                }
            )
    for kind, each in (memorised or {}).items():
        found.append(
            {
                "title": f"Memorisation, by {kind}",
                "text": f"{each.verdict} ({each.share.value:.0%} of the generated clips are as "
                f"near to a training clip as {each.expected:.0%} of real ones; {each.copies} "
                "exact copies)",
                "good": each.verdict != "memorised",
            }
        )
    return found
