"""The figures of one or several reports as rows of a table: text, bars and the best of each."""

import itertools
import math
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

# In the order of the page.
GROUPS = {
    "distance": "Distance from the real clips",
    "frames": "Single frames",
    "coverage": "Precision and coverage",
    "diversity": "Diversity",
    "motion": "Motion",
    "memorisation": "Memorisation",
    "discriminator": "Discriminator",
    "fidelity": "Fidelity to the original",
    "labels": "Labels",
    "speed": "Speed",
}
DIRECTIONS = {"lower": "↓ lower is better", "higher": "↑ higher is better"}


@dataclass(frozen=True)
class Bar:
    """Where things stand on a bar, in percent of its length.

    Attributes:
        start: where the filled part begins.
        length: of the filled part, which ends at the value or, if that is negative, at zero.
        interval: the ends of the confidence interval.
        floor: the floor's mark.
    """

    start: float
    length: float
    interval: tuple[float, float] | None
    floor: float | None


@dataclass(frozen=True)
class Cell:
    """One run's value of a figure.

    Attributes:
        figure: as it stands in the report.
        bar: the value drawn, on the scale of its row.
        against: the floor, and how the value compares with it, in words.
        best: what marks it as the best of its row, in words.
    """

    figure: dict[str, Any]
    bar: Bar | None
    against: str | None
    best: str | None


@dataclass(frozen=True)
class Row:
    """One figure of all runs.

    Attributes:
        title: its name.
        direction: whether lower or higher is better, in words.
        notes: what a reader must know, each after the runs that it holds for; "" is all.
        protocols: how it was measured, likewise.
        cells: one a run; None where a run has no such figure.
        problem: why no best can be told, if something is in the way.
    """

    title: str
    direction: str | None
    notes: list[tuple[str, str]]
    protocols: list[tuple[str, dict[str, Any]]]
    cells: list[Cell | None]
    problem: str | None


@dataclass(frozen=True)
class Group:
    """Figures under one heading."""

    title: str
    rows: list[Row]


def labels(count: int) -> list[str]:
    """Return short names for the columns of a comparison: A, B, …; numbers beyond the alphabet."""
    if count <= len(string.ascii_uppercase):
        return list(string.ascii_uppercase[:count])
    return [str(number) for number in range(1, count + 1)]


def groups(reports: list[dict[str, Any]]) -> list[Group]:
    """Return the figures of all reports by group, in the page's order; unknown groups come last."""
    found: dict[str, dict[str, list[dict[str, Any] | None]]] = {name: {} for name in GROUPS}
    for index, report in enumerate(reports):
        for figure in report["figures"]:
            rows = found.setdefault(figure["group"], {})
            rows.setdefault(figure["key"], [None] * len(reports))[index] = figure
    alike = not differences(reports)
    return [
        Group(
            GROUPS.get(name, name.replace("_", " ").capitalize()),
            [_row(cells, alike) for cells in rows.values()],
        )
        for name, rows in found.items()
        if rows
    ]


def differences(reports: Sequence[dict[str, Any]]) -> list[str]:
    """Say in what several reports were not measured alike: protocol or what was compared with."""
    described = []
    for report in reports:
        name = "original" if "original" in report["sets"] else "real"
        of_set = {
            f"the {name} set's {key}": value for key, value in report["sets"].get(name, {}).items()
        }
        described.append(report["protocol"] | of_set)
    return [
        f"{key} ({', '.join(plain(each.get(key), key) for each in described)})"
        for key in _differing(described)
    ]


def _differing(mappings: list[dict[str, Any]]) -> list[str]:
    """Return the keys whose values are not the same in all mappings."""
    keys = dict.fromkeys(itertools.chain.from_iterable(mappings))
    return [key for key in keys if any(each.get(key) != mappings[0].get(key) for each in mappings)]


