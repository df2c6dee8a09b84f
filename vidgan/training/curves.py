"""Curves of the log: what there is to draw, and all of it as ``curves.png``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgan.files import atomic_path
from vidgan.training import distances
from vidgan.training.log_file import read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Panel:
    """Curves that belong into one drawing.

    Attributes:
        label: what the vertical axis shows.
        curves: from columns of the log to their names.
        limits: of the vertical axis; by default those of the values.
        logarithmic: whether the vertical axis is, down to a thousandth.
        dotted: whether values are few and far between: a dot stands at each.
    """

    label: str
    curves: Mapping[str, str]
    limits: tuple[float, float] | None = None
    logarithmic: bool = False
    dotted: bool = False


PANELS = (
    Panel("loss", {"d_loss": "discriminator", "g_loss": "generator"}),
    Panel("D's accuracy", {"d_acc_real": "on real", "d_acc_fake": "on generated"}, (-0.05, 1.05)),
    Panel("R1 penalty", {"r1": "unweighted"}, logarithmic=True),
    Panel("pixels' loss", {"pixel_loss": "generator"}, logarithmic=True),
    Panel("cycle's loss", {"cycle_loss": "generators"}, logarithmic=True),
    Panel("PSNR, dB", {"psnr": "restored", "psnr_before": "without the network"}, dotted=True),
    Panel(
        "there and back, levels off",
        {"reconstruction": "held-out clips", "shuffled": "from others of them"},
        dotted=True,
    ),
    *(
        Panel(f"{name} distance", {distances.column(name): "to real clips"}, dotted=True)
        for name in distances.METRICS
    ),
)
STYLES = ("-", (0, (6, 1)))


def draw(axes: "Axes", panel: Panel, rows: list[dict[str, float]]) -> None:
    """Draw a panel's curves over steps; one without values is left out.

    Args:
        axes: what to draw on.
        panel: what to draw.
        rows: of the log, see :func:`vidgan.training.log_file.read_log`.
    """
    # Dashed, too: some people cannot tell colours apart, and some printers.
    for (column, name), style in zip(panel.curves.items(), STYLES, strict=False):
        points = [(row["step"], row[column]) for row in rows if column in row]
        if points:
            steps, values = zip(*points, strict=True)
            marker = "." if panel.dotted else None
            axes.plot(steps, values, label=name, linewidth=1, linestyle=style, marker=marker)
            # Above, where it hides nothing.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    if panel.logarithmic:
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.set_ylim(bottom=0)


def plot(log: Path, output: Path, title: str) -> None:
    """Draw all panels of which the log has values.

    Args:
        log: a run's ``log.csv``.
        output: a ``.png``; appears whole or not at all.
        title: stands above.
    """
    from matplotlib.figure import Figure

    rows = read_log(log)
    panels = [each for each in PANELS if any(name in row for row in rows for name in each.curves)]
    figure = Figure(figsize=(8, 2 + 2 * len(panels)), layout="constrained")
    figure.suptitle(title)
    drawings = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(drawings, panels, strict=False):
        draw(axes, panel, rows)
    drawings[-1].set_xlabel("step")
    with atomic_path(output) as temporary:
        figure.savefig(temporary, dpi=100)
