"""Every default, bound and explanation of an option stands here, once.

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


# Sizes a network can be built for: a side is BASE × 2^k. See models/sizes.py.
MIN_SIDE, MAX_SIDE = 32, 256
FRAME_COUNTS = (8, 16, 32)
DEFAULT_DATASET = "vidgan-data"
DEFAULT_RUNS = "runs"
DEFAULT_BATCH = 4
# What training runs to when no budget is given.
DEFAULT_EPOCHS = 100.0


@dataclass(frozen=True)
class PreprocessConfig(Config):
    """How videos become a dataset."""

    size: tuple[int, int] = option(
        (64, 64), "Width and height of the frames, as 64 or 224x128 (32 to 256 a side)."
    )
    fps: float | None = option(
        None,
        "Frames a second to keep; default: the commonest rate among the inputs.",
        min=0.1,
        max=240,
    )
    fit: str = option(
        "crop", "How a frame of another shape fits.", choices=("crop", "pad", "stretch")
    )
    labels: bool = option(False, "Use the names of the sub-folders as labels.", name="labels")
    shots: str = option(
        "adaptive",
        "Shot boundary detector.",
        choices=("adaptive", "content", "histogram", "none"),
    )
    clean: bool = option(
        True, "Drop black, frozen, duplicated, flashing and damaged frames.", name="clean"
    )
    denoise: float = option(
        0.0,
        "Strength of noise removal (OpenCV's non-local means; 3 to 10 is usual, 0 is off).",
        min=0,
        max=50,
    )
    min_frames: int = option(8, "Shortest shot to keep, in frames.", min=1, max=256)
    test_share: float = option(
        0.2, "Share of the frames that is held out for evaluation.", min=0, max=0.9
    )
    lossless: bool = option(False, "Store frames as PNG instead of JPEG 95.", name="lossless")
    decoder: str = option("pyav", "Library that decodes video files.", choices=("pyav", "opencv"))
    seed: int = option(0, "Seed of the train/test split.", min=0, max=2**31 - 1)


DEFAULT_OUTPUT = "out.mp4"
# For a dataset and a command line that say nothing about it.
DEFAULT_PLAYBACK_FPS = 30.0
# Where nothing says how many clips are wanted.
DEFAULT_CLIPS = 16
# Pictures whose shorter side has fewer pixels are enlarged for watching; see --scale.
COMFORTABLE_SIDE = 256
MAX_GRID_SIDE = 32
VIDEO_FORMATS = ("mp4", "webm", "avi", "gif")
CODEC_NAMES = ("auto", "h264", "vp9", "vp8", "mp4v", "xvid", "mjpg", "gif")
# A taller contact sheet is one that few programs open.
MAX_SHEET_CLIPS = 128


@dataclass(frozen=True)
class GenerateConfig(Config):
    """Which clips a trained generator makes and how they are written."""

    n: int | None = option(
        None,
        f"Clips to make, or seeds to pass with --interpolate; default: one a seed of --seeds, "
        f"one a tile of --grid, else {DEFAULT_CLIPS}.",
        min=1,
    )
    seeds: str | None = option(None, "Seeds of the clips, as 0,1,4-6.")
    seed: int = option(0, "First seed when --seeds is not given.", min=0, max=2**31 - 1)
    trunc: float = option(
        1.0,
        "Pull clips towards the average one: less variety, fewer failures. 1 is off.",
        min=0.01,
        max=1,
    )
    interpolate: int | None = option(
        None, "Morph from each seed to the next in this many clips.", min=2, max=1000
    )
    loop: bool = option(
        False,
        "Play every clip forwards, then backwards, so that it ends where it began; with "
        "--interpolate return to the first seed, too.",
    )
    grid: tuple[int, int] | None = option(
        None, "Tile clips in ROWSxCOLUMNS; more clips than tiles follow as further pages."
    )
    fps: float | None = option(
        None,
        f"Frames a second; default: the dataset's, else {DEFAULT_PLAYBACK_FPS:g}.",
        min=0.1,
        max=240,
    )
    scale: int | None = option(
        None,
        f"Enlarge by this whole factor; default: what brings the shorter side to "
        f"{COMFORTABLE_SIDE}, and 1 for .npy. 1 keeps the pixels.",
        min=1,
        max=32,
    )
    codec: str = option(
        "auto",
        "auto is h264 for .mp4, vp9 for .webm, mjpg for .avi.",
        choices=CODEC_NAMES,
    )
    format: str | None = option(
        None,
        f"Type of the files in a folder; default: {VIDEO_FORMATS[0]}.",
        choices=VIDEO_FORMATS,
    )
    batch_size: int = option(16, "Clips generated at once.", min=1, max=4096)
    checkpoint: str = option("latest", "latest, or the step of a checkpoint of the run.")
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    overwrite: bool = option(False, "Replace an output that is there already.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grid is not None and not all(
            isinstance(side, int) and 1 <= side <= MAX_GRID_SIDE for side in self.grid
        ):
            raise OptionError(
                f"--grid {'x'.join(map(str, self.grid))}: rows and columns are 1 to {MAX_GRID_SIDE}"
            )


@dataclass(frozen=True)
class ModelConfig(Config):
    """The networks; with a dataset's size this is all that is needed to build them."""

    model: str = option("dcgan", "Architecture.", choices=("dcgan",))
    frames: int = option(16, "Frames of a clip: 8, 16 or 32.", min=8, max=32)
    latent_dim: int = option(128, "Length of the latent vector.", min=2, max=4096)
    g_channels: int = option(
        24,
        "Channels of the generator at half of the full size; smaller levels have up to 8 times as "
        "many.",
        min=4,
        max=512,
    )
    d_channels: int = option(
        24,
        "Channels of the discriminator, as for the generator.",
        min=4,
        max=512,
    )


