"""Base class of all configs: dataclasses that are command-line options, checks and JSON at once.

The dataclasses hold the arguments of the Python functions, the options of the commands (see
``vidgan.cli.options``) and the JSON that datasets and runs keep. A field declared with
:func:`option` carries the facts about its option; constructing a config checks its values.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import reprlib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

from vidgan import json_files
from vidgan.config.groups import Group
from vidgan.errors import OptionError

OptionValue: TypeAlias = str | int | float | bool | tuple[int, int] | tuple[str, ...] | None
T = TypeVar("T", bound=OptionValue)


@dataclass(frozen=True)
class OptionSpec:
    """The facts about an option; see :func:`option`."""

    help: str
    min: float | None
    max: float | None
    choices: tuple[str, ...] | None
    name: str | None
    default_text: str | None
    group: Group | None
    common: bool
    tasks: tuple[str, ...] | None
    resumable: bool
    requires: str | None
    excludes: str | None
    fallback: OptionValue
    before: OptionValue
    renamed_from: str | None


def option(
    default: T,
    help: str,
    *,
    min: float | None = None,
    max: float | None = None,
    choices: tuple[str, ...] | None = None,
    name: str | None = None,
    default_text: str | None = None,
    group: Group | None = None,
    common: bool = False,
    tasks: tuple[str, ...] | None = None,
    resumable: bool = False,
    requires: str | None = None,
    excludes: str | None = None,
    fallback: OptionValue = None,
    before: OptionValue = None,
    renamed_from: str | None = None,
) -> T:
    """Declare a dataclass field that is also a command-line option.

    Args:
        default: the default value.
        help: one sentence for ``--help``.
        min: smallest value allowed.
        max: largest value allowed.
        choices: the only values allowed.
        name: the option's name if it is not the field's (``mirror`` → ``--mirror/--no-mirror``).
        default_text: what ``--help`` shows as the default instead of the value.
        group: heading in ``--help``; None for one derived from the tasks that have the option, or
            the general heading.
        common: whether ``--help`` lists it at the top, among the most used options.
        tasks: names of the tasks of ``vidgan train`` that use it; None for all tasks that have its
            config. Other tasks refuse it.
        resumable: whether ``vidgan train --resume`` may change it.
        requires: field of another option without which this one has no effect: when that is 0 or
            ``none``, changing this one is an error.
        excludes: field of another option with which this one has no effect: when that is on,
            changing this one is an error.
        fallback: of an option whose default of None means the model's own value: the value for
            models that set none. Without a fallback such models refuse the option.
        before: value in files that were written before the option existed; None for the default.
        renamed_from: former name of the field, which is still accepted.
    """
    spec = OptionSpec(
        help=help,
        min=min,
        max=max,
        choices=choices,
        name=name,
        default_text=default_text,
        group=group,
        common=common,
        tasks=tasks,
        resumable=resumable,
        requires=requires,
        excludes=excludes,
        fallback=fallback,
        before=before,
        renamed_from=renamed_from,
    )
    field: T = dataclasses.field(default=default, metadata={"option": spec})
    return field


def option_fields(config: type) -> Iterator[tuple[dataclasses.Field[Any], OptionSpec]]:
    """Yield the fields of a dataclass that are options, each with its facts."""
    for field in fields(config):
        spec = field.metadata.get("option")
        if spec is not None:
            yield field, spec


def option_flag(name: str) -> str:
    """Return the command-line spelling of a field's name, such as ``--batch-size``."""
    return "--" + name.replace("_", "-")


def option_name(field: dataclasses.Field[Any]) -> str:
    """Return the command-line name of a field, such as ``--batch-size``."""
    spec: OptionSpec | None = field.metadata.get("option")
    return option_flag(spec.name if spec and spec.name else field.name)


def option_names(config: type) -> dict[str, str]:
    """Return the command-line names of a config's fields, by field name."""
    return {field.name: option_name(field) for field in fields(config)}


# The start and the end of a long value are enough to recognise it.
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def _shown(value: object) -> str:
    """Return a value for a message, shortened if it is long."""
    return _short.repr(value)


def is_off(value: OptionValue) -> bool:
    """Return whether a value turns a feature off: None, False, 0, the empty text or ``none``."""
    if isinstance(value, str):
        return all(part.strip() in ("", "none") for part in value.split(","))
    return not value


@functools.cache
def _hints(config: type) -> dict[str, Any]:
    """Return the evaluated type hints of a class; cached because evaluating them is slow."""
    return typing.get_type_hints(config)


def value_type(config: type, field_name: str) -> tuple[Any, bool]:
    """Return the type of a field without None, and whether None is allowed."""
    hint = _hints(config)[field_name]
    if isinstance(hint, types.UnionType):
        plain = [part for part in typing.get_args(hint) if part is not type(None)]
        return plain[0], len(plain) < len(typing.get_args(hint))
    return hint, False


