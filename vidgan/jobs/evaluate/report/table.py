"""Reports of ``vidgan evaluate`` as text for a terminal."""

import json
from collections.abc import Sequence
from typing import Any

from vidgan.jobs.evaluate.report.page.figures import differences

# Rows of single videos on a terminal; the page and the JSON file have all.
MOST_VIDEOS = 20


def lines(result: dict[str, Any]) -> str:
    """Return a report as JSON lines: a figure a line, each with all that qualifies it.

    Of restored videos a line for each follows.
    """
    sources = {name: each["path"] for name, each in result["sets"].items()}
    common = {"report": result["title"], "sets": sources, "vidgan": result["vidgan"]}
    rows = [
        {**common, **figure, "protocol": result["protocol"] | figure["protocol"]}
        for figure in result["figures"]
    ]
    rows += [{**common, **video} for video in result.get("videos", [])]
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
    group, different = None, differences(results)
    for key in keys:
        found = [next((f for f in r["figures"] if f["key"] == key), None) for r in results]
        first = next(figure for figure in found if figure is not None)
        if first["group"] != group:
            group = first["group"]
            rows.append([group])
        cells = [number(figure["value"] if figure else None) for figure in found]
        values = [figure["value"] if figure else None for figure in found]
        best = set() if different else _best(values, first["better"])
        cells = [cell + (" *" if i in best else "  ") for i, cell in enumerate(cells)]
        rows.append(["  " + first["title"], *cells, number(first["floor"])])
    return "\n".join(
        [
            *(f"[{i + 1}] {title}" for i, title in enumerate(titles)),
            "",
            *_aligned(rows),
            "",
            f"Not measured alike, so none is the best: they differ in {'; '.join(different)}"
            if different
            else "* best of the row",
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
    found = [result["title"], "", *_aligned(rows), ""]
    if "videos" in result:
        found += _each_video(result)
    found += [f"{verdict['title']}: {verdict['text']}." for verdict in result["verdicts"]]
    found += _protocol(result)
    found += [f"Note: {note}." for note in _notes(result)]
    return "\n".join(found)


def _each_video(result: dict[str, Any]) -> list[str]:
    """Return the figures of single videos, those that are worst first."""
    figures, videos = result["figures"], result["videos"]
    rows = [["", *(figure["title"] for figure in figures)]]
    rows += [
        ["  " + video["name"], *(number(video[figure["key"]]) for figure in figures)]
        for video in videos[:MOST_VIDEOS]
    ]
    more = len(videos) - MOST_VIDEOS
    return [*_aligned(rows), *([f"  … and {more} more in the report"] if more > 0 else []), ""]


def _protocol(result: dict[str, Any]) -> list[str]:
    sets, protocol = result["sets"], result["protocol"]
    if "videos" in result:
        return [
            f"{protocol['videos']} videos with {protocol['frames']} frames in all, each compared "
            "with the same one of its original; the means are over videos.",
            "The perceptual distance is no LPIPS and not to be compared with published figures.",
        ]
    width, height = protocol["size"]
    compared = " against ".join(
        f"{sets[name]['clips']} {sets[name]['title']}" for name in ("generated", "real")
    )
    return [
        f"{compared}; floor: {sets['floor']['clips']} {sets['floor']['title']}.",
        f"{protocol['frames']} frames of {width}x{height}, stride {protocol['stride']}, seed "
        f"{protocol['seed']}, protocol {protocol['name']}.",
        "Only distances on i3d are FVD, only those on inception are FID; others are not to be "
        "compared with published figures.",
    ]


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
