"""Show the options of a command as its ``--help`` does.

``.. command-options:: train`` is sphinx-click's directive for one command of vidgan: under the
headings of its help, with defaults and bounds, and with examples as literal blocks.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx_click.ext import ClickDirective

from vidgan.cli import main


class CommandOptions(ClickDirective):
    """The usage, options and arguments of one command of vidgan, as a section."""

    def _load_module(self, module_path: str) -> click.Command:
        command = main.get_command(click.Context(main), module_path)
        if command is None:
            raise self.error(f"vidgan has no command {module_path!r}")
        return command

    def run(self) -> Sequence[nodes.section]:
        """Parse the directive."""
        self.options |= {"prog": f"vidgan {self.arguments[0]}", "nested": "none"}
        (section,) = super().run()
        section[0] = nodes.title(text="All options")
        section["ids"] = [f"{name}-options" for name in section["ids"]]
        section["names"] = [f"{name} options" for name in section["names"]]
        return [subsections(section)]


def subsections(section: nodes.section) -> nodes.section:
    """Return a section with a subsection in place of every rubric, for the table of contents."""
    result = section.deepcopy()
    result.clear()
    target: nodes.Element = result
    for child in section.children:
        if isinstance(child, nodes.rubric):
            title = child.astext()
            target = nodes.section(
                "",
                nodes.title(text=title),
                ids=[nodes.make_id(f"{section['ids'][0]} {title}")],
                names=[nodes.fully_normalize_name(f"{section['names'][0]} {title}")],
            )
            result += target
        else:
            target += child
    return result


class HeadingRecorder(click.HelpFormatter):
    """Record the headings and first columns that a command writes for ``--help``."""

    def __init__(self) -> None:
        """Begin without headings."""
        super().__init__()
        self.headings: list[tuple[str, list[str]]] = []

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Begin a heading."""
        self.headings.append((name, []))
        yield

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Record the rows below the last heading."""
        self.headings[-1][1].extend(term for term, _ in rows)


def escape(text: str) -> str:
    """Return a text in which reStructuredText finds no markup."""
    return re.sub(r"[*`|\\]|(?<=\w)_(?!\w)", lambda match: "\\" + match.group(), text)


def write_description(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Turn what Click prints line by line into literal blocks, and escape the rest."""
    result: list[str] = []
    for line in lines:
        # sphinx-click marks those lines like this.
        if line.startswith("| "):
            if not (result and result[-1].startswith("    ")):
                result += ["", "::", ""]
            result.append("    " + line[2:])
        else:
            result.append(escape(line))
    lines[:] = result


def write_options(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """List the options under the headings of ``--help``."""
    by_term = {}
    for param in context.command.get_params(context):
        record = param.get_help_record(context)
        if isinstance(param, click.Option) and record is not None:
            by_term[record[0]] = param
    recorder = HeadingRecorder()
    context.command.format_options(context, recorder)
    lines.clear()
    for heading, terms in recorder.headings:
        options = [by_term[term] for term in terms if term in by_term]
        if options:
            lines += [f".. rubric:: {heading}", ""]
        for option in options:
            lines += option_lines(option, context)


def option_lines(option: click.Option, context: click.Context) -> list[str]:
    """Return an ``option`` directive."""
    value = "" if option.is_flag else f" <{option.make_metavar(context).strip('[]')}>"
    if isinstance(option.type, click.Choice) and not option.metavar:
        value = " <CHOICE>"
    names = [f"{name}{value}" for name in (*option.opts, *option.secondary_opts)]
    facts = []
    if option.required:
        facts.append(":required: yes")
    if isinstance(option.type, click.Choice):
        facts.append(f":choices: {', '.join(f'``{choice}``' for choice in option.type.choices)}")
    if isinstance(option.show_default, str):
        facts.append(f":default: {escape(option.show_default)}")
    elif option.show_default and option.default is not None:
        default = option.default
        if option.secondary_opts:
            default = (option.opts if option.default else option.secondary_opts)[0]
        facts.append(f":default: ``{default}``")
    if isinstance(option.type, click.IntRange | click.FloatRange):
        low, high = option.type.min, option.type.max
        bounds = [f"{low} or more"] if high is None else [f"{low} to {high}"]
        facts += [f":range: {text}" for text in bounds if low is not None]
    body = [escape(option.help or ""), "", *facts]
    return [f".. option:: {', '.join(names)}", "", *(f"    {line}" for line in body), ""]


def drop_arguments(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Drop the list of arguments, which says nothing beyond the usage and the description."""
    lines.clear()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.setup_extension("sphinx_click")
    app.add_directive("command-options", CommandOptions)
    app.connect("sphinx-click-process-description", write_description)
    app.connect("sphinx-click-process-options", write_options)
    app.connect("sphinx-click-process-arguments", drop_arguments)
    return {"parallel_read_safe": True}
