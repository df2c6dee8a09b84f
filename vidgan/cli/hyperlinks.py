"""Paths that can be clicked, on terminals that know how (OSC 8)."""

import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from vidgan.remote.places import shown, url_of

# Terminals that are known by a variable of theirs, by TERM_PROGRAM, or by TERM.
_VARIABLES = ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "KITTY_WINDOW_ID")
_PROGRAMS = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio", "Tabby"}
_TERMS = re.compile(r"xterm-kitty|xterm-ghostty|alacritty|foot|contour|wezterm")
# The version of VTE from which on GNOME's and other terminals have hyperlinks.
_VTE_VERSION = 5000


def path_link(path: Path, stream: TextIO | None = None) -> str:
    """Return a path to print: with a hyperlink where the stream is a terminal that supports it.

    Args:
        path: a file or folder; of a local copy its URL is returned.
        stream: where the text will be printed; standard output by default.
    """
    text = shown(str(path))
    if url_of(path) is not None or not _supports_links(stream or sys.stdout, os.environ):
        return text
    # As of ls --hyperlink: the name of the machine tells terminals that show another one.
    host = "" if os.name == "nt" else quote(socket.gethostname())
    address = quote(os.fsencode(Path(path).absolute().as_posix()))
    return f"\x1b]8;;file://{host}/{address.lstrip('/')}\x1b\\{text}\x1b]8;;\x1b\\"


def _supports_links(stream: TextIO, variables: Mapping[str, str]) -> bool:
    """Return whether a stream is a terminal with hyperlinks; FORCE_HYPERLINK=0 or 1 decides.

    Terminals cannot be asked. Those of this list were found in their documentation.
    """
    if forced := variables.get("FORCE_HYPERLINK"):
        return forced != "0"
    if not stream.isatty() or variables.get("TERM") == "dumb" or "CI" in variables:
        return False
    vte = variables.get("VTE_VERSION", "")
    return (
        any(variables.get(name) for name in _VARIABLES)
        or variables.get("TERM_PROGRAM") in _PROGRAMS
        or _TERMS.match(variables.get("TERM", "")) is not None
        or (vte.isdigit() and int(vte) >= _VTE_VERSION)
    )
