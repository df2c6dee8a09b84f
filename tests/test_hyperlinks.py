"""Links to what a command has written."""

import io
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from vidgan.cli.hyperlinks import path_link

VARIABLES = ("VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "KITTY_WINDOW_ID")
OTHERS = ("TERM_PROGRAM", "TERM", "CI", "FORCE_HYPERLINK")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES + OTHERS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VTE_VERSION", "7600"),
        ("WT_SESSION", "5a-b"),
        ("KONSOLE_VERSION", "220401"),
        ("TERM", "xterm-kitty"),
        ("TERM_PROGRAM", "vscode"),
        ("FORCE_HYPERLINK", "1"),
    ],
)
def test_a_link_where_it_is_supported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    link = path_link(Path("runs/a b;ü%/samples"), Terminal())
    found = re.fullmatch("\x1b]8;;(file://[!-~]+)\x1b\\\\(.*)\x1b]8;;\x1b\\\\", link)
    assert found
    assert found[2] == "runs/a b;ü%/samples"
    assert unquote(urlsplit(found[1]).path) == str(tmp_path / "runs/a b;ü%/samples")
    assert urlsplit(found[1]).hostname


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERM", "xterm-256color"),
        ("TERM", "dumb"),
        ("VTE_VERSION", "4801"),
        ("VTE_VERSION", "x"),
        ("TERM_PROGRAM", "Apple_Terminal"),
    ],
)
def test_the_path_alone_elsewhere(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert path_link(Path("runs/a/samples"), Terminal()) == "runs/a/samples"


def test_the_path_alone_in_a_pipe_and_where_links_are_unwanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VTE_VERSION", "7600")
    assert path_link(Path("a"), io.StringIO()) == "a"
    monkeypatch.setenv("CI", "true")
    assert path_link(Path("a"), Terminal()) == "a"
    monkeypatch.delenv("CI")
    monkeypatch.setenv("FORCE_HYPERLINK", "0")
    assert path_link(Path("a"), Terminal()) == "a"


def test_names_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_HYPERLINK", "1")
    assert "run%FF" in path_link(Path("run\udcff"), Terminal())
