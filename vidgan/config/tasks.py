"""Registry of the tasks of ``vidgan train``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from vidgan.config.base import Config, OptionSpec, OptionValue, option_fields, option_names
from vidgan.config.model import ModelConfig
from vidgan.config.restore import (
    COLORIZE_COMMAND,
    ENHANCE_COMMAND,
    INPAINT_COMMAND,
    INTERPOLATE_COMMAND,
    TRANSLATE_COMMAND,
    VideoCommand,
)
from vidgan.config.shared import DEFAULT_TASK, SYNTHESIS_ONLY
from vidgan.config.task_configs import (
    ColorizeConfig,
    EnhanceConfig,
    InpaintConfig,
    InterpolateConfig,
    TranslateConfig,
)
from vidgan.config.train import TrainConfig
from vidgan.errors import OptionError


@dataclass(frozen=True)
class TaskOptions:
    """The facts about a task that the command line needs.

    Attributes:
        summary: what is trained, a few words.
        command: the command that uses its runs.
        example: an example of that command, shown after training.
        measured: the command that evaluates its results.
        config: the options that it adds to ``vidgan train``; None for none.
        defaults: its defaults, where they differ from those of the configs, by field.
        datasets: number of datasets that it is trained on.
        video: the command that applies its runs to videos; None for tasks that have no such
            command.
    """

    summary: str
    command: str
    example: str
    measured: str
    config: type[Config] | None = None
    defaults: Mapping[str, OptionValue] = field(default_factory=dict)
    datasets: int = 1
    video: VideoCommand | None = None

    @property
    def own(self) -> frozenset[str]:
        """The fields of :attr:`config`."""
        return frozenset(each.name for each in fields(self.config)) if self.config else frozenset()


TASK_OPTIONS: Mapping[str, TaskOptions] = {
    DEFAULT_TASK: TaskOptions(
        "generate new clips",
        command="vidgan generate",
        example="vidgan generate -o out.mp4",
        measured="vidgan evaluate RUN",
    ),
    "enhance": TaskOptions(
        "restore degraded video: enlarge, sharpen, remove noise, brighten",
        command="vidgan enhance",
        example="vidgan enhance input.mp4 -o output.mp4",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=EnhanceConfig,
        defaults={
            "frames": 8,
            "g_channels": 32,
            "d_channels": 8,
            "batch_size": 4,
            "g_lr": 1e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
            "precision": "float32",
        },
        video=ENHANCE_COMMAND,
    ),
    "inpaint": TaskOptions(
        "fill masked areas of video",
        command="vidgan inpaint",
        example="vidgan inpaint input.mp4 --mask mask.png -o output.mp4",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=InpaintConfig,
        defaults={
            "frames": 16,
            "g_channels": 16,
            "d_channels": 16,
            "batch_size": 2,
            "g_lr": 3e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
            "optimizer": "muon",
            "precision": "float32",
        },
        video=INPAINT_COMMAND,
    ),
    "interpolate": TaskOptions(
        "compute frames between frames",
        command="vidgan interpolate",
        example="vidgan interpolate input.mp4 -o output.mp4 --times 2",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=InterpolateConfig,
        defaults={
            "frames": 8,
            "g_channels": 16,
            "d_channels": 8,
            "batch_size": 4,
            "g_lr": 3e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
            "optimizer": "muon",
            "precision": "float32",
        },
        video=INTERPOLATE_COMMAND,
    ),
    "colorize": TaskOptions(
        "give colours to black-and-white video",
        command="vidgan colorize",
        example="vidgan colorize input.mp4 -o output.mp4",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=ColorizeConfig,
        defaults={
            "frames": 8,
            "g_channels": 16,
            "d_channels": 16,
            "batch_size": 2,
            "g_lr": 3e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
            "optimizer": "muon",
            "precision": "float32",
        },
        video=COLORIZE_COMMAND,
    ),
    "translate": TaskOptions(
        "translate clips between two domains, trained without pairs",
        command="vidgan translate",
        example="vidgan translate input.mp4 -o output.mp4 --direction a2b",
        measured="vidgan evaluate --real TARGETS --fake TRANSLATED",
        config=TranslateConfig,
        defaults={"frames": 8, "g_channels": 16, "d_channels": 16, "d_lr": 8e-4, "r1": 0.1},
        datasets=2,
        video=TRANSLATE_COMMAND,
    ),
}
TASKS = tuple(TASK_OPTIONS)


def shared_options(task: str) -> frozenset[str]:
    """Return the fields of ``ModelConfig`` and ``TrainConfig`` that a task uses."""
    names = set()
    for config in (ModelConfig, TrainConfig):
        for each in fields(config):
            spec: OptionSpec | None = each.metadata.get("option")
            # Fields that are no options, such as the names of labels, belong to synthesis.
            if task in (SYNTHESIS_ONLY if spec is None else spec.tasks or TASKS):
                names.add(each.name)
    return frozenset(names)


def known_options(task: str) -> frozenset[str]:
    """Return the fields of all configs that a task uses."""
    return shared_options(task) | TASK_OPTIONS[task].own


def train_configs() -> tuple[type[Config], ...]:
    """Return all configs of ``vidgan train``."""
    own = (spec.config for spec in TASK_OPTIONS.values() if spec.config is not None)
    return (ModelConfig, TrainConfig, *own)


def refuse_other_tasks_options(task: str, options: Mapping[str, Any]) -> None:
    """Check that a task uses the given options.

    Args:
        task: name of the task.
        options: the options that the user gave, by field; names that no task knows are ignored.

    Raises:
        OptionError: the task does not use one of them.
    """
    flags = {
        name: flag for config in train_configs() for name, flag in option_names(config).items()
    }
    known = {each: known_options(each) for each in TASKS}
    for name in options:
        able = [each for each in TASKS if name in known[each]]
        if able and task not in able:
            raise OptionError(
                f"{flags[name]} has no meaning for --task {task}; leave it out (it goes with "
                f"--task {', '.join(able)})"
            )


def resumable_options() -> frozenset[str]:
    """Return the fields that ``vidgan train --resume`` may change."""
    return frozenset(
        each.name
        for config in train_configs()
        for each, spec in option_fields(config)
        if spec.resumable
    )
