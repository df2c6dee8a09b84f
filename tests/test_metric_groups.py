"""The registry of metric groups: what a group needs is collected, and a new group is one entry."""

import html
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import vidgan
from vidgan.cli import main
from vidgan.config import METRIC_GROUPS, MetricGroup, Need
from vidgan.config.metric_groups import selectable_groups
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.jobs.evaluate.options import needs, resolve, used_features
from vidgan.metrics.result import MetricResult

GREY = MetricGroup("grey", "Grey levels", Need.PIXELS, f"{__name__}:mean_level")


def mean_level(inputs: MetricInputs) -> list[MetricResult]:
    """Return the mean grey level of generated clips."""
    pixels, floor = inputs.generated.pixels, inputs.floor.pixels
    assert pixels is not None
    assert floor is not None
    scale = np.sqrt(pixels.shape[1])
    return [
        MetricResult(
            "grey.mean",
            "mean grey level",
            "grey",
            *inputs.mean(scale * pixels.mean(axis=1)),
            float(scale * floor.mean()),
            protocol={"available": inputs.available.name},
        )
    ]


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two arrays of clips, and the registry with another group."""
    monkeypatch.setitem(METRIC_GROUPS, GREY.name, GREY)
    monkeypatch.setenv("VIDGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name, level in (("real", 50), ("fake", 120)):
        np.save(f"{name}.npy", np.full((24, 4, 8, 8, 3), level, np.uint8))
    return tmp_path


def test_a_new_group_is_an_entry_of_the_registry(clips: Path) -> None:
    """On the command line, in the report and on the page, under its title."""
    arguments = ["evaluate", "--real", "real.npy", "--fake", "fake.npy", "--frames", "4"]
    shown = CliRunner().invoke(main, [*arguments, "--measures", "grey", "-o", "r.json"])
    assert shown.exit_code == 0, shown.output
    row = next(line for line in shown.stdout.splitlines() if "mean grey level" in line)
    assert row.split() == ["mean", "grey", "level", "120", "120", "to", "120", "50"]
    page = html.unescape((clips / "r.html").read_text(encoding="utf-8"))
    assert '<th scope="rowgroup" colspan="2">Grey levels</th>' in page
    assert "mean grey level" in page
    assert "<dt>available</dt><dd>PIXELS</dd>" in page, "nothing else is collected"


def test_a_group_whose_needs_are_not_met_is_left_out(clips: Path) -> None:
    report = vidgan.evaluate(
        real=clips / "real.npy",
        fake=clips / "fake.npy",
        frames=4,
        measures="grey,labels,discriminator",
    )
    assert [figure["group"] for figure in report["figures"]] == ["grey"]


def test_what_is_collected_follows_from_the_groups() -> None:
    assert needs(resolve({"measures": "distance"})) & ~Need.SAMPLER == Need.CLIP_FEATURES
    assert [each.name for each in used_features(resolve({"measures": "frames"}))] == ["random2d"]
    assert used_features(resolve({"measures": "motion,discriminator"})) == []
    assert Need.NEAREST_TRAINING_CLIPS not in needs(resolve({"measures": "coverage,labels"}))


@pytest.mark.parametrize("group", METRIC_GROUPS.values(), ids=lambda group: group.name)
def test_every_group_of_the_registry_can_be_loaded(group: MetricGroup) -> None:
    assert METRIC_GROUPS[group.name] is group
    assert group.compute is None or callable(group.load())
    shown = CliRunner().invoke(main, ["evaluate", "--help"]).output
    assert all(name in shown for name in selectable_groups())
