"""Describe the fields of the config classes by the help texts of their options."""

from typing import Any

from sphinx.application import Sphinx

from vidgan.config import Config, option_fields, option_name
from vidgan.config.base import option_flag


def is_config(value: object) -> bool:
    """Return whether a value is a config class."""
    return isinstance(value, type) and issubclass(value, Config)


def list_fields(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Append to a config class its fields: default, command-line option and help text."""
    if not is_config(value):
        return
    lines.append("")
    for field, spec in option_fields(value):
        lines += [
            f"``{field.name}`` = ``{field.default!r}``",
            f"    {spec.help}".replace("*", r"\*"),
        ]
        if spec.default_text:
            lines.append(f"    Default: {spec.default_text}.".replace("*", r"\*"))
        if option_name(field) != option_flag(field.name):
            lines.append(f"    On the command line: ``{option_name(field)}``.")
    lines.append("")


def hide_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    """Drop the signature of a config class: its fields say the same."""
    return ("(**options)", "") if is_config(value) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the handlers."""
    app.connect("autodoc-process-docstring", list_fields)
    app.connect("autodoc-process-signature", hide_signature)
    return {"parallel_read_safe": True}
