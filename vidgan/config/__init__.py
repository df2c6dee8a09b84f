"""Every default, bound and explanation of an option stands here, once; a file a command."""

from vidgan.config.base import Config, option, option_name, value_type
from vidgan.config.evaluate import MEASURES, MIN_GENERATED, PROTOCOLS, EvaluateConfig
from vidgan.config.generate import (
    CODEC_NAMES,
    COMFORTABLE_SIDE,
    DEFAULT_CLIPS,
    DEFAULT_OUTPUT,
    DEFAULT_PLAYBACK_FPS,
    MAX_GRID_SIDE,
    MAX_SHEET_CLIPS,
    SWEEP_SEEDS,
    SWEEP_STEPS,
    VIDEO_FORMATS,
    GenerateConfig,
)
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
from vidgan.config.tasks import (
    DAMAGES,
    DEFAULT_TASK,
    TASK_OPTIONS,
    TASKS,
    CropConfig,
    EnhanceConfig,
    RestoringConfig,
    TaskOptions,
    refuse_other_tasks_options,
)
from vidgan.config.train import DEFAULT_BATCH, DEFAULT_EPOCHS, DEFAULT_RUNS, LOSSES, TrainConfig

__all__ = [
    "CODEC_NAMES",
    "COMFORTABLE_SIDE",
    "DAMAGES",
    "DEFAULT_BATCH",
    "DEFAULT_CLIPS",
    "DEFAULT_DATASET",
    "DEFAULT_EPOCHS",
    "DEFAULT_OUTPUT",
    "DEFAULT_PLAYBACK_FPS",
    "DEFAULT_RUNS",
    "DEFAULT_TASK",
    "DISCRIMINATORS",
    "FRAME_COUNTS",
    "LOSSES",
    "MAX_GRID_SIDE",
    "MAX_SHEET_CLIPS",
    "MAX_SIDE",
    "MEASURES",
    "MIN_GENERATED",
    "MIN_SIDE",
    "MODELS",
    "PRESETS",
    "PROTOCOLS",
    "SWEEP_SEEDS",
    "SWEEP_STEPS",
    "TASKS",
    "TASK_OPTIONS",
    "VIDEO_FORMATS",
    "Config",
    "CropConfig",
    "EnhanceConfig",
    "EvaluateConfig",
    "GenerateConfig",
    "ModelConfig",
    "PreprocessConfig",
    "RestoringConfig",
    "TaskOptions",
    "TrainConfig",
    "option",
    "option_name",
    "refuse_other_tasks_options",
    "value_type",
]
