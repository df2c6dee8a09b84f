"""The training curves as SVG elements in the colours of the page."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan.jobs.evaluate.report.page import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vidgan.training.curves import Panel

# Most points of a curve: more than a chart is wide cannot be seen.
POINTS = 300


def draw(logs: Sequence[Path | None], panels: "Sequence[Panel] | None" = None) -> list[list[str]]:
    """Draw the curves of each run; a panel has the same axes in all runs.

    Args:
        logs: each run's ``log.csv``; None, or a missing file, gives no charts.
        panels: of the runs' task; by default those of synthesis.

    Returns:
        For each run ``<svg>`` elements, safe to embed in HTML.
    """
    existing = {index: log for index, log in enumerate(logs) if log is not None and log.is_file()}
    drawn: list[list[str]] = [[] for _ in logs]
    if not existing:
        return drawn
    from vidgan.training import distance_metrics
    from vidgan.training.curves import ADVERSARIAL_PANELS
    from vidgan.training.log_file import read_log

    rows = {index: thin(read_log(log), POINTS) for index, log in existing.items()}
    with svg.style():
        for panel in panels or (*ADVERSARIAL_PANELS, *distance_metrics.PANELS):
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
    """Return at most ``most`` rows, means of neighbouring rows; missing values are skipped."""
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
    curves.draw_panel(axes, panel, rows)
    axes.set_xlabel("step")
    return figure


def _share_axes(drawings: "list[Axes]") -> None:
    """Set the limits of all axes to the range of all curves."""
    if not drawings:
        return
    x_limits, y_limits = ([getattr(axes, f"get_{xy}lim")() for axes in drawings] for xy in "xy")
    for axes in drawings:
        axes.set_xlim(min(low for low, _ in x_limits), max(high for _, high in x_limits))
        axes.set_ylim(min(low for low, _ in y_limits), max(high for _, high in y_limits))


def _describe(panel: "Panel", rows: list[dict[str, float]]) -> str:
    """Return the alternative text of a chart: first and last value of each curve."""
    parts = []
    for column, name in panel.curves.items():
        values = [row[column] for row in rows if column in row]
        if values:
            parts.append(f"{name} from {values[0]:.3g} to {values[-1]:.3g}")
    first, last = rows[0]["step"], rows[-1]["step"]
    return f"{panel.label}, steps {first:.0f} to {last:.0f}: {', '.join(parts)}"
