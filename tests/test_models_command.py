"""``vidgan models`` and ``vidgan.describe_models``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dataset_files import make_dataset

import vidgan
from vidgan.cli import main
from vidgan.config import DEFAULT_TASK, MODELS, ModelConfig, TrainingOptions
from vidgan.errors import OptionError
from vidgan.jobs import models as job
from vidgan.jobs.train.training_plan import plan
from vidgan.models import build_discriminators, build_generator, find_architecture, flops

SIZE, FRAMES = (48, 32), 8
# A step of each model is traced, which takes seconds: asked once, for small clips.
QUICK = ("dcgan", "infogan", "mocogan")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(QUICK, id="some"),
        pytest.param(MODELS, id="all", marks=pytest.mark.slow),
    ],
)
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture(scope="module")
def printed(names: tuple[str, ...]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "MODELS", names)
        result = CliRunner().invoke(
            main, ["models", "--size", "48x32", "--frames", str(FRAMES), "--json"]
        )
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_every_model_has_a_row(printed: Any, names: tuple[str, ...]) -> None:
    assert vars(job)["MODELS"] == MODELS
    assert [row["model"] for row in printed] == list(names)


def test_rows(printed: Any) -> None:
    for row in printed:
        check_row(row)


def check_row(row: dict[str, Any]) -> None:
    name = row["model"]
    assert (row["size"], row["frames"]) == (list(SIZE), FRAMES)
    found = find_architecture(name)
    for attribute in ("summary", "paper", "any_length", "any_rate"):
        assert row[attribute] == getattr(found, attribute)
    config = ModelConfig(model=name, frames=FRAMES)
    generator = build_generator(config, *reversed(SIZE))
    discriminators = build_discriminators(config, *reversed(SIZE))
    assert row["discriminators"] == list(discriminators)
    assert row["g_params"] == generator.count_params()
    assert row["d_params"] == sum(d.count_params() for d in discriminators.values())
    # Forwards and backwards through G, and through D over real and generated clips; R1 adds a few
    # hundredths, codes and normalised weights add passes of their own.
    least = 3 * row["g_flops"] + 6 * row["d_flops"]
    assert 0.97 * least < row["step_flops"] < 1.6 * least


def test_python_function_gives_the_same(printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MODELS", ("dcgan",))
    assert vidgan.describe_models(size=SIZE, frames=FRAMES) == [printed[0]]


def test_size_counts(printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MODELS", ("dcgan",))
    (larger,) = vidgan.describe_models(size=(64, 64), frames=FRAMES)
    for name in ("g_flops", "d_flops", "step_flops"):  # The area's factor is 8/3.
        assert larger[name] > 2 * printed[0][name]


def test_table(printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidgan.jobs.models.describe_models", lambda size, frames: printed)
    result = CliRunner().invoke(main, ["models"])
    assert result.exit_code == 0
    assert "For clips of 8 frames of 48x32:" in result.output
    explained, _, table = result.output.partition("For clips")
    lines = dict(line.split(maxsplit=1) for line in explained.splitlines() if line)
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()[3:]}
    for row in printed:
        name = row["model"]
        assert lines[name] == f"{row['summary']} ({row['paper']})"
        *numbers, length, times, discriminators = rows[name]
        expected = [row["g_params"] / 1e6, row["d_params"] / 1e6]
        expected += [row[f"{part}_flops"] / 1e9 for part in ("g", "d", "step")]
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=0.006)
        assert length == ("any" if row["any_length"] else "8")
        assert times == ("any" if row["any_rate"] else "fixed")
        assert discriminators.split(",") == row["discriminators"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--size", "71"], "--size 71x71: sides are even numbers"),
        (["--size", "wide"], "'wide' is not one or two numbers"),
        (["--frames", "9"], "--frames 9 is none of 8, 16, 32"),
    ],
)
def test_wrong_options(arguments: list[str], text: str) -> None:
    result = CliRunner().invoke(main, ["models", *arguments])
    assert result.exit_code == 2
    assert text in result.stderr
    assert result.stderr.count("\n") == 1


def test_wrong_options_in_python() -> None:
    with pytest.raises(OptionError, match="--size 71x64: sides are even"):
        vidgan.describe_models(size=(71, 64))


def test_dry_run_says_what_a_step_costs(tmp_path: Path) -> None:
    make_dataset(tmp_path / "clips", (20, 20), (20,), (40, 32))
    tiny = ModelConfig(frames=8, latent_dim=6, g_channels=4, d_channels=4)
    options: dict[str, Any] = {
        "frames": 8,
        "latent_dim": 6,
        "g_channels": 4,
        "d_channels": 4,
        "r1": 0.0,
        "reconstruction": 0.0,
    }
    planned = plan(
        [tmp_path / "clips"], TrainingOptions.parse(DEFAULT_TASK, {"batch_size": 2, **options})
    )
    generator = flops.network_flops(build_generator(tiny, 32, 40))
    discriminator = flops.network_flops(build_discriminators(tiny, 32, 40)["clip"])
    expected = 2 * (3 * generator + 6 * discriminator)
    assert 0.97 * expected < planned.step_flops <= expected
    line = next(line for line in planned.text().splitlines() if "arithmetic" in line)
    rate = planned.step_flops / planned.step_seconds / 1e9
    assert line.split("  ")[-1] == (
        f"{planned.step_flops / 2 / 1e9:.2f} GFLOP a clip, {rate:.1f} GFLOP/s"
    )
