"""Matplotlib figures as SVG elements in the colours of the page."""

import io
import re
from contextlib import AbstractContextManager
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCHES = (4.4, 2.9)
# Colours of Matplotlib's default style, and the CSS variables of the page's light and dark schemes.
_COLOURS = {"#1f77b4": "var(--first)", "#ff7f0e": "var(--second)", "#000000": "currentColor"}


def style() -> AbstractContextManager[None]:
    """Return the context in which figures are created and drawn; text is kept as text."""
    import matplotlib

    return matplotlib.rc_context({"svg.fonttype": "none", "font.size": 9})


def new_figure() -> "Figure":
    """Return an empty figure of the size of the page's charts."""
    from matplotlib.figure import Figure

    return Figure(figsize=SIZE_INCHES, layout="constrained")


def element(figure: "Figure", text: str) -> str:
    """Return a figure as an ``<svg>`` element, safe to embed in HTML.

    Args:
        figure: of :func:`new_figure`, drawn in :func:`style`.
        text: alternative text.
    """
    stream = io.StringIO()
    figure.savefig(
        stream,
        format="svg",
        transparent=True,
        metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
    )
    _, _, inside = stream.getvalue().partition("<svg")[2].partition(">")
    # Remove identifiers that nothing refers to, and styles that would apply to the whole page.
    inside = re.sub(r'<g id="[^"]*"', "<g", inside)
    inside = re.sub(r"<style.*?</style>", "", inside, flags=re.DOTALL)
    for colour, of_page in _COLOURS.items():
        inside = inside.replace(colour, of_page)
    width, height = (72 * side for side in SIZE_INCHES)
    view = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg class="chart" role="img" aria-label="{escape(text)}" {view}>{inside}'