@dataclass(frozen=True)
class TrainConfig(Config):
    """How the networks are trained."""

    epochs: float | None = option(
        None, "Stop after this many passes over the training clips.", min=0.001
    )
    steps: int | None = option(None, "Stop after this many training steps.", min=1)
    minutes: float | None = option(None, "Stop after this many minutes of training.", min=0.001)
    batch_size: int | None = option(
        None,
        f"Clips a step; default: {DEFAULT_BATCH}, or all clips of a smaller dataset.",
        min=1,
        max=4096,
    )
    stride: int = option(1, "Take every n-th frame of the video.", min=1, max=64)
    mirror: bool = option(True, "Flip half of the clips left to right.", name="mirror")
    augment: str = option(
        "translation",
        "What varies the clips both networks see, alike in all frames of a clip: any of color, "
        "translation, cutout, joined by commas, or none.",
    )
    loss: str = option("non-saturating", "Adversarial loss.", choices=("non-saturating",))
    g_lr: float = option(8e-4, "Learning rate of the generator.", min=1e-8, max=1)
    d_lr: float = option(4e-4, "Learning rate of the discriminator.", min=1e-8, max=1)
    beta_1: float = option(0.5, "Adam's decay of the first moment.", min=0, max=0.999)
    beta_2: float = option(0.99, "Adam's decay of the second moment.", min=0, max=0.99999)
    r1: float = option(5.0, "Weight of the R1 penalty on real clips; 0 is off.", min=0, max=1e4)
    r1_every: int = option(16, "Apply the R1 penalty every this many steps.", min=1, max=1000)
    ema: float = option(
        0.999,
        "Decay of the generator's moving average, which is what generates.",
        min=0,
        max=0.99999,
    )
    precision: str = option(
        "float32",
        "Arithmetic of the layers.",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
    )
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    seed: int = option(0, "Seed of everything random.", min=0, max=2**31 - 1)
    snapshot_minutes: float = option(
        5.0, "Save a checkpoint and samples every so many minutes.", min=0.001, max=1e5
    )
    keep: int = option(3, "How many of the newest checkpoints to keep.", min=1, max=1000)
    log_every: int = option(10, "Write a line to the log every so many steps.", min=1, max=10000)
    tensorboard: bool = option(True, "Write TensorBoard files.", name="tensorboard")


# Fewer generated clips say little of what a generator makes.
MIN_GENERATED = 256


@dataclass(frozen=True)
class EvaluateConfig(Config):
    """How a run is judged."""

    n: int | None = option(
        None,
        f"Clips to generate; default: as many as there are test clips, at least {MIN_GENERATED}.",
        min=2,
    )
    features: str = option(
        "random3d", "Embedding in which clips are compared.", choices=("random3d",)
    )
    seed: int = option(
        0,
        "Seed of the first generated clip, the next has the next; also chooses training clips.",
        min=0,
        max=2**31 - 1,
    )
    batch_size: int = option(16, "Clips handled at once.", min=1, max=4096)
    checkpoint: str = option("latest", "latest, or the step of a checkpoint of the run.")
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    overwrite: bool = option(False, "Replace an output that is there already.")
