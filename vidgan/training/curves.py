"""Plots of ``log.csv``: panels of curves, and all of them as ``curves.png``."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgan.files import atomic_path
from vidgan.training.health_rules import HealthEvent
from vidgan.training.log_file import read_log
from vidgan.training.smoothing import is_smoothed, smooth, usual_range
from vidgan.training.state import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Panel:
    """A plot with one or two curves.

    Attributes:
        label: label of the vertical axis, with the unit if there is one.
        curves: names of the curves by column of the log.
        limits: limits of the vertical axis; by default those of the values.
        logarithmic: whether the vertical axis is logarithmic.
        dotted: whether to mark each value, for columns with few values; of others, long curves are
            smoothed and the values themselves are faint.
        level: a value to compare the curves with, drawn as a thin line.
    """

    label: str
    curves: Mapping[str, str]
    limits: tuple[float, float] | None = None
    logarithmic: bool = False
    dotted: bool = False
    level: float | None = None


# Of every adversarially trained model; tasks add their own.
ADVERSARIAL_PANELS = (
    Panel("loss", {"d_loss": "discriminator", "g_loss": "generator"}),
    Panel(
        "reconstruction loss",
        {"reconstruction_loss": "generator", "upsampling_loss": "upsampler"},
        logarithmic=True,
    ),
    Panel(
        "D's accuracy",
        {"d_acc_real": "on real", "d_acc_fake": "on generated"},
        (-0.05, 1.05),
        level=0.5,
    ),
    Panel("penalty, unweighted", {"r1": "R1", "r2": "R2"}, logarithmic=True),
    Panel("gradient norm", {"g_norm": "generator", "d_norm": "discriminator"}, logarithmic=True),
    Panel("learning rate", {"g_lr": "generator", "d_lr": "discriminator"}),
)
# Line styles differ, too, for readers who cannot tell the colours apart.
STYLES = ("-", (0, (6, 1)))
# Two colours of Okabe and Ito's, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#D55E00")
# Of the marks of a problem, and of its end.
_PROBLEM, _RESOLVED = "#CC79A7", "#009E73"
# Panels side by side, and events that are listed under them.
_COLUMNS, _LISTED = 2, 8
# Inches.
_WIDTH, _PANEL_HEIGHT, _LINE_HEIGHT = 13, 2.4, 0.19


def draw_panel(axes: "Axes", panel: Panel, rows: list[dict[str, float]]) -> None:
    """Draw the curves of a panel over steps, without those that have no values.

    Args:
        axes: the axes to draw on.
        panel: the panel.
        rows: rows of the log, see :func:`vidgan.training.log_file.read_log`.
    """
    seen: list[float] = []
    for (column, name), style in zip(panel.curves.items(), STYLES, strict=False):
        steps, values = _points(rows, column)
        if not len(steps):
            continue
        smoothed = not panel.dotted and is_smoothed(values)
        (line,) = axes.plot(
            steps,
            smooth(values, panel.logarithmic) if smoothed else values,
            label=name,
            linewidth=1.5 if smoothed else 1,
            linestyle=style,
            marker="." if panel.dotted else None,
        )
        if smoothed:
            axes.plot(steps, values, color=line.get_color(), linewidth=0.7, alpha=0.3, zorder=1.5)
        seen += values[np.isfinite(values)].tolist()
        # Above the axes, where it hides nothing.
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)
    if panel.level is not None:
        axes.axhline(panel.level, color="#000000", linewidth=0.8, linestyle=":")
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    elif panel.logarithmic and max(seen, default=0) > 0:
        _set_logarithmic(axes)
    elif limits := usual_range(seen, spikes=panel.dotted):
        axes.set_ylim(*limits)


def _set_logarithmic(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _points(rows: list[dict[str, float]], column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values of a column, where it has values."""
    points = [(row["step"], row[column]) for row in rows if column in row]
    return np.array([step for step, _ in points]), np.array([value for _, value in points])


def plot(
    log: Path,
    output: Path,
    title: str,
    panels: Sequence[Panel],
    events: Sequence[HealthEvent] = (),
    best: Measurement | None = None,
) -> None:
    """Plot the panels that have values in the log.

    Args:
        log: the ``log.csv`` of a run.
        output: the ``.png`` to write, atomically.
        title: the title of the figure.
        panels: the panels, row by row.
        events: health events, which are marked in all panels and listed below them.
        best: the measurement of the best checkpoint, which is marked in its panel.
    """
    figure = draw(read_log(log), title, panels, events, best)
    with atomic_path(output) as temporary:
        figure.savefig(temporary, dpi=100)