@dataclass(frozen=True)
class Config:
    """Base class of frozen sets of options that check themselves and convert to and from JSON."""

    def __post_init__(self) -> None:
        for field, spec in option_fields(type(self)):
            self._check(field, spec)

    def _check(self, field: dataclasses.Field[Any], spec: OptionSpec) -> None:
        value, name = getattr(self, field.name), option_name(field)
        plain, optional = value_type(type(self), field.name)
        if value is None:
            if not optional:
                raise OptionError(f"{name} needs a value")
            return
        if spec.choices and value not in spec.choices:
            raise OptionError(f"{name} {_shown(value)} is none of {', '.join(spec.choices)}")
        if plain in (int, float) and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value)
        ):
            raise OptionError(f"{name} {_shown(value)} is not a number")
        if plain is int and not isinstance(value, int):
            raise OptionError(f"{name} {_shown(value)} is not a whole number")
        if plain in (str, bool) and not isinstance(value, plain):
            kind = "text" if plain is str else "true or false"
            raise OptionError(f"{name} {_shown(value)} is not {kind}")
        if typing.get_origin(plain) is tuple and not (
            isinstance(value, tuple)
            and [type(part) for part in value] == list(typing.get_args(plain))
        ):
            of = "whole numbers" if int in typing.get_args(plain) else "texts"
            raise OptionError(f"{name} {_shown(value)} is not a pair of {of}")
        if spec.min is not None and value < spec.min:
            raise OptionError(f"{name} {value} is too small: at least {spec.min}")
        if spec.max is not None and value > spec.max:
            raise OptionError(f"{name} {value} is too large: at most {spec.max}")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, tuples as lists."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    @classmethod
    def from_json(cls, values: Any, source: Path | str) -> Self:
        """Rebuild a config from the output of :meth:`to_json`.

        Former names of options are accepted.

        Args:
            values: the decoded JSON.
            source: the file it came from, named in errors.

        Raises:
            OptionError: a value is out of bounds, of the wrong type or unknown.
        """
        if not isinstance(values, dict):
            raise OptionError(f"{source}: expected an object of options, found {_shown(values)}")
        try:
            values = current_names(values, cls)
            unknown = sorted(set(values) - {field.name for field in fields(cls)})
            if unknown:
                raise OptionError(
                    f"unknown option {_shown(unknown[0])}; was it made by a newer vidgan?"
                )
            before = {
                field.name: spec.before
                for field, spec in option_fields(cls)
                if spec.before is not None
            }
            return json_files.convert(before | values, cls)
        except (OptionError, ValueError) as error:
            raise OptionError(f"{source}: {error}") from None

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from keyword arguments.

        Former names of options are accepted.

        Raises:
            OptionError: a value is out of bounds or of the wrong type, or a name is unknown.
        """
        values = current_names(values, cls)
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(
                f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}"
            )
        return cls(**values)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some values changed, checked again."""
        return dataclasses.replace(self, **changes)


def current_names(values: Mapping[str, Any], *configs: type[Config]) -> dict[str, Any]:
    """Replace former names of options by the current ones.

    Args:
        values: options by field name.
        *configs: the configs whose former names are known.

    Raises:
        OptionError: an option is given under both names.
    """
    renamed = dict(values)
    for config in configs:
        for field, spec in option_fields(config):
            if spec.renamed_from is not None and spec.renamed_from in renamed:
                if field.name in renamed:
                    raise OptionError(
                        f"{option_flag(spec.renamed_from)} is the former name of "
                        f"{option_name(field)}; give one of them"
                    )
                renamed[field.name] = renamed.pop(spec.renamed_from)
    return renamed


def check_requirements(*configs: Config) -> None:
    """Refuse options that were changed but have no effect together with the others.

    Args:
        *configs: the configs of one command.

    Raises:
        OptionError: naming both options.
    """
    values = {field.name: getattr(each, field.name) for each in configs for field in fields(each)}
    flags = {name: flag for each in configs for name, flag in option_names(type(each)).items()}
    for config in configs:
        for field, spec in option_fields(type(config)):
            flag, needed, other = flags[field.name], spec.requires, spec.excludes
            if values[field.name] == field.default:
                continue
            if needed in values and values[needed] is None:
                raise OptionError(
                    f"{flag} has no effect without {flags[needed]}; give both or none"
                )
            if needed in values and is_off(values[needed]):
                raise OptionError(
                    f"{flag} has no effect with {flags[needed]} {values[needed]}; leave one of "
                    "them out"
                )
            if other in values and not is_off(values[other]):
                raise OptionError(f"{flag} does not go with {flags[other]}; leave one of them out")
