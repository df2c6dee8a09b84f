"""Click options built from the config dataclasses, so that every fact is written once."""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from vidgan import config
from vidgan.config import Group, OptionSpec, OptionValue
from vidgan.config.base import option_flag
from vidgan.remote.urls import is_url

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]
# The bounds stand in the help text.
_METAVARS = {int: "INTEGER", float: "NUMBER"}


# ParamType is generic in new versions of Click only.
class Pair(click.ParamType):  # type: ignore[type-arg]
    """``64`` or ``224x128``: a pair of whole numbers; one number stands for both."""

    name = "NxM"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse the text; anything else is a usage error."""
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().replace("×", "x").split("x")
        if len(parts) > 2 or not all(part.isdigit() for part in parts):
            self.fail(f"{value!r} is not one or two numbers such as 64 or 224x128", param, ctx)
        return int(parts[0]), int(parts[-1])


class GroupedOption(click.Option):
    """An option that ``--help`` lists under a heading.

    Args:
        heading: the heading; None for the general one.
        note: added to the help text in the brackets with the default.
    """

    def __init__(
        self, *args: Any, heading: str | None = None, note: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.heading, self.note = heading, note

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return name and help text, with the note."""
        record = super().get_help_record(ctx)
        if record is None or self.note is None:
            return record
        name, text = record
        # Click ends the text with "[default: …; range]" if there is anything to say.
        if text.endswith("]"):
            return name, f"{text[:-1]}; {self.note}]"
        return name, f"{text}  [{self.note}]"


class GroupedCommand(click.Command):
    """A command whose ``--help`` lists its options by heading."""

    def headings(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """Return the options under each heading, in the order of ``--help``.

        Headings stand in the order of :class:`~vidgan.config.Group`; then come those of tasks, then
        the general one.
        """
        found: dict[str, list[click.Option]] = {group.value: [] for group in Group}
        rest: list[click.Option] = []
        for parameter in self.get_params(ctx):
            if not isinstance(parameter, click.Option) or parameter.hidden:
                continue
            heading = getattr(parameter, "heading", None)
            if heading is None:
                rest.append(parameter)
            else:
                found.setdefault(heading, []).append(parameter)
        found["Other options" if any(found.values()) else "Options"] = rest
        return {heading: options for heading, options in found.items() if options}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        for heading, parameters in self.headings(ctx).items():
            records = (parameter.get_help_record(ctx) for parameter in parameters)
            with formatter.section(heading):
                formatter.write_dl([record for record in records if record is not None])


def _click_type(kind: Any, spec: OptionSpec) -> Any:
    if spec.choices:
        return click.Choice(spec.choices)
    if kind is int:
        low, high = (None if bound is None else int(bound) for bound in (spec.min, spec.max))
        return click.IntRange(low, high)
    if kind is float:
        return click.FloatRange(spec.min, spec.max)
    return str


def _task_heading(name: str) -> str:
    """Return the heading of an option that tasks add: the tasks that have it."""
    tasks = [task for task in config.TASKS if name in config.TASK_OPTIONS[task].own]
    return f"Task{'s' if len(tasks) > 1 else ''} {', '.join(tasks)}"


def from_tasks() -> Decorator[Any]:
    """Decorate ``train`` with the options that tasks add.

    An option that several tasks share is added once.
    """

    def decorate(command: Decorated) -> Decorated:
        owners: dict[str, type[config.Config]] = {}
        for spec in config.TASK_OPTIONS.values():
            if spec.config is not None:
                for field in dataclasses.fields(spec.config):
                    owners.setdefault(field.name, spec.config)
        for name, owner in reversed(owners.items()):
            command = from_config(owner, only=(name,), heading=_task_heading(name))(command)
        return command

    return decorate


def from_config(
    cls: type[config.Config], only: tuple[str, ...] | None = None, heading: str | None = None
) -> Decorator[Any]:
    """Decorate a command with one option for every field of a config dataclass.

    The command receives the fields as keyword arguments; ``cls(**kwargs)`` rebuilds the config.
    Former names of options are added as hidden options; see :func:`given_options`.

    Args:
        cls: the config.
        only: the fields to add; all by default.
        heading: heading in ``--help`` of options without a group.
    """

    def decorate(command: Decorated) -> Decorated:
        for field, spec in reversed(list(config.option_fields(cls))):
            if only is None or field.name in only:
                for decorator in _click_options(cls, field, spec, heading):
                    command = decorator(command)
        return command

    return decorate


def _click_options(
    cls: type[config.Config],
    field: dataclasses.Field[Any],
    spec: OptionSpec,
    heading: str | None,
) -> Iterator[Callable[[Any], Any]]:
    """Yield the decorators of an option: of its former name, if it has one, and its own."""
    kind, _ = config.value_type(cls, field.name)
    flag, default = config.option_name(field), field.default
    kwargs: dict[str, Any] = {"default": default}
    if kind in _METAVARS and not spec.choices:
        kwargs["metavar"] = _METAVARS[kind]
    if kind is bool:
        flag = flag if default is False else f"{flag}/--no-{flag[2:]}"
        kwargs["is_flag"] = True
    elif kind == tuple[str, str]:
        kwargs |= {"nargs": 2, "type": str, "metavar": "A B"}
    elif typing.get_origin(kind) is tuple:
        kwargs["type"] = Pair()
        if isinstance(default, tuple):
            kwargs["default"] = "x".join(map(str, default))
    else:
        kwargs["type"] = _click_type(kind, spec)
    if spec.renamed_from is not None:
        yield click.option(
            option_flag(spec.renamed_from),
            spec.renamed_from,
            hidden=True,
            callback=_announce_rename(config.option_name(field)),
            help=f"Former name of {flag}.",
            **kwargs,
        )
    # Flags that are off by default need no note of it.
    kwargs["show_default"] = spec.default_text or (default is not None and default is not False)
    yield click.option(
        flag,
        field.name,
        cls=GroupedOption,
        help=spec.help,
        heading=Group.COMMON if spec.common else spec.group or heading,
        note=None if spec.tasks is None else f"{', '.join(spec.tasks)} only",
        **kwargs,
    )


def _announce_rename(flag: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if _is_given(ctx, str(parameter.name)):
            click.echo(f"Note: {parameter.opts[0]} is now called {flag}.", err=True)
        return value

    return callback


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) not in (
        ParameterSource.DEFAULT,
        ParameterSource.DEFAULT_MAP,
        None,
    )


def given_options(ctx: click.Context, values: dict[str, Any]) -> dict[str, OptionValue]:
    """Return the options that the user gave; the configs know the defaults of the others.

    Options given under a former name keep it; the configs accept it.
    """
    return {name: value for name, value in values.items() if _is_given(ctx, name)}


class PathOrUrl(click.Path):
    """A path as :class:`~pathlib.Path`, or a URL as text, since a path has no double slash."""

    def coerce_path_result(self, value: Any) -> Any:
        """Leave a URL as it is."""
        return value if is_url(value) else super().coerce_path_result(value)


def path(**kwargs: Any) -> click.Path:
    """Return the type of a path argument; the jobs check whether it exists."""
    return PathOrUrl(path_type=Path, **kwargs)


def output() -> Decorator[Any]:
    """Decorate a command with ``-o``, which is required."""
    return click.option(
        "-o",
        "--output",
        cls=GroupedOption,
        heading=Group.OUTPUT,
        metavar="OUT",
        required=True,
        type=path(),
        help="Output; see above.",
    )
