"""The panels of ``curves.png``."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import read_picture

from vidgan.tasks import enhance, synthesis, translate
from vidgan.training.curves import ADVERSARIAL_PANELS, Panel, draw, plot
from vidgan.training.health_rules import HealthEvent
from vidgan.training.smoothing import smooth, usual_range
from vidgan.training.state import Measurement

EVENTS = [
    HealthEvent(300, "mode collapse", False, "mode collapse: lower --g-lr"),
    HealthEvent(300, "idle discriminator", False, "the discriminator has given up"),
    HealthEvent(700, "mode collapse", True, "mode collapse is over"),
]
BEST = Measurement(900, "frechet", "", 6.5, mark=6.5)


def rows(count: int = 100) -> list[dict[str, float]]:
    """Return a log of a thousand steps in 250 seconds, with noise and one spike."""
    random = np.random.default_rng(0)
    values = []
    for step in np.linspace(10, 1000, count):
        value = 1 + 0.1 * random.standard_normal()
        values.append(
            {"step": float(step), "seconds": step / 4, "d_loss": value, "g_loss": 2 * value}
            | {"r1": 10 * value * np.exp(-step / 200), "g_norm": value, "g_lr": 1e-3}
        )
    values[50]["d_loss"] = 500.0
    for place in (30, 60, 89):
        values[place]["frechet_distance"] = 650 / values[place]["step"] ** 0.67
    return values


def texts(figure: Any) -> str:
    """Return all that is written in a figure."""
    from matplotlib.text import Text

    return "\n".join(each.get_text() for each in figure.findobj(Text))


def test_only_panels_with_values_are_drawn_in_two_columns() -> None:
    figure = draw(rows(), "a run", synthesis.TASK.panels)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_ylabel() for axes in shown] == [
        "loss",
        "penalty, unweighted",
        "gradient norm",
        "learning rate",
        "frechet distance",
    ]
    assert len({round(axes.get_position().x0, 3) for axes in shown}) == 2


def test_a_smoothed_line_lies_over_the_faint_values() -> None:
    axes = draw(rows(), "a run", ADVERSARIAL_PANELS).axes[0]
    line, values = axes.lines[:2]
    assert (values.get_alpha() or 1) < 0.5
    assert line.get_alpha() is None
    assert line.get_color() == values.get_color()
    assert line.get_zorder() > values.get_zorder()
    assert np.std(np.diff(line.get_ydata())[:40]) < 0.3 * np.std(np.diff(values.get_ydata())[:40])
    # A spike does not flatten the rest.
    assert axes.get_ylim()[1] < 5


def test_scales() -> None:
    axes = {each.get_ylabel(): each for each in draw(rows(), "a run", ADVERSARIAL_PANELS).axes}
    assert axes["penalty, unweighted"].get_yscale() == "log"
    assert axes["gradient norm"].get_yscale() == "log"
    assert axes["loss"].get_yscale() == "linear"


def test_steps_and_time_are_under_the_lowest_panels() -> None:
    """250 seconds are shown in minutes; a log of an earlier vidgan has no times."""
    for log, label in ((rows(), "800\n3.3 min"), ([{"step": 1000.0, "d_loss": 1.0}], "800")):
        lowest = draw(log, "a run", ADVERSARIAL_PANELS).axes[0 if label == "800" else 3]
        assert lowest.get_xlabel() == "step, and training time"
        assert lowest.xaxis.get_major_formatter()(800, None) == label


def test_the_best_checkpoint_and_events_are_marked() -> None:
    figure = draw(rows(), "a run", synthesis.TASK.panels, EVENTS, BEST)
    shown = texts(figure)
    assert "best: 6.5 at step 900" in shown
    assert "2 step 300: the discriminator has given up" in shown
    assert "3 step 700: mode collapse is over" in shown
    (star,) = [each for each in figure.axes[4].lines if each.get_marker() == "*"]
    assert (np.ravel(star.get_xdata()).tolist(), np.ravel(star.get_ydata()).tolist()) == (
        [900],
        [6.5],
    )
    for axes in figure.axes[:5]:
        marks = [each.get_text() for each in axes.texts]
        assert marks == ["1,2", "3"], "both of one step can be read"


def test_many_events_are_not_all_listed() -> None:
    many = [HealthEvent(step, "mode collapse", False, "x" * 500) for step in range(10, 400, 10)]
    shown = texts(draw(rows(), "a run", ADVERSARIAL_PANELS, many))
    assert "31 more events are in health.jsonl" in shown
    assert max(map(len, shown.splitlines())) <= 170


@pytest.mark.parametrize(
    ("panels", "column", "label"),
    [
        (enhance.TASK.panels, "psnr", "PSNR, dB"),
        (translate.TASK.panels, "cycle_loss", "cycle loss"),
        (translate.TASK.panels, "reconstruction", "reconstruction error, levels"),
        (synthesis.TASK.panels, "augment_share", "ADA probability"),
        (synthesis.TASK.panels, "reconstruction_loss", "reconstruction loss"),
    ],
)
def test_what_tasks_have_of_their_own(panels: tuple[Panel, ...], column: str, label: str) -> None:
    log = [{"step": 10.0 * i, "seconds": float(i), column: 20.0 + i} for i in range(1, 4)]
    assert label in texts(draw(log, "a run", panels, best=Measurement(20, column, "", 22, mark=22)))


@pytest.mark.parametrize("value", [0.0, float("nan"), 1e30])
def test_values_that_no_axis_likes(tmp_path: Path, value: float) -> None:
    """Also of an earlier vidgan, which logged no time."""
    lines = ["step,d_loss,r1,g_norm", *(f"{step},{value},{value},1" for step in range(1, 60))]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    plot(tmp_path / "log.csv", tmp_path / "curves.png", "a run", ADVERSARIAL_PANELS)
    assert read_picture(tmp_path / "curves.png").std() > 5


def test_a_log_without_values(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,d_loss\n")
    plot(tmp_path / "log.csv", tmp_path / "curves.png", "a run", ADVERSARIAL_PANELS)
    assert (tmp_path / "curves.png").exists()


def test_smoothing() -> None:
    values = np.where(np.arange(100) % 2, 1.0, 3.0)
    assert np.abs(smooth(values)[5:-5] - 2).max() < 0.25
    values[50] = np.nan
    assert np.isfinite(smooth(values)).all()
    assert np.isnan(smooth(np.full(50, np.nan))).all()
    # Means of logarithms: a single large value hardly counts.
    assert smooth(np.array([1.0] * 49 + [1e6] + [1.0] * 50), logarithmic=True).max() < 20


def test_ranges() -> None:
    assert usual_range([]) is None
    low, high = usual_range([5.8785, 5.8785]) or (0, 0)
    assert high - low > 0.1, "what hardly differs is not magnified"
    assert usual_range([0.0, 0.0]) == (-1, 1)
