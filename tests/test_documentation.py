"""README and docs: commands, options, links and the picture of the layers agree with the code."""

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from commands import get_command
from test_imports import ORDER

from vidgan.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (
    *(ROOT / name for name in ("README.rst", "README.zh.rst", "CONTRIBUTING.rst")),
    *sorted(DOCS.rglob("*.rst")),
)
COMMANDS = main.list_commands(click.Context(main))
# Options of other programs that the pages mention.
OTHER_PROGRAMS = {"--delete", "--logdir", "--user"}


def page_name(path: Path) -> str:
    """Return a page's path as the name of its test."""
    return str(path.relative_to(ROOT))


def command_lines(page: Path) -> Iterator[str]:
    """Yield the vidgan commands in a page's literal blocks, without comments."""
    for line in page.read_text().splitlines():
        found = re.fullmatch(r"\s+(?:\$ )?(vidgan [a-z].*)", line)
        if found and "--help" not in line:
            yield found.group(1)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_commands_are_valid(page: Path) -> None:
    for line in command_lines(page):
        name, *arguments = shlex.split(line, comments=True)[1:]
        command = main.get_command(click.Context(main), name)
        assert command is not None, line
        command.make_context(name, arguments)  # A click.UsageError for what does not parse.


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_options_exist(page: Path) -> None:
    known = set(OTHER_PROGRAMS)
    for name in COMMANDS:
        command = get_command(name)
        for param in command.get_params(click.Context(command)):
            if not getattr(param, "hidden", False):
                known |= {*param.opts, *param.secondary_opts}
    literals = " ".join(re.findall(r"``[^`]+``", page.read_text()))
    named = set(re.findall(r"(?<![\w-])--[a-z0-9-]*[a-z0-9](?![\w-])", literals))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_to_files(page: Path) -> None:
    text = page.read_text()
    targets = re.findall(r"`[^`]+ <([^>:`]+)>`_", text)
    targets += re.findall(r"^\.\. (?:image|include):: (\S+)", text, re.MULTILINE)
    for target in targets:
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_paths_exist(page: Path) -> None:
    named = r"``((?:vidgan|tests|benchmarks|docs|examples)/[\w./]+)``"
    for path in re.findall(named, page.read_text()):
        assert (ROOT / path.replace("NAME", "enhance" if "tasks" in path else "dcgan")).exists(), (
            path
        )


def test_readme_is_short() -> None:
    assert (ROOT / "README.rst").stat().st_size <= 8192


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_and_a_page(name: str) -> None:
    assert any(line.startswith(f"vidgan {name} ") for line in command_lines(ROOT / "README.rst")), (
        "README.rst has an example"
    )
    page = (DOCS / "commands" / f"{name}.rst").read_text()
    assert f".. command-options:: {name}\n" in page
    assert f"\n   {name}\n" in (DOCS / "commands" / "index.rst").read_text()


def test_picture_of_the_layers_matches_the_imports_allowed() -> None:
    picture = ElementTree.parse(DOCS / "images" / "architecture.svg")
    heights = {
        str(text.text): float(text.get("y", "nan"))
        for text in picture.iterfind(".//*[@class='module']")
    }
    # Sub-packages stand within the box of their package.
    layers = [name for name in ORDER if "." not in name or name in heights]
    assert set(heights) == set(layers) - {"__init__", "__main__"}
    rows = [heights[name] for name in layers if name in heights]
    # Names in boxes with a second line of text stand a little higher.
    assert all(below > above - 20 for below, above in itertools.pairwise(rows)), rows
