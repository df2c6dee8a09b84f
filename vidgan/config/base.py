"""What a set of options is: a dataclass that is command-line options, checks and JSON at once.

The dataclasses are the arguments of the Python functions, the options of the commands (see
``vidgan.cli.options``) and the JSON that datasets and runs keep. A field made with :func:`option`
carries its help text and bounds; constructing a config checks them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from vidgan.errors import OptionError


def option(
    default: Any,
    help: str,
    *,
    min: float | None = None,
    max: float | None = None,
    choices: tuple[str, ...] | None = None,
    name: str | None = None,
) -> Any:
    """Declare a dataclass field that is also a command-line option.

    Args:
        default: the value when nothing is said.
        help: one sentence in the user's words.
        min: smallest value allowed.
        max: largest value allowed.
        choices: the only values allowed.
        name: the option's name when it is not the field's (``mirror`` → ``--mirror/--no-mirror``).
    """
    metadata = {"help": help, "min": min, "max": max, "choices": choices, "name": name}
    return dataclasses.field(default=default, metadata=metadata)


def option_name(field: dataclasses.Field) -> str:
    """Return the option a field goes by, such as ``--batch-size``."""
    return "--" + (field.metadata.get("name") or field.name.replace("_", "-"))


def option_names(config: type) -> dict[str, str]:
    """Return the options of a class by their fields' names."""
    return {field.name: option_name(field) for field in dataclasses.fields(config)}


@functools.cache
def _hints(config: type) -> dict[str, Any]:
    """Return the evaluated type hints of a class: working them out is slow, asked for often."""
    return typing.get_type_hints(config)


def value_type(config: type, field_name: str) -> tuple[Any, bool]:
    """Return a field's plain type and whether ``None`` is allowed as well."""
    hint = _hints(config)[field_name]
    if isinstance(hint, types.UnionType):
        plain = [part for part in typing.get_args(hint) if part is not type(None)]
        return plain[0], len(plain) < len(typing.get_args(hint))
    return hint, False


@dataclass(frozen=True)
class Config:
    """A frozen set of options that checks itself and goes to JSON and back."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if "help" in field.metadata:
                self._check(field)

    def _check(self, field: dataclasses.Field) -> None:
        value, rules = getattr(self, field.name), field.metadata
        name = option_name(field)
        plain, optional = value_type(type(self), field.name)
        if value is None:
            if not optional:
                raise OptionError(f"{name} needs a value")
            return
        if rules["choices"] and value not in rules["choices"]:
            raise OptionError(f"{name} {value!r} is none of {', '.join(rules['choices'])}")
        if plain in (int, float) and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value)
        ):
            raise OptionError(f"{name} {value!r} is not a number")
        if plain is int and not isinstance(value, int):
            raise OptionError(f"{name} {value!r} is not a whole number")
        if plain in (str, bool) and not isinstance(value, plain):
            kind = "text" if plain is str else "true or false"
            raise OptionError(f"{name} {value!r} is not {kind}")
        if typing.get_origin(plain) is tuple and not (
            isinstance(value, tuple)
            and [type(part) for part in value] == list(typing.get_args(plain))
        ):
            raise OptionError(f"{name} {value!r} is not a pair of whole numbers")
        if rules["min"] is not None and value < rules["min"]:
            raise OptionError(f"{name} {value} is too small: at least {rules['min']}")
        if rules["max"] is not None and value > rules["max"]:
            raise OptionError(f"{name} {value} is too large: at most {rules['max']}")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, tuples as lists."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, values: Any, source: Path | str) -> Self:
        """Rebuild a config from :meth:`to_json`'s output.

        Args:
            values: the decoded JSON.
            source: the file it came from, named in errors.

        Raises:
            OptionError: a value is out of bounds, of the wrong kind or unknown.
        """
        if not isinstance(values, dict):
            raise OptionError(f"{source}: expected an object of options, found {values!r:.60}")
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(
                f"{source}: unknown option {unknown[0]!r}; was it made by a newer vidgan?"
            )
        tuples = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        try:
            return cls(**tuples)
        except OptionError as error:
            raise OptionError(f"{source}: {error}") from None

    @classmethod
    def from_options(cls, values: dict[str, Any]) -> Self:
        """Build a config from keyword arguments, refusing names it does not have."""
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
