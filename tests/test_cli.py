"""The command line as a whole: help without heavy imports, one-line errors, exit statuses."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
from click.testing import CliRunner
from commands import get_command

import vidgan
from vidgan import cli
from vidgan.cli import command_names, main, restore
from vidgan.cli.options import GroupedCommand, Pair
from vidgan.config import (
    TASK_OPTIONS,
    TASKS,
    Config,
    Group,
    OptionSpec,
    option_fields,
    option_name,
    train_configs,
)
from vidgan.config.base import option_flag
from vidgan.errors import OptionError, RunError

HEAVY = ("tensorflow", "keras", "cv2", "matplotlib", "av", "scipy", "scenedetect", "numpy")


def vidgan_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vidgan", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in command_names())])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from vidgan.cli import main
try:
    main({arguments})
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"
    assert "Usage:" in done.stdout


def test_import_is_light() -> None:
    code = f"import sys, vidgan; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_lists_the_commands_in_order() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    places = [output.index(f"\n  {command} ") for command in command_names()]
    assert places == sorted(places)


def test_version_and_module() -> None:
    done = vidgan_process("--version")
    assert done.returncode == 0
    assert done.stdout.strip() == f"vidgan, version {vidgan.__version__}"


def test_no_command_shows_help() -> None:
    done = vidgan_process()
    assert done.returncode == 2
    assert "Usage:" in done.stderr + done.stdout


@pytest.mark.parametrize("command", command_names())
def test_every_option_says_what_it_does(command: str) -> None:
    for parameter in get_command(command).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{command} {parameter.opts} has no help"


def test_unknown_command() -> None:
    done = vidgan_process("trian")
    assert done.returncode == 2
    assert "No such command 'trian'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--nonsense"],
        ["generate", "--n", "0"],
        ["generate", "--n", "many"],
        ["generate", "--trunc", "2"],
        ["info"],
        ["preprocess"],
        ["generate", "a", "b"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    done = vidgan_process(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.endswith(f"(see vidgan {arguments[0]} --help)\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["info", "nowhere"], 1, "nowhere: no such folder"),
        (["generate", "nowhere"], 1, "nowhere: no run there"),
        (["generate", "-o", "x.xyz"], 2, "unknown output type"),
        (["generate", "--seeds", "a"], 2, "--seeds"),
    ],
)
def test_errors_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = vidgan_process(*arguments)
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--debug", "info", "nowhere"], ["info", "nowhere", "--debug"]]
)
def test_debug_shows_the_traceback(arguments: list[str]) -> None:
    done = vidgan_process(*arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "InputError" in done.stderr


def test_debug_from_the_environment() -> None:
    assert "Traceback" in vidgan_process("info", "nowhere", VIDGAN_DEBUG="1").stderr


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (RunError("run: gone"), 1, "Error: run: gone\n"),
        (OptionError("--n: no"), 2, "Error: --n: no\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Error: /x: Permission denied\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (ZeroDivisionError("two\nlines"), 1, "unexpected ZeroDivisionError: two lines"),
        (click.UsageError("no"), 2, "Error: no"),
    ],
)
def test_failures_become_one_line(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, text: str
) -> None:
    @click.command()
    def command() -> NoReturn:
        raise error

    monkeypatch.delenv("VIDGAN_DEBUG", raising=False)
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: command)
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == status
    assert text in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "pair"), [("64", (64, 64)), ("224x128", (224, 128)), ("2X3", (2, 3)), ("2×3", (2, 3))]
)
def test_pairs(text: str, pair: tuple[int, int]) -> None:
    assert Pair().convert(text, None, None) == pair
    assert Pair().convert(pair, None, None) == pair


@pytest.mark.parametrize("text", ["", "x", "2x", "2x3x4", "-2x3", "a", "2.5"])
def test_wrong_pairs(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Pair().convert(text, None, None)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    done = vidgan_process(_VIDGAN_COMPLETE=f"{shell}_source")
    if "not supported" in done.stderr:
        pytest.skip(f"{shell} is too old here")
    assert "_VIDGAN_COMPLETE" in done.stdout


def headings(command: str) -> dict[str, list[str]]:
    """Return the options under each heading of a command's ``--help``."""
    loaded = get_command(command)
    assert isinstance(loaded, GroupedCommand)
    found = loaded.headings(click.Context(loaded))
    return {heading: [option.opts[-1] for option in options] for heading, options in found.items()}


def test_headings_of_train() -> None:
    own = {name: TASK_OPTIONS[name].own for name in TASKS}
    tasks = [
        name
        for name in TASKS
        if own[name].difference(*(own[other] for other in TASKS if other != name))
    ]
    assert {"enhance", "inpaint", "translate"} <= set(tasks)
    found = headings("train")
    order = ["COMMON", "BUDGET", "DATA", "MODEL", "LOSSES", "OPTIMISATION", "METRICS", "MACHINE"]
    names = list(found)
    assert names[: len(order)] == [Group[name].value for name in order]
    assert names[-1] == "Other options"
    assert {f"Task {task}" for task in tasks} <= set(names[len(order) : -1])
    assert len(found[Group.COMMON]) == 10
    assert found["Other options"] == ["--debug", "--help"]


@pytest.mark.parametrize("command", ["train", "generate", "evaluate", *restore.command_names()])
def test_every_option_is_under_one_heading(command: str) -> None:
    loaded = get_command(command)
    listed = [option for options in headings(command).values() for option in options]
    visible = [
        parameter.opts[-1]
        for parameter in loaded.get_params(click.Context(loaded))
        if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    assert sorted(listed) == sorted(visible)
    output = CliRunner().invoke(main, [command, "--help"]).output
    for option in visible:
        assert re.search(rf"^  (-\w, )?{option}\b", output, re.MULTILINE), option
    for heading in headings(command):
        assert f"\n{heading}:\n" in output


@pytest.mark.parametrize("config", train_configs())
def test_every_option_of_train_has_a_heading(config: type[Config]) -> None:
    listed = headings("train")
    for field, spec in option_fields(config):
        places = [heading for heading, flags in listed.items() if option_name(field) in flags]
        if spec.common:
            assert places == [Group.COMMON]
        elif spec.group is not None:
            assert places == [spec.group]
        else:
            assert len(places) == 1
            assert re.match("Tasks? ", places[0])


def test_help_names_the_tasks_of_an_option() -> None:
    output = " ".join(CliRunner().invoke(main, ["train", "--help"]).output.split())
    assert "synthesis only]" in output[output.index("--ada ") : output.index("Model:")]
    assert "Tasks enhance, inpaint, interpolate, colorize: " in output


RENAMED = [
    (field, spec)
    for config in train_configs()
    for field, spec in option_fields(config)
    if spec.renamed_from is not None
]


@pytest.mark.parametrize(("field", "spec"), RENAMED)
def test_former_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: Any, spec: OptionSpec
) -> None:
    """It works, hidden from ``--help``, and prints one line that names the new one."""
    from vidgan.jobs.train import train

    assert spec.renamed_from is not None
    old, given = option_flag(spec.renamed_from), {}

    def run_training(datasets: object, options: dict[str, Any], **more: object) -> NoReturn:
        given.update(options)
        raise RunError("enough")

    monkeypatch.setattr(train, "run_training", run_training)
    done = CliRunner().invoke(main, ["train", str(tmp_path), old, "2.5", "--seed", "3"])
    assert done.stderr == f"Note: {old} is now called {option_name(field)}.\nError: enough\n"
    assert given == {spec.renamed_from: 2.5, "seed": 3}
    assert old + " " not in CliRunner().invoke(main, ["train", "--help"]).output
