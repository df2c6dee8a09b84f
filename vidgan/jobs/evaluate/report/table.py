"""Reports as text: a table for a terminal, or JSON lines."""

import json
from collections.abc import Sequence

from vidgan.jobs.evaluate.report.page.rows import differences
from vidgan.jobs.evaluate.report.report import Report
from vidgan.metrics.result import MetricResult

# Most restored videos in a table; the page and the JSON file have all.
MAX_VIDEOS = 20


def lines(report: Report) -> str:
    """Return a report as JSON lines: a metric per line, with the protocol and the paths.

    A line for each restored video follows.
    """
    paths = {name: each.path for name, each in report.sets.items()}
    common = {"report": report.title, "sets": paths, "vidgan": report.version}
    protocol = report.protocol.to_json()
    rows = [
        {**common, **result.to_json(), "protocol": protocol | result.protocol}
        for result in report.results
    ]
    rows += [{**common, **video.to_json()} for video in report.videos or []]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def number(value: float | None) -> str:
    """Return a value as short text, None as a dash."""
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


def table(reports: Sequence[Report]) -> str:
    """Return one report, or several side by side, as aligned text for a terminal."""
    return _single(reports[0]) if len(reports) == 1 else _comparison(reports)


def _comparison(reports: Sequence[Report]) -> str:
    rows = [["", *(f"[{i + 1}]" for i in range(len(reports))), "floor [1]"]]
    by_key = [{result.key: result for result in report.results} for report in reports]
    group, different = None, differences(reports)
    for key in dict.fromkeys(key for results in by_key for key in results):
        found = [results.get(key) for results in by_key]
        first = next(result for result in found if result is not None)
        if first.group != group:
            group = first.group
            rows.append([group])
        values = [result.value if result else None for result in found]
        best = set() if different else _best(values, first.better)
        cells = [number(value) + (" *" if i in best else "  ") for i, value in enumerate(values)]
        rows.append(["  " + first.title, *cells, number(first.floor)])
    return "\n".join(
        [
            *(f"[{i + 1}] {report.title}" for i, report in enumerate(reports)),
            "",
            *_aligned(rows),
            "",
            f"No best values: the reports differ in {'; '.join(different)}"
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


def _single(report: Report) -> str:
    rows, group = [["", "value", "95 %", "floor", "better"]], None
    for result in report.results:
        if result.group != group:
            group = result.group
            rows.append([group])
        rows.append(_row(result))
    text = [report.title, "", *_aligned(rows), ""]
    text += _video_rows(report)
    text += [f"{verdict.title}: {verdict.text}." for verdict in report.verdicts]
    text += _protocol(report)
    notes = [*report.notes, *(each.note for each in report.results if each.note)]
    text += [f"Note: {note}." for note in dict.fromkeys(notes)]
    return "\n".join(text)


def _row(result: MetricResult) -> list[str]:
    interval = "" if result.low is None else f"{number(result.low)} to {number(result.high)}"
    return [
        f"  {result.title}{f', {result.unit}' if result.unit else ''}",
        number(result.value),
        interval,
        "" if result.floor is None else number(result.floor),
        result.better or "",
    ]


def _video_rows(report: Report) -> list[str]:
    """Return the metrics of restored videos, lowest PSNR first; nothing for clips."""
    if report.videos is None:
        return []
    rows = [["", *(result.title for result in report.results)]]
    rows += [
        ["  " + video.name, *(number(video.values[result.key]) for result in report.results)]
        for video in report.videos[:MAX_VIDEOS]
    ]
    more = len(report.videos) - MAX_VIDEOS
    return [*_aligned(rows), *([f"  … and {more} more in the report"] if more > 0 else []), ""]


def _protocol(report: Report) -> list[str]:
    sets, protocol = report.sets, report.protocol
    if report.paired:
        return [
            f"{protocol.videos} videos with {protocol.frames} frames in total, each frame compared "
            "with that of the original; the values are means over videos.",
            "The perceptual distance is not LPIPS: do not compare it with published values.",
        ]
    width, height = protocol.size or (0, 0)
    compared = " against ".join(
        f"{sets[name].clips} {sets[name].title}" for name in ("generated", "real")
    )
    return [
        f"{compared}; floor: {sets['floor'].clips} {sets['floor'].title}.",
        f"{protocol.frames} frames of {width}x{height}, stride {protocol.stride}, seed "
        f"{protocol.seed}, protocol {protocol.name}.",
        "Only distances on i3d are FVD, only those on inception are FID; do not compare others "
        "with published values.",
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = max(map(len, rows))
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(columns)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in full
    ]
