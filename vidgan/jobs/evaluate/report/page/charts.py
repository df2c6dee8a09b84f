"""The curves of a training as SVG elements that stand within a page and take its colours."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan.jobs.evaluate.report.page import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vidgan.training.curves import Panel

# More points than a chart is wide are noise to the eye and weight to the page.
POINTS = 300


def draw(logs: list[Path | None]) -> list[list[str]]:
    """Draw the curves of some runs; a panel has the same axes in all of them.

    Args:
        logs: each run's ``log.csv``; None, or a file that is not there, gives no charts.

    Returns:
        For each run ``<svg>`` elements, safe to stand in HTML as they are.
    """
    there = {index: log for index, log in enumerate(logs) if log is not None and log.is_file()}
    drawn: list[list[str]] = [[] for _ in logs]
    if not there:
        return drawn
    from vidgan.training.curves import PANELS
    from vidgan.training.log_file import read_log

    rows = {index: thin(read_log(log), POINTS) for index, log in there.items()}
    with svg.style():
        for panel in PANELS:
            figures = {
                index: _figure(panel, steps)
                for index, steps in rows.items()
                if any(column in row for row in steps for column in panel.curves)
            }
            _share_axes([figure.axes[0] for figure in figures.values()])
            for index, figure in figures.items():
                drawn[index].append(svg.element(figure, _describe(panel, rows[index])))
    return drawn


def thin(rows: list[dict[str, float]], most: int) -> list[dict[str, float]]:
    """Return at most so many rows, each the mean of as many neighbours; gaps do not count."""
    size = -(-len(rows) // most)
    return [_mean(rows[start : start + size]) for start in range(0, len(rows), max(1, size))]


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    means = {}
    for column in dict.fromkeys(itertools.chain.from_iterable(rows)):
        values = [row[column] for row in rows if column in row]
        means[column] = sum(values) / len(values)
    return means


def _figure(panel: "Panel", rows: list[dict[str, float]]) -> "Figure":
    from vidgan.training import curves

    figure = svg.new_figure()
    axes = figure.subplots()
    curves.draw(axes, panel, rows)
    axes.set_xlabel("step")
    return figure


def _share_axes(drawings: "list[Axes]") -> None:
    """Give all drawings the limits that hold all of them."""
    if not drawings:
        return
    across, upwards = ([getattr(axes, f"get_{xy}lim")() for axes in drawings] for xy in "xy")
    for axes in drawings:
        axes.set_xlim(min(low for low, _ in across), max(high for _, high in across))
        axes.set_ylim(min(low for low, _ in upwards), max(high for _, high in upwards))


def _describe(panel: "Panel", rows: list[dict[str, float]]) -> str:
    """Say what a chart shows to those who do not see it: where its curves begin and end."""
    parts = []
    for column, name in panel.curves.items():
        values = [row[column] for row in rows if column in row]
        if values:
            parts.append(f"{name} from {values[0]:.3g} to {values[-1]:.3g}")
    first, last = rows[0]["step"], rows[-1]["step"]
    return f"{panel.label}, steps {first:.0f} to {last:.0f}: {', '.join(parts)}"
