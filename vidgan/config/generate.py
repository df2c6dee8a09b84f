"""Options of ``vidgan generate``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.errors import OptionError
from vidgan.video.containers import CODECS, CONTAINERS, codec_help

DEFAULT_OUTPUT = "out.mp4"
# For a dataset and a command line that say nothing about it.
DEFAULT_PLAYBACK_FPS = 30.0
# Where nothing says how many clips are wanted.
DEFAULT_CLIPS = 16
# Frames whose shorter side has fewer pixels are enlarged for display; see --scale.
MIN_DISPLAY_SIDE = 256
MAX_GRID_SIDE = 32
# Values of a continuous code that --sweep shows, and seeds where none are given.
SWEEP_STEPS = 9
SWEEP_SEEDS = 4
VIDEO_FORMATS = tuple(suffix[1:] for suffix in CONTAINERS)
CODEC_NAMES = ("auto", *CODECS)
# A taller contact sheet is one that few programs open.
MAX_SHEET_CLIPS = 128


@dataclass(frozen=True)
class GenerateConfig(Config):
    """Which clips a trained generator makes and how they are written."""

    n: int | None = option(
        None,
        f"Clips to make, or seeds to pass with --interpolate; default: one a seed of --seeds, "
        f"one a tile of --grid, {SWEEP_SEEDS} for --sweep, else {DEFAULT_CLIPS}.",
        min=1,
    )
    seeds: str | None = option(None, "Seeds of the clips, as 0,1,4-6.")
    seed: int = option(0, "First seed when --seeds is not given.", min=0, max=2**31 - 1)
    frames: int | None = option(
        None,
        "Frames of a clip; default: as many as in training. Other numbers take a model that makes "
        "clips of any length.",
        min=1,
        max=10000,
    )
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
    label: str | None = option(
        None,
        "Label of the clips, of a run trained with --conditional; several, joined by commas, take "
        "turns from seed to seed. Default: drawn by the seed.",
    )
    sweep: str | None = option(
        None,
        "Show what a code does: a row a seed, a column a value of the code, all else the same. "
        "category or codes:0, codes:1 … of an infogan; label of a run trained with --conditional.",
    )
    same_content: bool = option(
        False, "Let all clips show what the first seed's shows, each with its own seed's motion."
    )
    same_motion: bool = option(
        False, "Let all clips move as the first seed's, each with its own seed's content."
    )
    grid: tuple[int, int] | None = option(
        None, "Tile clips in ROWSxCOLUMNS; more clips than tiles follow as further pages."
    )
    fps: float | None = option(
        None,
        f"Frames a second; default: the dataset's, else {DEFAULT_PLAYBACK_FPS:g}. A model of "
        "continuous time makes its frames at this rate; clips of others play faster or slower.",
        min=0.1,
        max=240,
    )
    scale: int | None = option(
        None,
        f"Enlarge by this whole factor; default: what brings the shorter side to "
        f"{MIN_DISPLAY_SIDE}, and 1 for .npy. 1 keeps the pixels.",
        min=1,
        max=32,
    )
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
    batch_size: int = option(16, "Clips generated at once.", min=1, max=4096)
    checkpoint: str = option(
        "latest",
        "latest, best (by what training measured), or the step of one of the run's checkpoints.",
    )
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    overwrite: bool = option(False, "Replace an output that is there already.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.same_content and self.same_motion:
            raise OptionError(
                "--same-content and --same-motion together make all clips the same; use one of them"
            )
        if self.grid is not None and not all(
            isinstance(side, int) and 1 <= side <= MAX_GRID_SIDE for side in self.grid
        ):
            raise OptionError(
                f"--grid {'x'.join(map(str, self.grid))}: rows and columns are 1 to {MAX_GRID_SIDE}"
            )
