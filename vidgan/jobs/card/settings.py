"""The options of a run in a model card."""

from dataclasses import dataclass
from typing import Any

from vidgan.config import DEFAULT_TASK, TASK_OPTIONS, train_configs
from vidgan.config.base import option_fields, option_names
from vidgan.training.run import Run


@dataclass(frozen=True)
class Setting:
    """The value of an option.

    Attributes:
        flag: such as ``--batch-size``.
        value: as text.
        default: the default as text, None where it depends on the model, the data or the machine.
        changed: whether the value is another than the default.
    """

    flag: str
    value: str
    default: str | None
    changed: bool


def describe(run: Run) -> list[Setting]:
    """Return all options that the task of a run uses."""
    flags: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    for config in reversed(train_configs()):
        names = option_names(config)
        # Fields that are no options, such as the names of labels, are told elsewhere.
        flags |= {each.name: names[each.name] for each, _ in option_fields(config)}
        defaults |= config().to_json()
    defaults |= TASK_OPTIONS[run.task].defaults
    if run.task == DEFAULT_TASK:
        defaults |= _defaults_of_model(run)
    values = {name: value for group in run.options().values() for name, value in group.items()}
    return [
        Setting(
            flags[name],
            _text(value),
            None if defaults[name] in (None, "auto") else _text(defaults[name]),
            value != defaults[name],
        )
        for name, value in values.items()
        if name in flags
    ]


def _defaults_of_model(run: Run) -> dict[str, Any]:
    """Return the defaults that a model sets for itself."""
    from vidgan import models
    from vidgan.config import ModelConfig

    own = models.resolve(ModelConfig(model=run.model.model)).to_json()
    return {name: value for name, value in own.items() if name != "model"}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
