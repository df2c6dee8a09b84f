"""Options of ``vidgan enhance``, ``vidgan inpaint`` and ``vidgan translate``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.generate import CODEC_NAMES, VIDEO_FORMATS
from vidgan.errors import OptionError
from vidgan.video.containers import codec_help

DIRECTIONS = ("a2b", "b2a")
# For bicubic, which does nothing else.
DEFAULT_SCALE = 2
# For a colour and for scratches and dust: their edges are mixed with what is around them.
DEFAULT_GROW = 2


@dataclass(frozen=True)
class RestoreConfig(Config):
    """What the three commands that turn a video into another have in common."""

    start: str | None = option(
        None, "Begin here, in seconds or h:mm:ss; default: at the beginning."
    )
    end: str | None = option(None, "End here, in seconds or h:mm:ss; default: at the end.")
    max_frames: int | None = option(None, "Restore so many frames at most.", min=1)
    compare: bool = option(False, "Write before and after side by side.")
    codec: str = option(
        "auto",
        codec_help(),
        choices=CODEC_NAMES,
    )
    format: str | None = option(
        None,
        f"Type of the files in a folder; default: {VIDEO_FORMATS[0]}.",
        choices=VIDEO_FORMATS,
    )
    memory: float = option(
        1.5,
        "GiB that windows and tiles may take; the decoder, the encoder and TensorFlow take what "
        "they need besides. More saves arithmetic with large videos, or the disk: frames of "
        "windows lie there, beside the output, where memory has no room for enough of them.",
        min=0.05,
        max=1024,
    )
    checkpoint: str = option("latest", "latest, best, or the step of one of the run's checkpoints.")
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    precision: str = option(
        "auto",
        "Arithmetic of the network; auto is mixed_bfloat16 on a CPU that is made for it, up to "
        "twice as fast and rarely more than a level of 255 away, else float32.",
        choices=("auto", "float32", "mixed_bfloat16"),
    )
    resume: bool = option(
        False, "Go on where an interrupted command of the same input and options stopped."
    )
    overwrite: bool = option(False, "Replace an output that is there already.")

    def __post_init__(self) -> None:
        super().__post_init__()
        begin, end = self.span
        if end is not None and end <= begin:
            raise OptionError(f"--end {self.end} does not lie behind --start {self.start or 0}")

    @property
    def span(self) -> tuple[float, float | None]:
        """``--start`` and ``--end`` in seconds."""
        begin = 0.0 if self.start is None else _seconds("--start", self.start)
        return begin, None if self.end is None else _seconds("--end", self.end)


@dataclass(frozen=True)
class EnhanceVideo(RestoreConfig):
    """How ``vidgan enhance`` restores a video."""

    method: str | None = option(
        None,
        "Restore without a trained run: bicubic enlarges, nlmeans takes noise away.",
        choices=("bicubic", "nlmeans"),
    )
    scale: int | None = option(
        None,
        "How many times longer the sides become; default: what the run was trained for, "
        f"{DEFAULT_SCALE} for bicubic, 1 for nlmeans.",
        min=1,
        max=8,
    )
    strength: float = option(
        10.0, "How much noise nlmeans takes away; 3 is little, 20 much.", min=0.1, max=100
    )


@dataclass(frozen=True)
class InpaintVideo(RestoreConfig):
    """How ``vidgan inpaint`` fills the holes of a video."""

    method: str | None = option(
        None,
        "Fill without a trained run: telea goes on with what is around a hole, median takes what "
        "other frames show there.",
        choices=("telea", "median"),
    )
    tolerance: int = option(
        40, "How far red, green and blue may be from the colour of --mask.", min=0, max=255
    )
    grow: int | None = option(
        None,
        f"Make holes larger by so many pixels on all sides; default: {DEFAULT_GROW} for a "
        "colour and for auto, else 0.",
        min=0,
        max=100,
    )


@dataclass(frozen=True)
class TranslateVideo(RestoreConfig):
    """How ``vidgan translate`` turns a video of one domain into the other."""

    direction: str = option(
        DIRECTIONS[0],
        "From the first dataset of the training to the second, or back.",
        choices=DIRECTIONS,
    )


def _seconds(name: str, text: str) -> float:
    """Return ``90``, ``1:30`` or ``0:01:30.5`` in seconds."""
    parts = text.strip().split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    whole = all(value >= 0 and value < float("inf") for value in values)
    small = all(value < 60 for value in values[1:])
    if not 1 <= len(values) <= 3 or not whole or not small:
        raise OptionError(f"{name} {text!r} is no time: use seconds, m:ss or h:mm:ss")
    seconds = 0.0
    for value in values:
        seconds = 60 * seconds + value
    return seconds
