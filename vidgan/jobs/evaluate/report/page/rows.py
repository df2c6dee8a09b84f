"""The metrics of one or several reports as rows of a table: text, bars and the best of each."""

import itertools
import math
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from vidgan.config import METRIC_GROUPS
from vidgan.jobs.evaluate.report.report import Report
from vidgan.metrics.result import MetricResult

DIRECTIONS = {"lower": "↓ lower is better", "higher": "↑ higher is better"}


@dataclass(frozen=True)
class Bar:
    """Positions on a bar, in percent of its length.

    Attributes:
        start: start of the filled part.
        length: of the filled part, which ends at the value or, if that is negative, at zero.
        interval: the ends of the confidence interval.
        floor: the mark of the floor.
    """

    start: float
    length: float
    interval: tuple[float, float] | None
    floor: float | None


@dataclass(frozen=True)
class Cell:
    """The result of one metric in one report.

    Attributes:
        result: the result.
        bar: its value drawn on the scale of the row.
        relative: the floor, and how the value compares with it, in words.
        best: label of the best value of a row.
    """

    result: MetricResult
    bar: Bar | None
    relative: str | None
    best: str | None


@dataclass(frozen=True)
class Row:
    """One metric of all reports.

    Attributes:
        title: its name.
        direction: whether lower or higher is better, in words.
        notes: the labels of the reports that a note holds for, and the note; "" is all reports.
        protocols: the labels of the reports that a protocol holds for, and the protocol.
        cells: one per report; None where a report lacks the metric.
        problem: why the values cannot be compared, None if they can.
    """

    title: str
    direction: str | None
    notes: list[tuple[str, str]]
    protocols: list[tuple[str, dict[str, Any]]]
    cells: list[Cell | None]
    problem: str | None


@dataclass(frozen=True)
class Group:
    """The metrics under one heading."""

    title: str
    rows: list[Row]


def labels(count: int) -> list[str]:
    """Return short names of reports: A, B, …; numbers where there are more than letters."""
    if count <= len(string.ascii_uppercase):
        return list(string.ascii_uppercase[:count])
    return [str(number) for number in range(1, count + 1)]


def groups(reports: Sequence[Report]) -> list[Group]:
    """Return the metrics of all reports by group, in the registry's order; unknown groups last."""
    found: dict[str, dict[str, list[MetricResult | None]]] = {name: {} for name in METRIC_GROUPS}
    for index, report in enumerate(reports):
        for result in report.results:
            rows = found.setdefault(result.group, {})
            rows.setdefault(result.key, [None] * len(reports))[index] = result
    comparable = not differences(reports)
    return [
        Group(_title(name), [_row(results, comparable) for results in rows.values()])
        for name, rows in found.items()
        if rows
    ]


def _title(group: str) -> str:
    if group in METRIC_GROUPS:
        return METRIC_GROUPS[group].title
    return group.replace("_", " ").capitalize()


def differences(reports: Sequence[Report]) -> list[str]:
    """Return the differences between reports' protocols and reference sets, in words."""
    described = []
    for report in reports:
        name = "original" if report.paired else "real"
        reference = report.sets[name].to_json() if name in report.sets else {}
        of_set = {f"the {name} set's {key}": value for key, value in reference.items()}
        described.append(report.protocol.to_json() | of_set)
    return [
        f"{key} ({', '.join(plain(each.get(key), key) for each in described)})"
        for key in _differing(described)
    ]


def _differing(mappings: list[dict[str, Any]]) -> list[str]:
    """Return the keys whose values are not the same in all mappings."""
    keys = dict.fromkeys(itertools.chain.from_iterable(mappings))
    return [key for key in keys if any(each.get(key) != mappings[0].get(key) for each in mappings)]


def _row(results: list[MetricResult | None], comparable: bool) -> Row:
    names = labels(len(results))
    present = {name: result for name, result in zip(names, results, strict=True) if result}
    first = next(iter(present.values()))
    differing = _differing([result.protocol for result in present.values()])
    best = _best(present) if comparable and not differing else {}
    scale = _scale(present.values())
    notes = {name: result.note for name, result in present.items() if result.note}
    protocols = {name: result.protocol for name, result in present.items()}
    return Row(
        first.title,
        DIRECTIONS.get(first.better or ""),
        _merged(notes, len(results)),
        _merged(protocols, len(results)),
        [
            Cell(result, _bar(result, scale), _relative(result), best.get(name)) if result else None
            for name, result in zip(names, results, strict=True)
        ],
        f"different settings: {', '.join(differing)}" if differing else None,
    )


