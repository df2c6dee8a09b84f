"""Options of the commands that turn video into video, such as ``vidgan enhance``."""

from dataclasses import dataclass

from vidgan.config.base import Config, check_requirements, option, option_fields
from vidgan.config.groups import Group
from vidgan.config.shared import (
    checkpoint_option,
    codec_option,
    device_option,
    format_option,
    overwrite_option,
    parse_span,
)
from vidgan.video.containers import MIN_FPS

DIRECTIONS = ("a2b", "b2a")
# Of bicubic, which only enlarges.
DEFAULT_SCALE = 2
# Of interpolation: the number of frames for each frame of the video.
DEFAULT_TIMES = 2
# Of masks that come from a colour or from the scratch detector: edges are mixed with their
# surroundings.
DEFAULT_GROW = 2


@dataclass(frozen=True)
class RestoreConfig(Config):
    """Options that all commands share that turn video into video."""

    start: str | None = option(
        None,
        "Begin here, in seconds or h:mm:ss; default: the beginning of the video.",
        group=Group.INPUT,
    )
    end: str | None = option(
        None,
        "End here, in seconds or h:mm:ss; default: the end of the video.",
        group=Group.INPUT,
    )
    max_frames: int | None = option(
        None,
        "Process at most this many frames.",
        min=1,
        group=Group.INPUT,
    )
    compare: bool = option(
        False,
        "Write the input and the result side by side.",
        group=Group.OUTPUT,
    )
    codec: str = codec_option()
    format: str | None = format_option()
    memory: float = option(
        1.5,
        "Memory for windows and tiles, in GiB; the decoder, the encoder and TensorFlow take more. "
        "With more memory large videos need less computation. Frames that do not fit are kept in "
        "temporary files beside the output.",
        min=0.05,
        max=1024,
        group=Group.MACHINE,
    )
    checkpoint: str = checkpoint_option()
    device: str = device_option()
    precision: str = option(
        "auto",
        "Precision of the network. auto is mixed_bfloat16 on CPUs with AMX, "
        "which is up to twice as fast and rarely differs by more than 1 of 255 levels, else "
        "float32.",
        choices=("auto", "float32", "mixed_bfloat16"),
        group=Group.MACHINE,
    )
    resume: bool = option(
        False,
        "Continue an interrupted command that had the same input and options.",
        group=Group.MACHINE,
    )
    overwrite: bool = overwrite_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.span

    @property
    def span(self) -> tuple[float, float | None]:
        """``--start`` and ``--end`` in seconds; None for the end of the video."""
        return parse_span(self.start, self.end)


@dataclass(frozen=True)
class MaskedRestoreConfig(RestoreConfig):
    """Options of commands that change a video only inside a mask."""

    tolerance: int = option(
        40,
        "Largest difference of red, green and blue from the colour that --mask gives.",
        min=0,
        max=255,
        group=Group.FILTER,
    )
    grow: int | None = option(
        None,
        f"Enlarge the mask by this many pixels on all sides; default: {DEFAULT_GROW} for a colour "
        "and for auto, else 0.",
        min=0,
        max=100,
        group=Group.FILTER,
    )


@dataclass(frozen=True)
class EnhanceVideo(RestoreConfig):
    """Options of ``vidgan enhance``."""

    method: str | None = option(
        None,
        "Use a classical filter instead of a trained run: bicubic enlarges, nlmeans removes noise.",
        choices=("bicubic", "nlmeans"),
        group=Group.FILTER,
    )
    scale: int | None = option(
        None,
        "Factor by which width and height grow; default: the run's, "
        f"{DEFAULT_SCALE} for bicubic, 1 for nlmeans.",
        min=1,
        max=8,
        group=Group.FILTER,
    )
    strength: float = option(
        10.0,
        "Strength of nlmeans: 3 removes little noise, 20 much.",
        min=0.1,
        max=100,
        group=Group.FILTER,
    )


@dataclass(frozen=True)
class InpaintVideo(MaskedRestoreConfig):
    """Options of ``vidgan inpaint``."""

    method: str | None = option(
        None,
        "Use a classical filter instead of a trained run: telea continues the surroundings, "
        "median copies from neighbouring frames.",
        choices=("telea", "median"),
        group=Group.FILTER,
    )


