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
_COLOURS = {
    "#1f77b4": "var(--first)",
    "#ff7f0e": "var(--second)",
    "#2ca02c": "var(--third)",
    "#d62728": "var(--fourth)",
    "#9467bd": "var(--fifth)",
    "#8c564b": "var(--sixth)",
    "#000000": "currentColor",
}


def style() -> AbstractContextManager[None]:
    """Return the context in which figures are created and drawn; text is kept as text."""
    import matplotlib

    return matplotlib.rc_context({"svg.fonttype": "none", "font.size": 9})


def new_figure(panels: int = 1) -> "Figure":
    """Return an empty figure of the size of the page's charts, for panels one below the other."""
    from matplotlib.figure import Figure

    width, height = SIZE_INCHES
    return Figure(figsize=(width, panels * height), layout="constrained")


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
    width, height = (72 * side for side in figure.get_size_inches())
    view = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg class="chart" role="img" aria-label="{escape(text)}" {view}>{inside}'