def _merged(values: dict[str, Any], count: int) -> list[tuple[str, Any]]:
    """Return equal values once, each with its reports' labels; "" if all ``count`` have it."""
    merged: list[tuple[list[str], Any]] = []
    for name, value in values.items():
        known = next((names for names, other in merged if other == value), None)
        if known is None:
            merged.append(([name], value))
        else:
            known.append(name)
    return [("" if len(names) == count else ", ".join(names), value) for names, value in merged]


def _best(present: dict[str, MetricResult]) -> dict[str, str]:
    """Return the reports with the best value, and a label that says whether intervals overlap."""
    values = {name: each.value for name, each in present.items() if _is_finite(each.value)}
    better = {present[name].better for name in values}
    if len(values) < 2 or len(better) != 1 or None in better:
        return {}
    best = (min if better == {"lower"} else max)(values.values())
    winners = [name for name, value in values.items() if value == best]
    others = [name for name in values if name not in winners]
    if not others:
        return {}
    overlap = any(_overlap(present[a], present[b]) for a in winners for b in others)
    return dict.fromkeys(winners, "best; intervals overlap" if overlap else "best")


def _overlap(a: MetricResult, b: MetricResult) -> bool:
    of_a, of_b = _interval(a), _interval(b)
    if of_a is None or of_b is None:
        return False
    return of_a[0] <= of_b[1] and of_b[0] <= of_a[1]


def _interval(result: MetricResult) -> tuple[float, float] | None:
    low, high = result.low, result.high
    return (low, high) if _is_finite(low) and _is_finite(high) else None


def _is_finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _scale(results: Collection[MetricResult]) -> tuple[float, float]:
    """Return the ends of a row's bars: the range of all its numbers and zero.

    Both are zero where a bar would show nothing: it needs a floor or another bar to compare with.
    """
    values = [each.value for each in results] + [each.floor for each in results]
    ends = [end for each in results for end in (each.low, each.high)]
    if sum(map(_is_finite, values)) < 2:
        return 0.0, 0.0
    drawn = [0.0, *filter(_is_finite, values + ends)]
    return min(drawn), max(drawn)


def _bar(result: MetricResult, scale: tuple[float, float]) -> Bar | None:
    low, high = scale
    if low == high or not _is_finite(result.value):
        return None

    def percent(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    ends = sorted((percent(0), percent(result.value)))
    interval = _interval(result)
    return Bar(
        ends[0],
        round(ends[1] - ends[0], 2),
        None if interval is None else (percent(interval[0]), percent(interval[1])),
        percent(result.floor) if _is_finite(result.floor) else None,
    )


def _relative(result: MetricResult) -> str | None:
    value, floor, interval = result.value, result.floor, _interval(result)
    if not _is_finite(floor):
        return None
    text = f"floor of {number(floor)}"
    if interval is not None and interval[0] <= floor <= interval[1]:
        return f"at the {text}"
    # A floor that is negative or almost 0, as of kernel distances, has no meaningful multiples.
    if _is_finite(value) and floor > 0 and 1e-3 < value / floor < 1e3:
        return f"{number(value / floor, 2)} × the {text}"
    return text


def number(value: float | None, digits: int = 4) -> str:
    """Format a number for the page.

    Args:
        value: the number; None gives a dash.
        digits: significant digits, at least 1; digits before the decimal point are never dropped.
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    if not -5 < magnitude < 15:
        text = f"{value:.{digits - 1}e}"
    else:
        decimals = max(0, digits - 1 - magnitude)
        text = f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if decimals else text
    return text.replace("-", "−")


def plain(value: Any, key: str = "") -> str:
    """Format a value of a protocol for the page.

    Args:
        value: a JSON value.
        key: its name; a ``size`` is formatted as width × height.
    """
    if value is None or isinstance(value, float):
        return number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return (" × " if "size" in key else ", ").join(plain(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(each, name)}" for name, each in value.items())
    return str(value)