def _row(figures: list[dict[str, Any] | None], alike: bool) -> Row:
    names = labels(len(figures))
    present = {name: figure for name, figure in zip(names, figures, strict=True) if figure}
    first = next(iter(present.values()))
    differing = _differing([figure["protocol"] for figure in present.values()])
    best = _best(present) if alike and not differing else {}
    scale = _scale(present.values())
    notes = {name: figure["note"] for name, figure in present.items() if figure["note"]}
    protocols = {name: figure["protocol"] for name, figure in present.items()}
    return Row(
        first["title"],
        DIRECTIONS.get(first["better"]),
        _merged(notes, len(figures)),
        _merged(protocols, len(figures)),
        [
            Cell(figure, _bar(figure, scale), _against(figure), best.get(name)) if figure else None
            for name, figure in zip(names, figures, strict=True)
        ],
        f"not measured alike: {', '.join(differing)}" if differing else None,
    )


def _merged(values: dict[str, Any], count: int) -> list[tuple[str, Any]]:
    """Return equal values once, each with its runs; without where all of so many runs have it."""
    merged: list[tuple[list[str], Any]] = []
    for name, value in values.items():
        known = next((names for names, other in merged if other == value), None)
        if known is None:
            merged.append(([name], value))
        else:
            known.append(name)
    return [("" if len(names) == count else ", ".join(names), value) for names, value in merged]


def _best(present: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the runs with the best value, and whether chance may have made it so."""
    measured = {name: f for name, f in present.items() if _drawable(f["value"])}
    better = {figure["better"] for figure in measured.values()}
    if len(measured) < 2 or len(better) != 1 or None in better:
        return {}
    choose = min if better == {"lower"} else max
    value = choose(figure["value"] for figure in measured.values())
    winners = [name for name, figure in measured.items() if figure["value"] == value]
    rivals = [figure for name, figure in measured.items() if name not in winners]
    if not rivals:
        return {}
    overlap = any(_overlap(measured[name], rival) for name in winners for rival in rivals)
    return dict.fromkeys(winners, "best; intervals overlap" if overlap else "best")


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    ends = (one["low"], one["high"], other["low"], other["high"])
    if not all(map(_drawable, ends)):
        return False
    return one["low"] <= other["high"] and other["low"] <= one["high"]


def _drawable(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _scale(figures: Collection[dict[str, Any]]) -> tuple[float, float]:
    """Return the ends of a row's bars: all its numbers, and zero.

    Both are zero where there is nothing to see: a bar says something only beside a floor or another
    bar.
    """
    values = [figure["value"] for figure in figures] + [figure["floor"] for figure in figures]
    ends = [figure[key] for figure in figures for key in ("low", "high")]
    if sum(map(_drawable, values)) < 2:
        return 0.0, 0.0
    drawn = [0.0, *filter(_drawable, values + ends)]
    return min(drawn), max(drawn)


def _bar(figure: dict[str, Any], scale: tuple[float, float]) -> Bar | None:
    low, high = scale
    if low == high or not _drawable(figure["value"]):
        return None

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    ends = sorted((place(0), place(figure["value"])))
    interval = figure["low"], figure["high"]
    return Bar(
        ends[0],
        round(ends[1] - ends[0], 2),
        (place(interval[0]), place(interval[1])) if all(map(_drawable, interval)) else None,
        place(figure["floor"]) if _drawable(figure["floor"]) else None,
    )


def _against(figure: dict[str, Any]) -> str | None:
    value, floor, low, high = (figure[key] for key in ("value", "floor", "low", "high"))
    if not _drawable(floor):
        return None
    text = f"floor of {number(floor)}"
    if _drawable(low) and _drawable(high) and low <= floor <= high:
        return f"at the {text}"
    # Of a negative or a vanishing floor, as kernel distances have, there are no multiples.
    if _drawable(value) and floor > 0 and 1e-3 < value / floor < 1e3:
        return f"{number(value / floor, 2)} × the {text}"
    return text


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with so many significant digits; what stands before the point is kept whole.

    Args:
        value: what to write; None is a dash.
        digits: at least 1.
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
    """Write a value of a protocol for a reader.

    Args:
        value: from JSON.
        key: its name; a ``size`` is width × height.
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
