"""Options of ``vidgan generate``."""

from dataclasses import dataclass

from vidgan.config.base import option
from vidgan.config.from_clips import FromClipsConfig
from vidgan.config.groups import Group
from vidgan.config.shared import (
    MAX_SEED,
    check_grid,
    checkpoint_option,
    codec_option,
    device_option,
    format_option,
    overwrite_option,
    sharpen_option,
)
from vidgan.errors import OptionError
from vidgan.video.containers import MAX_FPS, MIN_FPS

DEFAULT_OUTPUT = "out.mp4"
# Frame rate if neither the dataset nor the command line gives one.
DEFAULT_PLAYBACK_FPS = 30.0
# Number of clips if no option gives one.
DEFAULT_CLIPS = 16
# Frames whose shorter side has fewer pixels are enlarged for display; see --scale.
MIN_DISPLAY_SIDE = 256
# Values of a continuous code that --sweep shows, and seeds if none are given.
SWEEP_STEPS = 9
SWEEP_SEEDS = 4
# Few programs open contact sheets with more rows.
MAX_SHEET_CLIPS = 128


@dataclass(frozen=True)
class GenerateConfig(FromClipsConfig):
    """Options for which clips are generated and how they are written."""

    n: int | None = option(
        None,
        "Number of clips to generate, or of seeds to visit with --interpolate.",
        min=1,
        default_text=f"one per seed of --seeds, one per tile of --grid, {SWEEP_SEEDS} seeds for "
        f"--sweep, 1 for --continue, else {DEFAULT_CLIPS}",
        group=Group.CLIPS,
        common=True,
    )
    seeds: str | None = option(
        None, "Seeds of the clips, such as 0,1,4-6.", group=Group.CLIPS, common=True
    )
    seed: int = option(
        0, "First seed if --seeds is not given.", min=0, max=MAX_SEED, group=Group.CLIPS
    )
    frames: int | None = option(
        None,
        "Frames per clip; with --continue the number of new frames.",
        min=1,
        max=10000,
        default_text="as in training; twice as many with --loop",
        group=Group.CLIPS,
    )
    trunc: float = option(
        1.0,
        "Truncation: multiply normal latents by this, for less variety and fewer failures; 1 "
        "disables it.",
        min=0.01,
        max=1,
        group=Group.CLIPS,
        common=True,
    )
    interpolate: int | None = option(
        None,
        "Number of clips in which latents are interpolated from each seed to the next.",
        min=2,
        max=1000,
        group=Group.CLIPS,
    )
    loop: bool = option(
        False,
        "Generate clips whose last frame leads to the first one, to be played again and again; "
        "with --interpolate return to the first seed, too.",
        group=Group.CLIPS,
    )
    label: str | None = option(
        None,
        "Label of the clips, for runs trained with --conditional; several, joined by commas, are "
        "used in turn from seed to seed.",
        default_text="drawn from the seed",
        group=Group.CLIPS,
    )
    sweep: str | None = option(
        None,
        "Show the effect of a code: one row per seed, one column per value of the code. category, "
        "codes:0, codes:1 … for infogan; label for runs trained with --conditional.",
        group=Group.CLIPS,
    )
    same_content: bool = option(
        False, "Give all clips the content of the first seed.", group=Group.CLIPS
    )
    same_motion: bool = option(
        False, "Give all clips the motion of the first seed.", group=Group.CLIPS
    )
    sharpen: bool | None = sharpen_option(
        "for clips of seeds and --continue, if the run has an encoder and its dataset is there"
    )
    grid: tuple[int, int] | None = option(
        None,
        "Tile clips in ROWSxCOLUMNS; more clips than tiles follow one after the other.",
        group=Group.OUTPUT,
        common=True,
    )
    captions: bool | None = option(
        None,
        "Write label and seed under the clips of a grid, a sweep or a contact sheet.",
        default_text="for --sweep and for runs trained with --conditional",
        group=Group.OUTPUT,
    )
    fps: float | None = option(
        None,
        "Frame rate. Models of continuous time generate frames at this rate; clips of other models "
        "play faster or slower.",
        min=MIN_FPS,
        max=MAX_FPS,
        default_text=f"the dataset's, else {DEFAULT_PLAYBACK_FPS:g}",
        group=Group.OUTPUT,
    )
    scale: int | None = option(
        None,
        "Whole factor by which frames are enlarged.",
        min=1,
        max=32,
        default_text=f"the factor that brings the shorter side to {MIN_DISPLAY_SIDE}, and 1 for "
        ".npy",
        group=Group.OUTPUT,
    )
    codec: str = codec_option()
    format: str | None = format_option()
    batch_size: int = option(
        16, "Number of clips to generate at once.", min=1, max=4096, group=Group.MACHINE
    )
    checkpoint: str = checkpoint_option()
    device: str = device_option()
    overwrite: bool = overwrite_option()

    def length(self, trained: int) -> int:
        """Return the frames of a clip, or the new ones of ``--continue``.

        A loop needs time to find its way back.

        Args:
            trained: frames of a training clip.
        """
        if self.frames is not None:
            return self.frames
        return 2 * trained if self.loop and self.continue_ is None else trained

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_clip_options()
        if self.same_content and self.same_motion:
            raise OptionError(
                "--same-content and --same-motion together make all clips the same; use one of them"
            )
        check_grid(self.grid)