def draw(
    rows: list[dict[str, float]],
    title: str,
    panels: Sequence[Panel],
    events: Sequence[HealthEvent] = (),
    best: Measurement | None = None,
) -> "Figure":
    """Draw the panels that have values; for the arguments see :func:`plot`."""
    from matplotlib.figure import Figure

    shown = [each for each in panels if any(name in row for row in rows for name in each.curves)]
    lines = _list_events(events)
    count = -(-max(1, len(shown)) // _COLUMNS)
    bottom, top = 0.75 + _LINE_HEIGHT * len(lines), 0.75
    height = _PANEL_HEIGHT * count + bottom + top
    figure = Figure(figsize=(_WIDTH, height))
    figure.suptitle(title, y=1 - 0.2 / height)
    # Margins in inches. To have them found by a layout takes longer than all of the drawing.
    figure.subplots_adjust(
        left=0.75 / _WIDTH,
        right=1 - 0.2 / _WIDTH,
        bottom=bottom / height,
        top=1 - top / height,
        hspace=0.3,
        wspace=0.16,
    )
    all_axes = figure.subplots(count, _COLUMNS, sharex=True, squeeze=False).ravel()
    for axes, panel in zip(all_axes, shown, strict=False):
        axes.set_prop_cycle(color=_COLOURS)
        draw_panel(axes, panel, rows)
        _mark_events(axes, events)
        if best is not None and best.column in panel.curves:
            _mark_best(axes, best)
    _label_steps(figure, list(all_axes[: max(1, len(shown))]), rows)
    for axes in all_axes[max(1, len(shown)) :]:
        axes.set_visible(False)
    if lines:
        figure.text(0.75 / _WIDTH, 0.12 / height, "\n".join(lines), va="bottom", fontsize=9)
    return figure


def _label_steps(figure: "Figure", all_axes: "list[Axes]", rows: list[dict[str, float]]) -> None:
    """Label the lowest panel of each column with steps, and with the training time under them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    steps, seconds = _points(rows, "seconds")
    last = seconds[-1] if len(seconds) else 0.0
    unit, size = next(
        (each for each in (("h", 3600), ("min", 60)) if last >= 3 * each[1]), ("s", 1)
    )

    def label(step: float, _: int | None) -> str:
        if not len(steps) or not 0 <= step <= 1.02 * steps[-1]:
            return f"{step:g}"
        time = np.interp(step, [0, *steps], [0, *seconds]) / size
        return f"{step:g}\n{time:.{0 if time >= 10 else 1}f} {unit}"

    for axes in all_axes[-_COLUMNS:]:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(label))
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("step, and training time")


def _mark_best(axes: "Axes", best: Measurement) -> None:
    """Mark the measurement of the best checkpoint."""
    label = f"best: {best.figure} at step {best.step}"
    axes.plot([best.step], [best.value], "*", color="#000000", markersize=11, label=label, zorder=3)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)


def _mark_events(axes: "Axes", events: Sequence[HealthEvent]) -> None:
    """Mark health events by vertical lines with their numbers, also of several at one step."""
    numbers: dict[int, list[str]] = {}
    for number, event in enumerate(events, start=1):
        numbers.setdefault(event.step, []).append(str(number))
        colour, style = (_RESOLVED, ":") if event.resolved else (_PROBLEM, "--")
        axes.axvline(event.step, color=colour, linestyle=style, linewidth=1.2, zorder=1)
    for step, those in numbers.items():
        axes.annotate(
            ",".join(those),
            (step, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, -9),
            textcoords="offset points",
            fontsize=8,
        )


def _list_events(events: Sequence[HealthEvent]) -> list[str]:
    """Return a line for each event, with its number, under a heading."""
    if not events:
        return []
    lines = ["Events (dashed: a problem, dotted: resolved)"]
    lines += [
        textwrap.shorten(f"{number}  {event}", 170, placeholder=" …")
        for number, event in enumerate(events[:_LISTED], start=1)
    ]
    if len(events) > _LISTED:
        lines.append(f"… {len(events) - _LISTED} more events are in health.jsonl")
    return lines
