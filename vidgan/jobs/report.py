"""The report of ``vidgan evaluate``: files, pictures and a table."""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan.errors import ExportError, OptionError
from vidgan.files import atomic_path
from vidgan.jobs import page
from vidgan.sheet import BACKGROUND, contact_sheet, save_image

if TYPE_CHECKING:
    from vidgan.jobs.sources import ClipSet
    from vidgan.metrics import Memorisation
    from vidgan.metrics.figure import Figure

FORMAT_VERSION = 2
FOLDER = "evaluation"
COLUMNS = 6
# Pairs of generated and training clips that the report shows.
PAIRS = 6
# Frames a second at which clips of unknown rate are shown.
DEFAULT_FPS = 10.0
_CAPTION_HEIGHT = 28
_MARGIN = 12
_INK = (235, 235, 235)
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
    """Write the report as JSON, as a page and as a picture of real beside generated clips.

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
    save_image(path.with_suffix(".png"), picture(shown["real"], shown["generated"]))
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
    sheets = {}
    if "copies" in shown:
        rows = zip(shown["copies"], shown["originals"], strict=True)
        sheet = contact_sheet(np.stack([clip for pair in rows for clip in pair]), COLUMNS)
        sheets["Generated clips, and below each the training clip nearest to it"] = sheet
    sets = result["sets"]
    fps = sets["generated"]["fps"] or sets["real"]["fps"] or DEFAULT_FPS
    log = None if result["log"] is None else Path(result["log"])
    clips = {name: shown[name] for name in ("real", "generated")}
    return page.Media(clips, fps, sheets, log)


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


def lines(result: dict[str, Any]) -> str:
    """Return a report as JSON lines: a figure a line, each with all that qualifies it."""
    common = {key: result[key] for key in ("title", "vidgan")}
    rows = [
        {**common, **figure, "protocol": result["protocol"] | figure["protocol"]}
        for figure in result["figures"]
    ]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def number(value: float | None) -> str:
    """Return a figure's value for people."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1000:
        return f"{value:.0f}"
    return (
        f"{value:.4g}"
        if size >= 1 or size == 0
        else f"{value:.3f}"
        if size >= 0.1
        else f"{value:.2g}"
    )


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return reports as aligned text for a terminal: one, or several side by side."""
    if len(results) == 1:
        return _one(results[0])
    titles = [result["title"] for result in results]
    rows = [["", *(f"[{i + 1}]" for i in range(len(results))), "floor [1]"]]
    keys = list(dict.fromkeys(each["key"] for result in results for each in result["figures"]))
    group = None
    for key in keys:
        found = [next((f for f in r["figures"] if f["key"] == key), None) for r in results]
        first = next(figure for figure in found if figure is not None)
        if first["group"] != group:
            group = first["group"]
            rows.append([group])
        cells = [number(figure["value"] if figure else None) for figure in found]
        values = [figure["value"] if figure else None for figure in found]
        best = _best(values, first["better"])
        cells = [cell + (" *" if i in best else "  ") for i, cell in enumerate(cells)]
        rows.append(["  " + first["title"], *cells, number(first["floor"])])
    return "\n".join(
        [
            *(f"[{i + 1}] {title}" for i, title in enumerate(titles)),
            "",
            *_aligned(rows),
            "",
            "* best of the row",
        ]
    )


def _best(values: Sequence[float | None], better: str | None) -> set[int]:
    known = [value for value in values if value is not None]
    if better is None or len(known) < 2 or min(known) == max(known):
        return set()
    best = min(known) if better == "lower" else max(known)
    return {i for i, value in enumerate(values) if value == best}


def _one(result: dict[str, Any]) -> str:
    rows, group = [["", "value", "95 %", "floor", "better"]], None
    for figure in result["figures"]:
        if figure["group"] != group:
            group = figure["group"]
            rows.append([group])
        low, high = figure["low"], figure["high"]
        interval = "" if low is None else f"{number(low)} to {number(high)}"
        floor = "" if figure["floor"] is None else number(figure["floor"])
        unit = f", {figure['unit']}" if figure["unit"] else ""
        rows.append(
            [
                f"  {figure['title']}{unit}",
                number(figure["value"]),
                interval,
                floor,
                figure["better"] or "",
            ]
        )
    sets, protocol = result["sets"], result["protocol"]
    width, height = protocol["size"]
    compared = " against ".join(
        f"{sets[name]['clips']} {sets[name]['title']}" for name in ("generated", "real")
    )
    found = [result["title"], "", *_aligned(rows), ""]
    found += [f"{verdict['title']}: {verdict['text']}." for verdict in result["verdicts"]]
    found += [
        f"{compared}; floor: {sets['floor']['clips']} {sets['floor']['title']}.",
        f"{protocol['frames']} frames of {width}x{height}, stride {protocol['stride']}, seed "
        f"{protocol['seed']}, protocol {protocol['name']}.",
        "Only distances on i3d are FVD, only those on inception are FID; others are not to be "
        "compared with published figures.",
    ]
    found += [f"Note: {note}." for note in _notes(result)]
    return "\n".join(found)


def _notes(result: dict[str, Any]) -> list[str]:
    of_figures = [each["note"] for each in result["figures"] if each["note"]]
    return list(dict.fromkeys([*result["notes"], *of_figures]))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = max(map(len, rows))
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    # A group's name stands alone and may be as long as it likes.
    widths = [max(len(row[column]) for row in full) for column in range(columns)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in full
    ]


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


def nearest_pairs(
    generated: "ClipSet", training: "ClipSet", order: np.ndarray, nearest: np.ndarray, step: int
) -> dict[str, np.ndarray]:
    """Return the generated clips nearest to training clips, and those training clips.

    Args:
        generated: the generated clips.
        training: the training clips.
        order: the kept generated clips from the nearest on.
        nearest: for each kept generated clip the training clip, by its place in the set.
        step: every which generated clip was kept.

    Returns:
        ``copies`` and ``originals``, uint8 ``(pairs, frames, height, width, 3)``.
    """
    chosen = [int(i) for i in order[:PAIRS]]
    found = {}
    for name, clips, places in (
        ("copies", generated, [i * step for i in chosen]),
        ("originals", training, [int(nearest[i]) for i in chosen]),
    ):
        wanted = set(places)
        last = max(wanted)
        held = {}
        for place, (clip, _) in enumerate(clips):
            if place in wanted:
                held[place] = clip
            if place >= last:
                break
        found[name] = np.stack([held[place] for place in places])
    return found


def picture(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Lay real clips beside generated ones, each half under its caption.

    Args:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        generated: uint8 RGB ``(m, frames, height, width, 3)``.

    Returns:
        uint8 RGB ``(rows, columns, 3)``: a row a clip, time from left to right.
    """
    halves = [
        _captioned(contact_sheet(real, COLUMNS), "real"),
        _captioned(contact_sheet(generated, COLUMNS), "generated"),
    ]
    height = max(half.shape[0] for half in halves)
    padded = [
        np.pad(
            half,
            ((0, height - half.shape[0]), (0, _MARGIN), (0, 0)),
            constant_values=BACKGROUND,
        )
        for half in halves
    ]
    return np.concatenate(padded, axis=1)[:, :-_MARGIN]


def _captioned(sheet: np.ndarray, text: str) -> np.ndarray:
    import cv2

    strip = np.full((_CAPTION_HEIGHT, sheet.shape[1], 3), BACKGROUND, np.uint8)
    baseline = (6, _CAPTION_HEIGHT - 9)
    cv2.putText(strip, text, baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, sheet])
