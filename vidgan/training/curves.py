"""Plots of ``log.csv``: panels of curves, and all of them as ``curves.png``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan.files import atomic_path
from vidgan.training.log_file import read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Panel:
    """A plot with one or two curves.

    Attributes:
        label: label of the vertical axis.
        curves: names of the curves by column of the log.
        limits: limits of the vertical axis; by default those of the values.
        logarithmic: whether the vertical axis is logarithmic, down to a thousandth.
        dotted: whether to mark each value, for columns with few values.
    """

    label: str
    curves: Mapping[str, str]
    limits: tuple[float, float] | None = None
    logarithmic: bool = False
    dotted: bool = False


# Of every adversarially trained model; tasks add their own.
ADVERSARIAL_PANELS = (
    Panel("loss", {"d_loss": "discriminator", "g_loss": "generator"}),
    Panel("reconstruction", {"reconstruction_loss": "loss"}),
    Panel("D's accuracy", {"d_acc_real": "on real", "d_acc_fake": "on generated"}, (-0.05, 1.05)),
    Panel("R1 penalty", {"r1": "unweighted"}, logarithmic=True),
)
STYLES = ("-", (0, (6, 1)))


def draw_panel(axes: "Axes", panel: Panel, rows: list[dict[str, float]]) -> None:
    """Draw the curves of a panel over steps, without those that have no values.

    Args:
        axes: the axes to draw on.
        panel: the panel.
        rows: rows of the log, see :func:`vidgan.training.log_file.read_log`.
    """
    # Line styles differ, too, for readers who cannot tell the colours apart.
    for (column, name), style in zip(panel.curves.items(), STYLES, strict=False):
        points = [(row["step"], row[column]) for row in rows if column in row]
        if points:
            steps, values = zip(*points, strict=True)
            marker = "." if panel.dotted else None
            axes.plot(steps, values, label=name, linewidth=1, linestyle=style, marker=marker)
            # Above the axes, where it hides nothing.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    if panel.logarithmic:
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.set_ylim(bottom=0)


def plot(log: Path, output: Path, title: str, panels: Sequence[Panel]) -> None:
    """Plot the panels that have values in the log.

    Args:
        log: the ``log.csv`` of a run.
        output: the ``.png`` to write, atomically.
        title: the title of the figure.
        panels: the panels, from top to bottom.
    """
    from matplotlib.figure import Figure

    rows = read_log(log)
    shown = [each for each in panels if any(name in row for row in rows for name in each.curves)]
    width, height = 8, 2 + 2 * len(shown)
    figure = Figure(figsize=(width, height))
    figure.suptitle(title, y=1 - 0.15 / height)
    # Margins in inches. To have them found by a layout takes longer than all of the drawing.
    figure.subplots_adjust(
        left=0.9 / width, right=1 - 0.1 / width, bottom=0.55 / height, top=1 - 0.7 / height
    )
    all_axes = figure.subplots(max(1, len(shown)), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(all_axes, shown, strict=False):
        draw_panel(axes, panel, rows)
    all_axes[-1].set_xlabel("step")
    with atomic_path(output) as temporary:
        figure.savefig(temporary, dpi=100)
