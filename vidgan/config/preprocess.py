"""Options of ``vidgan preprocess``."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields

from vidgan.config.base import Config, OptionValue, check_requirements, option
from vidgan.config.shared import MAX_SEED
from vidgan.errors import OptionError
from vidgan.video.containers import MAX_FPS, MIN_FPS

DEFAULT_DATASET = "vidgan-data"


@dataclass(frozen=True)
class PreprocessConfig(Config):
    """Options of ``vidgan preprocess``."""

    size: tuple[int, int] = option(
        (64, 64),
        "Width and height of the frames, such as 64 or 224x128; sides are even, 32 to 512 pixels.",
    )
    fps: float | None = option(
        None,
        "Frame rate of the dataset.",
        min=MIN_FPS,
        max=MAX_FPS,
        default_text="the most common rate of the inputs",
    )
    fit: str = option(
        "crop",
        "How frames of another aspect ratio are fitted to the size.",
        choices=("crop", "pad", "stretch"),
    )
    labels: bool = option(False, "Use the names of the subfolders as labels.")
    shots: str = option(
        "adaptive",
        "Shot boundary detector.",
        choices=("adaptive", "content", "histogram", "none"),
    )
    clean: bool = option(True, "Drop black, frozen, duplicated, flashing and damaged frames.")
    denoise: float = option(
        0.0,
        "Strength of noise removal by non-local means; 3 to 10 is usual, 0 disables it.",
        min=0,
        max=50,
    )
    min_frames: int = option(
        8, "Smallest number of frames of a shot; shorter ones are dropped.", min=1, max=256
    )
    test_share: float = option(
        0.2, "Fraction of the frames that is held out for evaluation.", min=0, max=0.9
    )
    lossless: bool = option(False, "Store frames as PNG instead of JPEG with quality 95.")
    decoder: str = option("pyav", "Library that decodes video files.", choices=("pyav", "opencv"))
    seed: int = option(0, "Seed of the train/test split.", min=0, max=MAX_SEED)


@dataclass(frozen=True)
class RunnerConfig(Config):
    """Options for where ``vidgan preprocess`` works; they do not change the dataset."""

    workers: int | None = option(
        None,
        "Number of processes on this machine that decode several inputs.",
        min=1,
        max=1024,
        default_text="one a core",
    )
    runner: str | None = option(
        None,
        "Decode in an Apache Beam pipeline with this runner; needs the extra beam.",
        choices=("direct", "dataflow", "flink", "spark"),
        default_text="processes on this machine, without Beam",
    )
    beam_options: str | None = option(
        None,
        "Pipeline options of Beam, such as '--project=my-project --region=europe-west1'.",
        requires="runner",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_requirements(self)
        if self.workers is not None and self.runner not in (None, "direct"):
            raise OptionError(
                f"--workers is for this machine, --runner {self.runner} for others; set their "
                "number with --beam-options"
            )
        try:
            shlex.split(self.beam_options or "")
        except ValueError as error:
            raise OptionError(f"--beam-options {self.beam_options!r}: {error}") from None


def preprocess_configs(
    options: Mapping[str, OptionValue],
) -> tuple[PreprocessConfig, RunnerConfig]:
    """Distribute the options of ``vidgan preprocess`` over its configs.

    Raises:
        OptionError: an option is unknown, out of bounds or of the wrong type.
    """
    names = {field.name for field in fields(RunnerConfig)} & set(options)
    rest = {name: value for name, value in options.items() if name not in names}
    return (
        PreprocessConfig.from_options(rest),
        RunnerConfig.from_options({name: options[name] for name in names}),
    )
