"""The Dockerfile: what in it could drift away from the rest of the repository."""

import fnmatch
import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from test_quickstart import quick_start

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTALLING = (ROOT / "docs" / "installing.rst").read_text(encoding="utf-8")


def setup() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def instructions(name: str) -> list[str]:
    """Return the arguments of all instructions of a name."""
    return re.findall(rf"^{name} +(.+)$", DOCKERFILE, re.MULTILINE)


def test_python_is_one_of_those_supported() -> None:
    version = re.fullmatch(r"python:(3\.\d+)-slim-\w+ AS base", instructions("FROM")[0])
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in setup()["metadata"]["classifiers"]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("*\n", 1)[1].splitlines()
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = [
        name
        for arguments in instructions("COPY")
        if not arguments.startswith("--from")
        for name in arguments.split()[:-1]
    ]
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / name).exists() for name in copied)
    hidden = [rule for rule in rules if not rule.startswith("!")]
    assert hidden == ["**/__pycache__"]
    assert not any(fnmatch.fnmatch(name, "__pycache__") for name in copied)


def test_requirements_are_those_of_the_package(tmp_path: Path) -> None:
    """Run the step of the image that takes them from ``setup.cfg``."""
    step = next(each for each in instructions("RUN") if each.startswith("python -c"))
    (tmp_path / "setup.cfg").write_bytes((ROOT / "setup.cfg").read_bytes())
    subprocess.run([sys.executable, *shlex.split(step)[1:]], cwd=tmp_path, check=True)
    config = setup()
    assert (tmp_path / "cpu.txt").read_text() == config["options"]["install_requires"]
    assert (tmp_path / "gpu.txt").read_text() == config["options.extras_require"]["gpu"]


def test_every_target_runs_vidgan_as_no_root() -> None:
    for target in ("gpu", "cpu"):
        stage = DOCKERFILE.split(f" AS {target}\n")[1].split("\nFROM ")[0]
        assert re.findall(r"^USER (.+)$", stage, re.MULTILINE) == ["1000"]
        assert "pip install --no-deps /wheels/*.whl" in stage
    assert instructions("FROM")[-1] == "packages AS cpu"
    assert instructions("ENTRYPOINT") == ['["vidgan"]']


@pytest.mark.parametrize("options", ["", "--gpus all "])
def test_the_page_has_the_commands_of_the_readme(options: str) -> None:
    image = "vidgan:gpu" if options else "vidgan"
    begin = re.escape(
        f'$ docker run --rm {options}--user "$(id -u):$(id -g)" -v "$PWD:/work" {image} '
    )
    lines = re.findall(f"^ +{begin}(.+)$", INSTALLING, re.MULTILINE)
    commands = quick_start()
    assert [shlex.split(line) for line in lines] == (commands[1:2] if options else commands)
