"""What is different between runs: settings and measured figures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vidgan.config.base import option_flag
from vidgan.jobs.evaluate.report.page import svg
from vidgan.jobs.explore import markup
from vidgan.jobs.explore.drawing import LOCK
from vidgan.remote.places import shown
from vidgan.training.log_file import LOG_NAME, read_log
from vidgan.training.run import Run
from vidgan.training.state import distance_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# So many can be told apart in a figure.
MOST = 6
# Columns of the log that say how good results are, by the label of their axis.
_FIGURES = {
    "Fréchet distance": distance_column("frechet"),
    "kernel distance": distance_column("kernel"),
    "PSNR in dB": "psnr",
    "SSIM": "ssim",
}
_MARKERS = "osD^vX"


def settings(runs: Mapping[str, Run]) -> str:
    """Return a table of the settings that differ, as HTML."""
    values = [_values(run) for run in runs.values()]
    # Tasks have options of their own, which cannot be compared.
    rows = [
        (key, *(_text(each[key]) for each in values))
        for key in (values[0] if values else ())
        if all(key in each for each in values) and len({_text(each[key]) for each in values}) > 1
    ]
    if not rows:
        return markup.quiet("The chosen runs have the same settings.")
    return markup.table(["setting", *runs], rows, "Settings that differ")


def _values(run: Run) -> dict[str, Any]:
    width, height = run.size
    own = {"task": run.task, "dataset": shown(str(run.dataset)), "size": f"{width}x{height}"}
    options = {
        option_flag(name): value
        for group in run.options().values()
        for name, value in group.items()
    }
    return own | options | {"steps so far": run.state()["step"] if run.checkpoints() else 0}


def _text(value: Any) -> str:
    if value is None or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def figure(runs: Mapping[str, Run]) -> str:
    """Return the measured figures of the runs over the time of training, as HTML."""
    logs = {name: run.path / LOG_NAME for name, run in runs.items()}
    rows = {name: read_log(log) for name, log in logs.items() if log.is_file()}
    labels = [
        label
        for label, column in _FIGURES.items()
        if any(column in row for log in rows.values() for row in log)
    ]
    if not labels:
        return markup.quiet("None of the chosen runs has measured a distance yet.")
    with LOCK, svg.style():
        drawing = svg.new_figure(panels=len(labels))
        panels = drawing.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, label in zip(panels, labels, strict=True):
            _draw(axes, label, rows)
        panels[-1].set_xlabel("minutes of training")
        panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
        text = f"{' and '.join(labels)} of {', '.join(rows)} over the time of training"
        return f'<div class="charts single">{svg.element(drawing, text)}</div>'


def _draw(axes: "Axes", label: str, rows: Mapping[str, list[dict[str, float]]]) -> None:
    column = _FIGURES[label]
    for index, (name, log) in enumerate(rows.items()):
        points = [
            (row["seconds"] / 60, row[column]) for row in log if {"seconds", column} <= {*row}
        ]
        times, values = zip(*points, strict=True) if points else ((), ())
        axes.plot(times, values, label=name, linewidth=1, marker=_MARKERS[index], markersize=4)
    axes.set_ylabel(label)
    axes.grid(alpha=0.3)