@dataclass(frozen=True)
class InterpolateVideo(RestoreConfig):
    """Options of ``vidgan interpolate``."""

    rate: float | None = option(
        None,
        "Frames a second of the result, more than the video has.",
        min=MIN_FPS,
        max=1000,
        group=Group.FILTER,
        common=True,
        excludes="times",
    )
    times: int | None = option(
        None,
        "Factor by which the number of frames grows; also for videos of variable frame rate.",
        min=2,
        max=16,
        default_text=f"{DEFAULT_TIMES}, without --rate",
        group=Group.FILTER,
        common=True,
    )
    method: str | None = option(
        None,
        "Use a classical filter instead of a trained run: flow moves pixels along the optical "
        "flow, blend mixes the frames before and after.",
        choices=("flow", "blend"),
        group=Group.FILTER,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_requirements(self)


@dataclass(frozen=True)
class ColorizeVideo(RestoreConfig):
    """Options of ``vidgan colorize``."""

    reference: str | None = option(
        None,
        "Frame whose colours guide the result: an image, a video for its first frame, or a video "
        "and a time, such as film.mp4@1:30.",
        group=Group.FILTER,
        common=True,
    )


@dataclass(frozen=True)
class TranslateVideo(RestoreConfig):
    """Options of ``vidgan translate``."""

    direction: str = option(
        DIRECTIONS[0],
        "a2b: from the first training dataset to the second; b2a: back.",
        choices=DIRECTIONS,
        group=Group.FILTER,
    )


@dataclass(frozen=True)
class VideoCommand:
    """The command that applies runs of a task to videos.

    Attributes:
        config: its options. Each name in the choices of an option called ``method`` is a filter
            of ``vidgan/jobs/restore/classical_filters.py``. Configs with a mask are subclasses of
            :class:`MaskedRestoreConfig`.
        summary: its line in ``vidgan --help``.
        action: the verb of its own help text, such as ``Restore``.
        paragraphs: the rest of its help text, in Click's markup.
        filter_options: options that the task's trained filter takes.
    """

    config: type[RestoreConfig]
    summary: str
    action: str
    paragraphs: tuple[str, ...] = ()
    filter_options: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """The classical filters that ``--method`` offers, if the command has that option."""
        specs = {field.name: spec for field, spec in option_fields(self.config)}
        return (specs["method"].choices or ()) if "method" in specs else ()


ENHANCE_COMMAND = VideoCommand(
    EnhanceVideo,
    "Restore video: sharper, larger, without noise.",
    action="Restore",
    filter_options=("scale",),
)
INPAINT_COMMAND = VideoCommand(
    InpaintVideo,
    "Fill masked areas of video: logos, objects, scratches.",
    action="Fill the masked area of",
    paragraphs=(
        """\b
MASK gives the area to fill:
  a video or image      of the size of IN, white inside the area
  x,y,w,h               a box in pixels: its top left corner, width and height
  #rrggbb               all pixels of this colour; see --tolerance
  auto                  scratches and dust, as on old film, are detected""",
        "Pixels outside the mask stay as they are, apart from the loss of the codec (--codec "
        "ffv1 with .mkv is lossless).",
    ),
)
INTERPOLATE_COMMAND = VideoCommand(
    InterpolateVideo,
    "Interpolate frames: smoother motion, or slow motion.",
    action="Compute frames between the frames of",
    paragraphs=(
        "Times stay as they are, so motion is smoother and sound stays in sync. No frame is "
        "computed between two shots.",
    ),
)
COLORIZE_COMMAND = VideoCommand(
    ColorizeVideo,
    "Colorize video: colours for black-and-white film.",
    action="Give colours to",
    paragraphs=(
        "Only the brightness of IN is looked at, so it may be grey, sepia or in colour. It stays "
        "as it is.",
    ),
    filter_options=("reference",),
)
TRANSLATE_COMMAND = VideoCommand(
    TranslateVideo,
    "Translate video from one domain to another.",
    action="Translate",
    filter_options=("direction",),
)
