"""Tables of the containers and codecs that can be written, from ``vidgan.video.containers``."""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from vidgan.video.containers import CODECS, CONTAINERS, Container

LIBRARIES = {"pyav": "PyAV", "opencv": "OpenCV", "gif": "vidgan"}


def table(rows: list[list[str]]) -> nodes.table:
    """Return a table whose first row is its heading; words in ````` are literals."""
    group = nodes.tgroup("", cols=len(rows[0]))
    group += [nodes.colspec("", colwidth=1) for _ in rows[0]]
    head, body = nodes.thead(), nodes.tbody()
    for part, lines in ((head, rows[:1]), (body, rows[1:])):
        for line in lines:
            row = nodes.row()
            for text in line:
                paragraph = nodes.paragraph()
                for i, piece in enumerate(text.split("`")):
                    paragraph += nodes.literal(text=piece) if i % 2 else nodes.Text(piece)
                row += nodes.entry("", paragraph)
            part += row
    group += [head, body]
    return nodes.table("", group)


def codec(name: str) -> str:
    """Return a codec's name and the library that encodes it."""
    row = CODECS[name]
    return f"`{name}` ({LIBRARIES[row.writer]}{', lossless' if row.lossless else ''})"


class ContainerTable(Directive):
    """The containers and their codecs."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [["Suffix", "Default codec", "Others, with --codec"]]
        for suffix, row in CONTAINERS.items():
            first, *others = map(codec, row.codecs)
            rows.append([f"`{suffix}`", first, ", ".join(others) or "none"])
        return [table(rows)]


class ContainerFeatures(Directive):
    """What each container keeps of a video."""

    columns: ClassVar = {
        "Audio": lambda row: "all codecs" if row.audio_codecs is None else _audio(row),
        "Text subtitles": lambda row: _yes(row.subtitle_encoder is not None),
        "Chapters": lambda row: _yes(row.chapters),
        "Variable rate": lambda row: _yes(row.variable_rate),
        "Most frames/s": lambda row: f"{row.max_fps}" if row.max_fps else "any",
    }

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [["Suffix", *self.columns]]
        for suffix, container in CONTAINERS.items():
            rows.append([f"`{suffix}`", *(cell(container) for cell in self.columns.values())])
        return [table(rows)]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _audio(row: Container) -> str:
    copied = ", ".join(sorted(row.audio_codecs or ()))
    return f"{copied}; others become {row.audio_encoder}" if copied else "no"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("container-table", ContainerTable)
    app.add_directive("container-features", ContainerFeatures)
    return {"parallel_read_safe": True}
