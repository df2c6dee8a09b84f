"""HTML of the page: players, commands and notes."""

import shlex
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote


def file_url(path: Path) -> str:
    """Return the address of a file in the private folder."""
    return f"/gradio_api/file={quote(str(path))}"


def player(path: Path, label: str, caption: str = "") -> str:
    """Return a video that plays again and again, with the browser's controls.

    Args:
        path: the video.
        label: what it shows, for those who cannot see it.
        caption: is shown below it; by default the label.
    """
    source, name = escape(file_url(path)), escape(label)
    return (
        f'<figure class="player"><video src="{source}" aria-label="{name}" controls autoplay loop '
        "muted playsinline></video>"
        f"<figcaption>{escape(caption or label)}</figcaption></figure>"
    )


def players(parts: Iterable[str]) -> str:
    """Return several players side by side."""
    return f'<div class="players">{"".join(parts)}</div>'


def quiet(text: str) -> str:
    """Return a short text in a quiet colour."""
    return f'<p class="quiet">{escape(text)}</p>'


def command(*arguments: object) -> str:
    """Return the command that does the same."""
    line = shlex.join(["vidgan", *map(str, arguments)])
    return (
        '<p class="quiet">The same from the command line:</p>'
        f'<pre class="command"><code>{escape(line)}</code></pre>'
    )


def notes(lines: Iterable[str]) -> str:
    """Return notes on a result as a list."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="notes">{items}</ul>' if items else ""


def verdict(title: str, lines: Sequence[str], kind: str) -> str:
    """Return a framed verdict.

    Args:
        title: what is judged.
        lines: the verdict.
        kind: ``good``, ``bad`` or ``open``.
    """
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div class="verdict {kind}"><b>{escape(title)}</b>{text}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and values side by side."""
    items = "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in pairs)
    return f'<dl class="facts">{items}</dl>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """Return a table; the first cell of each row is its header."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
