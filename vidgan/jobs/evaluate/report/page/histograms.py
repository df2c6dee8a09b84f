"""Histograms of how clips move, real against generated, as SVG elements."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan.jobs.evaluate.report.page import svg
from vidgan.jobs.evaluate.report.page.figures import number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPEED, DIRECTION = "motion.speed", "motion.direction"
SETS = ("real", "generated")
# More bars than these are noise to the eye.
BARS = 40
# The share of pixels that the axis of speeds holds: a few that went astray would take most of it.
_HELD = 0.999
# Where the axis of shares begins.
_LEAST = 1e-4
_SIDES = {0: "right", 90: "down", 180: "left", 270: "up"}


def draw(reports: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Draw the motion of some runs; the axes are the same for all of them.

    Args:
        reports: as ``vidgan evaluate`` writes them; one without motion gives no drawings.

    Returns:
        For each report ``<svg>`` elements, safe to stand in HTML as they are.
    """
    drawn: list[list[str]] = [[] for _ in reports]
    there = {i: each["histograms"] for i, each in enumerate(reports) if each.get("histograms")}
    if not there:
        return drawn
    last = max(_below(each[SPEED], name, _HELD) for each in there.values() for name in SETS)
    farthest = max(max(each[DIRECTION][name]) for each in there.values() for name in SETS)
    with svg.style():
        for index, each in there.items():
            size = plain(reports[index]["protocol"]["size"], "size")
            drawn[index].append(_speeds(each[SPEED], last, size))
            if farthest > 0:
                drawn[index].append(_directions(each[DIRECTION], farthest))
    return drawn


def _speeds(histogram: dict[str, Any], last: float, size: str) -> str:
    """Draw shares of pixels by speed, from 0 to ``last``; most pixels of most clips stand still."""
    figure = svg.new_figure()
    axes = figure.subplots()
    step = histogram["step"]
    bins = max(1, round(last / step))
    # As many bins in each bar.
    together = -(-bins // BARS)
    bars = -(-bins // together)
    edges = np.arange(bars + 1) * together * step
    for name in SETS:
        values = np.zeros(bars * together)
        given = np.asarray(histogram[name])[: len(values)]
        values[: len(given)] = given
        heights = np.maximum(values.reshape(bars, together).sum(axis=1), _LEAST)
        _outline(axes, name, np.repeat(edges, 2), [_LEAST, *np.repeat(heights, 2), _LEAST], _LEAST)
    axes.set(xlim=(0, edges[-1]), yscale="log", ylim=(_LEAST, 1.5))
    axes.minorticks_off()
    axes.set_xlabel(f"speed, pixels a frame of {size}")
    axes.set_ylabel("share of pixels")
    _finish(figure, axes)
    parts = [
        f"{name} 90% below {number(_below(histogram, name, 0.9))}, "
        f"99% below {number(_below(histogram, name, 0.99))}"
        for name in SETS
    ]
    return svg.element(
        figure, f"share of pixels by speed in pixels a frame of {size}: {'; '.join(parts)}"
    )


def _directions(histogram: dict[str, Any], farthest: float) -> str:
    """Draw shares of motion by direction, as it goes on the screen, out to ``farthest``."""
    from matplotlib.ticker import MaxNLocator

    figure = svg.new_figure()
    axes = figure.add_subplot(projection="polar")
    bins = len(histogram[SETS[0]])
    edges = np.radians(np.arange(bins + 1) * histogram["step"])
    for name in SETS:
        heights = np.repeat(histogram[name], 2)
        around = np.repeat(edges, 2)[1:-1]
        _outline(axes, name, [*around, around[0]], [*heights, heights[0]], 0)
    axes.set(theta_direction=-1, rlabel_position=67.5, ylim=(0, 1.05 * farthest))
    turns = range(0, 360, 45)
    labels = [f"{each}° {_SIDES.get(each, '')}".strip() for each in turns]
    axes.set_xticks(np.radians(turns), labels)
    # Words beside the circle begin, or end, outside it.
    across = np.cos(np.radians(turns)).round(3)
    for place, label in zip(across, axes.get_xticklabels(), strict=True):
        label.set_horizontalalignment("left" if place > 0 else "right" if place < 0 else "center")
    axes.yaxis.set_major_locator(MaxNLocator(3, prune="lower"))
    axes.set_xlabel("share of motion by direction")
    _finish(figure, axes)
    return svg.element(
        figure,
        "share of motion by direction: "
        + "; ".join(f"{name} {_sides(histogram[name])}" for name in SETS),
    )


def _outline(axes: "Axes", name: str, across: Any, upwards: Any, base: float) -> None:
    """Draw the outline of bars; that of real clips is filled, that of others is dashed."""
    from vidgan.training.curves import STYLES

    place = SETS.index(name)
    label = name if max(upwards) > base else f"{name}: nothing moves"
    (line,) = axes.plot(across, upwards, label=label, linewidth=1, linestyle=STYLES[place])
    if place == 0:
        axes.fill_between(across, base, upwards, color=line.get_color(), alpha=0.2, linewidth=0)


def _finish(figure: "Figure", axes: "Axes") -> None:
    """Add what both kinds of drawings have: shares in percent, a grid and the sets' names."""
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)


def _below(histogram: dict[str, Any], name: str, share: float) -> float:
    """Return the speed that so large a share of a set's pixels does not exceed."""
    found = np.searchsorted(np.cumsum(histogram[name]), share)
    return float(min(found + 1, len(histogram[name])) * histogram["step"])


def _sides(shares: list[float]) -> str:
    """Say how much of the motion goes each way, 45° to both sides of it."""
    if not any(shares):
        return "none, nothing moves"
    # Half bins, so that four sides of 36 bins begin between two of them.
    halves = np.repeat(shares, 2) / 2
    sides = np.roll(halves, len(halves) // 8).reshape(4, -1).sum(axis=1)
    return ", ".join(
        f"{share:.0%} {side}" for share, side in zip(sides, _SIDES.values(), strict=True)
    )
