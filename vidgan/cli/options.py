"""Click options derived from the config dataclasses, so that no default is written twice."""

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vidgan import config


class Pair(click.ParamType):
    """``64`` or ``224x128``: two whole numbers as a tuple, one standing for both."""

    name = "NxM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text; anything else is a usage error."""
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().replace("×", "x").split("x")
        if len(parts) > 2 or not all(part.isdigit() for part in parts):
            self.fail(f"{value!r} is not one or two numbers such as 64 or 224x128", param, ctx)
        return int(parts[0]), int(parts[-1])


def _click_type(kind: Any, rules: Any) -> Any:
    if rules["choices"]:
        return click.Choice(rules["choices"])
    if kind is int:
        return click.IntRange(rules["min"], rules["max"])
    if kind is float:
        return click.FloatRange(rules["min"], rules["max"])
    return str


def _default_text(value: Any) -> Any:
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else value


def from_tasks() -> Callable:
    """Decorate ``train`` with the options of all tasks; those that several share come once."""

    def decorate(command: Callable) -> Callable:
        seen: dict[str, type[config.Config]] = {}
        for spec in config.TASK_OPTIONS.values():
            for field in dataclasses.fields(spec.config) if spec.config else ():
                assert spec.config is not None
                seen.setdefault(field.name, spec.config)
        for name, cls in reversed(seen.items()):
            command = from_config(cls, only=(name,))(command)
        return command

    return decorate


def from_config(cls: type[config.Config], only: tuple[str, ...] | None = None) -> Callable:
    """Decorate a command with one option for every field of a config dataclass.

    The command receives the fields as keyword arguments; ``cls(**kwargs)`` rebuilds the config.

    Args:
        cls: the config.
        only: the fields wanted, where they are not all.
    """

    def decorate(command: Callable) -> Callable:
        for field in reversed(dataclasses.fields(cls)):
            rules = field.metadata
            if "help" not in rules or (only is not None and field.name not in only):
                continue
            kind, _ = config.value_type(cls, field.name)
            flag = config.option_name(field)
            if kind is bool:
                flag = flag if field.default is False else f"{flag}/--no-{flag[2:]}"
                kwargs: dict[str, Any] = {"is_flag": True, "default": field.default}
            elif typing.get_origin(kind) is tuple:
                kwargs = {"type": Pair(), "default": _default_text(field.default)}
            else:
                kwargs = {"type": _click_type(kind, rules), "default": field.default}
            # A flag's default is off and goes without saying; a pair shows which of the two it is.
            kwargs["show_default"] = field.default is not None and field.default is not False
            command = click.option(flag, field.name, help=rules["help"], **kwargs)(command)
        return command

    return decorate


def path(**kwargs: Any) -> click.Path:
    """Return the type of a path argument; existence is checked by the job, which says more."""
    return click.Path(path_type=Path, **kwargs)


def output() -> Callable:
    """Decorate a command with ``-o``, which it cannot do without."""
    return click.option(
        "-o", "--output", metavar="OUT", required=True, type=path(), help="Where to; see above."
    )
