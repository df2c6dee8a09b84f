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
    """The description, usage and options of one command of vidgan."""

    def _load_module(self, module_path: str) -> click.Command:
        command = main.get_command(click.Context(main), module_path)
        if command is None:
            raise self.error(f"vidgan has no command {module_path!r}")
        return command

    def run(self) -> Sequence[nodes.Node]:
        """Return what sphinx-click generates, with a section in place of every rubric."""
        self.options |= {"prog": f"vidgan {self.arguments[0]}", "nested": "none"}
        (generated,) = super().run()
        before: list[nodes.Node] = []
        sections: list[nodes.Element] = []
        for child in generated.children[1:]:  # The first one is the title.
            if isinstance(child, nodes.rubric):
                name = f"{self.options['prog']} {child.astext()}"
                title = nodes.title(text=child.astext())
                sections.append(nodes.section("", title, ids=[nodes.make_id(name)]))
            elif sections:
                sections[-1] += child
            else:
                before.append(child)
        return [*before, *(section for section in sections if len(section) > 1)]


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
    value = "" if option.is_flag else f" <{value_name(option, context)}>"
    names = [f"{name}{value}" for name in (*option.opts, *option.secondary_opts)]
    facts = []
    if option.required:
        facts.append("Required.")
    if isinstance(option.type, click.Choice):
        facts.append(f"One of {', '.join(f'``{choice}``' for choice in option.type.choices)}.")
    if isinstance(option.type, click.IntRange | click.FloatRange) and option.type.min is not None:
        low, high = option.type.min, option.type.max
        facts.append(f"{low} or more." if high is None else f"{low} to {high}.")
    if isinstance(option.show_default, str):
        facts.append(f"Default: {escape(option.show_default)}.")
    elif option.show_default and option.default is not None:
        default = option.default
        if option.secondary_opts:
            default = (option.opts if option.default else option.secondary_opts)[0]
        facts.append(f"Default: ``{default}``.")
    # What vidgan.cli.options adds to the default, such as the tasks that have the option.
    if note := getattr(option, "note", None):
        facts.append(f"{escape(note).capitalize()}.")
    body = [escape(option.help or ""), "", " ".join(facts)]
    return [f".. option:: {', '.join(names)}", "", *(f"    {line}" for line in body), ""]


def value_name(option: click.Option, context: click.Context) -> str:
    """Return the name of an option's value."""
    if isinstance(option.type, click.Choice) and not option.metavar:
        return "CHOICE"
    if isinstance(option.type, click.IntRange | click.FloatRange) and not option.metavar:
        return "NUMBER"
    return option.make_metavar(context)


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
