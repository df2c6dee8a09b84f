"""All options of a new training, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from vidgan.config.base import Config, OptionValue, current_names
from vidgan.config.model import ModelConfig
from vidgan.config.presets import PRESETS
from vidgan.config.tasks import TASK_OPTIONS, refuse_other_tasks_options, train_configs
from vidgan.config.train import TrainConfig


@dataclass(frozen=True)
class TrainingOptions:
    """The options of a new training.

    Attributes:
        task: name of the task.
        model: options of the networks.
        train: options of the training.
        task_config: options of the task; None for tasks that add none.
        given: fields that the user set; the others have defaults of the preset, the task or the
            configs.
    """

    task: str
    model: ModelConfig
    train: TrainConfig
    task_config: Config | None
    given: frozenset[str]

    @classmethod
    def parse(cls, task: str, options: Mapping[str, OptionValue]) -> Self:
        """Distribute options over the configs and fill in the defaults of preset and task.

        Args:
            task: name of the task.
            options: the options that the user gave, by field; former names are accepted.

        Raises:
            OptionError: an option is unknown, out of bounds or not used by the task.
        """
        options = current_names(options, *train_configs())
        refuse_other_tasks_options(task, options)
        spec = TASK_OPTIONS[task]
        preset = PRESETS.get(str(options.get("preset", TrainConfig.preset)), {})
        values = {**preset, **spec.defaults, **options}
        model_fields = {field.name for field in fields(ModelConfig)}
        model = {name: values.pop(name) for name in model_fields & set(values)}
        own = {name: values.pop(name) for name in spec.own & set(values)}
        return cls(
            task,
            ModelConfig.from_options(model),
            TrainConfig.from_options(values),
            None if spec.config is None else spec.config.from_options(own),
            frozenset(options),
        )
