"""One trainer for several tasks: options, runs, and which command takes which run."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dataset_files import make_dataset
from tiny_run import make_run

import vidgan
from vidgan import tasks
from vidgan.cli import main
from vidgan.config import (
    DEFAULT_TASK,
    TASK_OPTIONS,
    TASKS,
    ColorizeConfig,
    EnhanceConfig,
    InpaintConfig,
    InterpolateConfig,
    ModelConfig,
    TrainConfig,
    TranslateConfig,
    known_options,
)
from vidgan.config.base import Config
from vidgan.errors import OptionError, RunError
from vidgan.jobs.train import run_config
from vidgan.training.run import Run
from vidgan.training.run_lookup import newest_run


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def saved(path: Path, task: str = DEFAULT_TASK, config: Config | None = None) -> Path:
    path.mkdir(parents=True)
    run = Run(path, ModelConfig(), TrainConfig(), path, (64, 64), 25.0, task, config)
    run.save()
    (path / "checkpoints" / "step-00000001").mkdir(parents=True)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks") / "clips"
    make_dataset(folder)
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_registry(name: str) -> None:
    """Every task has options and a module; defaults are of options that it honours."""
    task, spec = tasks.find_task(name), TASK_OPTIONS[name]
    assert len(set(task.columns)) == len(task.columns)
    assert set(spec.defaults) <= known_options(name)
    assert spec.example.startswith(spec.command)
    assert spec.measured.startswith("vidgan evaluate ")


def test_run_keeps_its_task(tmp_path: Path) -> None:
    config = EnhanceConfig(scale=2, noise="3..4")
    run = Run.open(saved(tmp_path / "run", "enhance", config))
    assert (run.task, run.task_config) == ("enhance", config)
    # Runs of an earlier vidgan do not say.
    old = saved(tmp_path / "old")
    assert "task" not in json.loads((old / "config.json").read_text())
    assert Run.open(old).task == "synthesis"


def test_run_of_a_task_to_come(tmp_path: Path) -> None:
    path = saved(tmp_path / "run", "enhance", EnhanceConfig())
    values = json.loads((path / "config.json").read_text())
    values["task"]["name"] = "colourise"
    (path / "config.json").write_text(json.dumps(values))
    with pytest.raises(RunError, match="task 'colourise' is unknown"):
        Run.open(path)


def test_second_dataset_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    both = (tmp_path / "a", tmp_path / "b")
    Run(path, ModelConfig(), TrainConfig(), both[0], (64, 64), 25.0, second=both[1]).save()
    assert Run.open(path).datasets == both


def test_newest_of_a_task(tmp_path: Path) -> None:
    plain = saved(tmp_path / "00000-dcgan-a")
    enhance = saved(tmp_path / "00001-enhance-a", "enhance", EnhanceConfig())
    assert newest_run(tmp_path) == newest_run(tmp_path, "enhance") == enhance
    assert newest_run(tmp_path, DEFAULT_TASK) == plain
    assert Run.open(None, tmp_path, task=DEFAULT_TASK).path == plain
    (enhance / "config.json").unlink()
    with pytest.raises(RunError, match="no run of --task enhance there"):
        newest_run(tmp_path, "enhance")


def test_generate_refuses_other_runs(tmp_path: Path) -> None:
    path = saved(tmp_path / "run", "enhance", EnhanceConfig())
    done = cli("generate", path)
    assert done.exit_code == 1
    assert "a run of --task enhance, which vidgan enhance takes" in done.output
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("task", "config", "measured"),
    [
        ("enhance", EnhanceConfig(), "--paired --real ORIGINALS --fake RESTORED"),
        ("inpaint", InpaintConfig(), "--paired --real ORIGINALS --fake RESTORED"),
        ("interpolate", InterpolateConfig(), "--paired --real ORIGINALS --fake RESTORED"),
        ("colorize", ColorizeConfig(), "--paired --real ORIGINALS --fake RESTORED"),
        ("translate", TranslateConfig(), "--real TARGETS --fake TRANSLATED"),
    ],
)
def test_evaluate_says_how_other_runs_are_measured(
    tmp_path: Path, task: str, config: Config, measured: str
) -> None:
    path = saved(tmp_path / "run", task, config)
    done = cli("evaluate", path)
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert f"a run of --task {task}, which vidgan {task} takes; evaluate the videos" in done.output
    assert done.output.endswith(f"with vidgan evaluate {measured}\n")
    assert "vidgan generate" not in done.output


def test_enhance_refuses_a_run_of_synthesis(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with pytest.raises(RunError, match="a run of --task synthesis, which vidgan generate takes"):
        Run.open(run.path, task="enhance")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--task", "enhance", "--ada", "0.6"], "--ada has no meaning for --task enhance"),
        (["--task", "enhance", "--model", "vgan"], "--model has no meaning for --task enhance"),
        (["--scale", "2"], "--scale has no meaning for --task synthesis; leave it out (it goes"),
        (["--task", "enhance", "--noise", "x"], "--noise 'x' is neither"),
        (["--task", "enhance", "--r1", "2"], "--r1 has no effect with --adversarial 0"),
        (["--task", "enhance", "--scale", "1", "--damage", "none"], "leave nothing to restore"),
        (
            ["--task", "enhance", "--crop", "16", "--perceptual", "1"],
            "--perceptual needs --crop 32 or more",
        ),
    ],
)
def test_options_without_meaning(
    dataset: Path, tmp_path: Path, arguments: list[str], text: str
) -> None:
    done = cli("train", dataset, "-o", tmp_path / "run", *arguments)
    assert done.exit_code == 2
    assert text in done.output
    assert not (tmp_path / "run").exists()


def test_number_of_datasets(dataset: Path, tmp_path: Path) -> None:
    for given, task in (((dataset, dataset), "synthesis"), ((dataset, dataset), "enhance")):
        with pytest.raises(OptionError, match=f"--task {task} takes one dataset; 2 were"):
            vidgan.train(*given, task=task, output=tmp_path / "run")
    assert cli("train", *([dataset] * 3)).exit_code == 2
    with pytest.raises(OptionError, match="--task 'paint' is none of synthesis"):
        vidgan.train(dataset, task="paint", output=tmp_path / "run")


def test_resuming_keeps_the_task(tmp_path: Path) -> None:
    path = saved(tmp_path / "run", "enhance", EnhanceConfig())
    assert run_config.resumed_run(path, {"steps": 5}).task == "enhance"
    with pytest.raises(RunError, match="a run of --task enhance"):
        run_config.resumed_run(path, {}, "synthesis")
    with pytest.raises(OptionError, match="--metrics has no meaning for --task enhance"):
        run_config.resumed_run(path, {"metrics": "kernel"})
    with pytest.raises(OptionError, match="--scale cannot change when a run is resumed"):
        run_config.resumed_run(path, {"scale": 2})
