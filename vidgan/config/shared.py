"""Options that several configs have in common."""

from vidgan.config.base import option
from vidgan.config.groups import Group
from vidgan.errors import OptionError
from vidgan.video.containers import CODECS, CONTAINERS, codec_help

DEFAULT_TASK = "synthesis"
# The ``tasks`` of options that only this task has.
SYNTHESIS_ONLY = (DEFAULT_TASK,)
# Largest value of seeds that TensorFlow takes.
MAX_SEED = 2**31 - 1
# Most rows and columns of tiled clips.
MAX_GRID_SIDE = 32
VIDEO_FORMATS = tuple(suffix[1:] for suffix in CONTAINERS)
CODEC_NAMES = ("auto", *CODECS)


def device_option(excludes: str | None = None) -> str:
    """Declare ``--device``; for the argument see :func:`vidgan.config.option`."""
    return option(
        "auto",
        "Device: auto (a GPU if there is one), cpu, gpu or gpu:N.",
        group=Group.MACHINE,
        excludes=excludes,
    )


def checkpoint_option(excludes: str | None = None) -> str:
    """Declare ``--checkpoint``; for the argument see :func:`vidgan.config.option`."""
    return option(
        "latest",
        "Checkpoint of the run: latest, best (by the metrics of training) or a step.",
        group=Group.MODEL,
        excludes=excludes,
    )


def sharpen_option(default_text: str, excludes: str | None = None) -> bool | None:
    """Declare ``--sharpen``; for the arguments see :func:`vidgan.config.option`."""
    return option(
        None,
        "Replace patches of generated clips by the nearest neighbours among those of training "
        "clips: sharper and slower; reads the dataset.",
        default_text=default_text,
        group=Group.CLIPS,
        common=True,
        excludes=excludes,
    )


def codec_option() -> str:
    """Declare ``--codec``."""
    return option("auto", codec_help(), choices=CODEC_NAMES, group=Group.OUTPUT)


def format_option() -> str | None:
    """Declare ``--format``."""
    return option(
        None,
        "Format of the files in a folder.",
        choices=VIDEO_FORMATS,
        default_text=VIDEO_FORMATS[0],
        group=Group.OUTPUT,
    )


def overwrite_option() -> bool:
    """Declare ``--overwrite``."""
    return option(False, "Replace an existing output.", group=Group.OUTPUT)


def check_grid(grid: tuple[int, int] | None) -> None:
    """Raise OptionError if ``--grid`` is out of bounds."""
    if grid is not None and not all(
        isinstance(side, int) and 1 <= side <= MAX_GRID_SIDE for side in grid
    ):
        raise OptionError(
            f"--grid {'x'.join(map(str, grid))}: rows and columns are 1 to {MAX_GRID_SIDE}"
        )


def parse_span(start: str | None, end: str | None) -> tuple[float, float | None]:
    """Return ``--start`` and ``--end`` in seconds; None for the end of the video.

    Raises:
        OptionError: they are no times, or the end is not after the start.
    """
    begin = 0.0 if start is None else parse_seconds("--start", start)
    finish = None if end is None else parse_seconds("--end", end)
    if finish is not None and finish <= begin:
        raise OptionError(f"--end {end} is not after --start {start or 0}")
    return begin, finish


def parse_seconds(name: str, text: str) -> float:
    """Parse ``90``, ``1:30`` or ``0:01:30.5`` into seconds.

    Args:
        name: the option, for the error.
        text: its value.

    Raises:
        OptionError: the text has another form.
    """
    parts = text.strip().split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    finite = all(0 <= value < float("inf") for value in values)
    small = all(value < 60 for value in values[1:])
    if not 1 <= len(values) <= 3 or not finite or not small:
        raise OptionError(f"{name} {text!r} is not a time: use seconds, m:ss or h:mm:ss")
    seconds = 0.0
    for value in values:
        seconds = 60 * seconds + value
    return seconds
