"""Histograms of the motion of real and generated clips, as SVG elements."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan.jobs.evaluate.report.page import svg
from vidgan.jobs.evaluate.report.page.rows import number, plain
from vidgan.jobs.evaluate.report.report import DIRECTION, SPEED, Histogram, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETS = ("real", "generated")
# Most bars of a histogram.
BARS = 40
# The fraction of pixels that the axis of speeds covers: outliers would take most of it.
_COVERED = 0.999
# Start of the axis of fractions, which is logarithmic.
_MIN_FRACTION = 1e-4
_SIDES = {0: "right", 90: "down", 180: "left", 270: "up"}


def draw(reports: Sequence[Report]) -> list[list[str]]:
    """Draw the motion of each report; all have the same axes.

    Args:
        reports: a report without motion gives no drawings.

    Returns:
        For each report ``<svg>`` elements, safe to embed in HTML.
    """
    drawn: list[list[str]] = [[] for _ in reports]
    motion = {i: each.histograms for i, each in enumerate(reports) if each.histograms}
    if not motion:
        return drawn
    last = max(
        _speed_below(each[SPEED], name, _COVERED) for each in motion.values() for name in SETS
    )
    farthest = max(max(each[DIRECTION].by_set[name]) for each in motion.values() for name in SETS)
    with svg.style():
        for index, each in motion.items():
            size = plain(reports[index].protocol.size, "size")
            drawn[index].append(_speeds(each[SPEED], last, size))
            if farthest > 0:
                drawn[index].append(_directions(each[DIRECTION], farthest))
    return drawn


def _speeds(histogram: Histogram, last: float, size: str) -> str:
    """Draw the fraction of pixels by speed, from 0 to ``last``; most pixels do not move."""
    figure = svg.new_figure()
    axes = figure.subplots()
    step = histogram.step
    bins = max(1, round(last / step))
    bins_per_bar = -(-bins // BARS)
    bars = -(-bins // bins_per_bar)
    edges = np.arange(bars + 1) * bins_per_bar * step
    for name in SETS:
        values = np.zeros(bars * bins_per_bar)
        given = np.asarray(histogram.by_set[name])[: len(values)]
        values[: len(given)] = given
        heights = np.maximum(values.reshape(bars, bins_per_bar).sum(axis=1), _MIN_FRACTION)
        outline = [_MIN_FRACTION, *np.repeat(heights, 2), _MIN_FRACTION]
        _outline(axes, name, np.repeat(edges, 2), outline, _MIN_FRACTION)
    axes.set(xlim=(0, edges[-1]), yscale="log", ylim=(_MIN_FRACTION, 1.5))
    axes.minorticks_off()
    axes.set_xlabel(f"speed, pixels a frame of {size}")
    axes.set_ylabel("fraction of pixels")
    _finish(figure, axes)
    parts = [
        f"{name} 90% below {number(_speed_below(histogram, name, 0.9))}, "
        f"99% below {number(_speed_below(histogram, name, 0.99))}"
        for name in SETS
    ]
    return svg.element(
        figure, f"fraction of pixels by speed in pixels a frame of {size}: {'; '.join(parts)}"
    )


def _directions(histogram: Histogram, farthest: float) -> str:
    """Draw the fraction of motion by direction on the screen, with an axis up to ``farthest``."""
    from matplotlib.ticker import MaxNLocator

    figure = svg.new_figure()
    axes = figure.add_subplot(projection="polar")
    bins = len(histogram.real)
    edges = np.radians(np.arange(bins + 1) * histogram.step)
    for name in SETS:
        heights = np.repeat(histogram.by_set[name], 2)
        around = np.repeat(edges, 2)[1:-1]
        _outline(axes, name, [*around, around[0]], [*heights, heights[0]], 0)
    axes.set(theta_direction=-1, rlabel_position=67.5, ylim=(0, 1.05 * farthest))
    turns = range(0, 360, 45)
    labels = [f"{each}° {_SIDES.get(each, '')}".strip() for each in turns]
    axes.set_xticks(np.radians(turns), labels)
    # Labels beside the circle must not overlap it.
    across = np.cos(np.radians(turns)).round(3)
    for place, label in zip(across, axes.get_xticklabels(), strict=True):
        label.set_horizontalalignment("left" if place > 0 else "right" if place < 0 else "center")
    axes.yaxis.set_major_locator(MaxNLocator(3, prune="lower"))
    axes.set_xlabel("fraction of motion by direction")
    _finish(figure, axes)
    return svg.element(
        figure,
        "fraction of motion by direction: "
        + "; ".join(f"{name} {_sides(histogram.by_set[name])}" for name in SETS),
    )


def _outline(axes: "Axes", name: str, across: Any, upwards: Any, base: float) -> None:
    """Draw the outline of bars: filled for real clips, dashed for generated ones."""
    from vidgan.training.curves import STYLES

    place = SETS.index(name)
    label = name if max(upwards) > base else f"{name}: nothing moves"
    (line,) = axes.plot(across, upwards, label=label, linewidth=1, linestyle=STYLES[place])
    if place == 0:
        axes.fill_between(across, base, upwards, color=line.get_color(), alpha=0.2, linewidth=0)


def _finish(figure: "Figure", axes: "Axes") -> None:
    """Add what both kinds of drawings have: an axis in percent, a grid and a legend."""
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)


def _speed_below(histogram: Histogram, name: str, fraction: float) -> float:
    """Return the speed that a fraction of a set's pixels does not exceed."""
    found = np.searchsorted(np.cumsum(histogram.by_set[name]), fraction)
    return min(int(found) + 1, len(histogram.by_set[name])) * histogram.step


def _sides(fractions: list[float]) -> str:
    """Return in words the fraction of motion in each of four directions, ± 45°."""
    if not any(fractions):
        return "none, nothing moves"
    # Half bins, so that four sides of 36 bins begin between two of them.
    halves = np.repeat(fractions, 2) / 2
    sides = np.roll(halves, len(halves) // 8).reshape(4, -1).sum(axis=1)
    return ", ".join(
        f"{fraction:.0%} {side}" for fraction, side in zip(sides, _SIDES.values(), strict=True)
    )
