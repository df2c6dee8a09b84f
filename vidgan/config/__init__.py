"""Configs: every option of every command, with its default, bounds and help text, once.

There is one file for each command. An option is a field declared with
:func:`vidgan.config.base.option`.
"""

from vidgan.config.base import (
    Config,
    OptionSpec,
    OptionValue,
    check_requirements,
    option,
    option_fields,
    option_name,
    value_type,
)
from vidgan.config.evaluate import (
    MIN_GENERATED,
    PROTOCOLS,
    PUBLISHED_FRAMES,
    EvaluateConfig,
)
from vidgan.config.generate import (
    DEFAULT_CLIPS,
    DEFAULT_OUTPUT,
    DEFAULT_PLAYBACK_FPS,
    MAX_GRID_SIDE,
    MAX_SHEET_CLIPS,
    MIN_DISPLAY_SIDE,
    SWEEP_SEEDS,
    SWEEP_STEPS,
    GenerateConfig,
)
from vidgan.config.groups import Group
from vidgan.config.metric_groups import METRIC_GROUPS, MetricGroup, Need
from vidgan.config.model import (
    DISCRIMINATORS,
    FRAME_COUNTS,
    MAX_SIDE,
    MIN_SIDE,
    MODELS,
    ModelConfig,
)
from vidgan.config.preprocess import DEFAULT_DATASET, PreprocessConfig
from vidgan.config.presets import PRESETS
from vidgan.config.restore import (
    DEFAULT_GROW,
    DEFAULT_SCALE,
    DIRECTIONS,
    EnhanceVideo,
    InpaintVideo,
    MaskedRestoreConfig,
    RestoreConfig,
    TranslateVideo,
    VideoCommand,
)
from vidgan.config.shared import CODEC_NAMES, DEFAULT_TASK, VIDEO_FORMATS
from vidgan.config.task_configs import (
    DAMAGES,
    MASKS,
    CropConfig,
    EnhanceConfig,
    InpaintConfig,
    RestoringConfig,
    TranslateConfig,
)
from vidgan.config.tasks import (
    TASK_OPTIONS,
    TASKS,
    TaskOptions,
    known_options,
    refuse_other_tasks_options,
    resumable_options,
    shared_options,
    train_configs,
)
from vidgan.config.train import (
    BUDGET,
    DEFAULT_BATCH,
    DEFAULT_EPOCHS,
    DEFAULT_RUNS,
    R1_OF_PAIRS,
    TrainConfig,
)
from vidgan.config.training_options import TrainingOptions

__all__ = [
    "BUDGET",
    "CODEC_NAMES",
    "DAMAGES",
    "DEFAULT_BATCH",
    "DEFAULT_CLIPS",
    "DEFAULT_DATASET",
    "DEFAULT_EPOCHS",
    "DEFAULT_GROW",
    "DEFAULT_OUTPUT",
    "DEFAULT_PLAYBACK_FPS",
    "DEFAULT_RUNS",
    "DEFAULT_SCALE",
    "DEFAULT_TASK",
    "DIRECTIONS",
    "DISCRIMINATORS",
    "FRAME_COUNTS",
    "MASKS",
    "MAX_GRID_SIDE",
    "MAX_SHEET_CLIPS",
    "MAX_SIDE",
    "METRIC_GROUPS",
    "MIN_DISPLAY_SIDE",
    "MIN_GENERATED",
    "MIN_SIDE",
    "MODELS",
    "PRESETS",
    "PROTOCOLS",
    "PUBLISHED_FRAMES",
    "R1_OF_PAIRS",
    "SWEEP_SEEDS",
    "SWEEP_STEPS",
    "TASKS",
    "TASK_OPTIONS",
    "VIDEO_FORMATS",
    "Config",
    "CropConfig",
    "EnhanceConfig",
    "EnhanceVideo",
    "EvaluateConfig",
    "GenerateConfig",
    "Group",
    "InpaintConfig",
    "InpaintVideo",
    "MaskedRestoreConfig",
    "MetricGroup",
    "ModelConfig",
    "Need",
    "OptionSpec",
    "OptionValue",
    "PreprocessConfig",
    "RestoreConfig",
    "RestoringConfig",
    "TaskOptions",
    "TrainConfig",
    "TrainingOptions",
    "TranslateConfig",
    "TranslateVideo",
    "VideoCommand",
    "check_requirements",
    "known_options",
    "option",
    "option_fields",
    "option_name",
    "refuse_other_tasks_options",
    "resumable_options",
    "shared_options",
    "train_configs",
    "value_type",
]
