"""Pages under ``zh/``: name their language, for fonts and screen readers, and join their lines.

A line break in the source becomes a space, which Chinese does not have between words.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FOLDER = "zh/"
CHINESE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
BREAK = re.compile(rf"(?<={CHINESE})\n(?={CHINESE})")


def join_lines(app: Sphinx, document: nodes.document) -> None:
    """Remove the line breaks between Chinese characters."""
    if app.env.docname.startswith(FOLDER):
        for text in list(document.findall(nodes.Text)):
            if not isinstance(text.parent, nodes.literal_block):
                text.parent.replace(text, nodes.Text(BREAK.sub("", text)))


def set_language(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: Any
) -> None:
    """Set what the theme writes as ``<html lang>``."""
    context["language"] = "zh-Hans" if page.startswith(FOLDER) else "en"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the handlers."""
    app.connect("doctree-read", join_lines)
    app.connect("html-page-context", set_language)
    return {"parallel_read_safe": True}
