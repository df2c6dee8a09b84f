"""Options of ``vidgan vary``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.shared import (
    MAX_SEED,
    check_grid,
    codec_option,
    format_option,
    overwrite_option,
    parse_span,
)
from vidgan.video.containers import MAX_FPS, MIN_FPS

# Number of variations if no option gives one.
DEFAULT_VARIATIONS = 4
# Most frames of a video that are used by default: with more, all takes longer.
VARIED_FRAMES = 64


@dataclass(frozen=True)
class VaryConfig(Config):
    """Options for which variations are made and how they are written."""

    start: str | None = option(
        None,
        "Begin here in the video, in seconds or h:mm:ss.",
        default_text="its beginning",
        group=Group.INPUT,
    )
    end: str | None = option(
        None,
        "End here in the video, in seconds or h:mm:ss.",
        default_text="its end",
        group=Group.INPUT,
    )
    max_frames: int = option(
        VARIED_FRAMES,
        "Use at most this many frames of the video.",
        min=4,
        max=512,
        group=Group.INPUT,
    )
    like: str | None = option(
        None,
        "Take the layout and motion of this other video, from its beginning, and only the looks of "
        "the video itself.",
        group=Group.INPUT,
        common=True,
    )
    n: int | None = option(
        None,
        "Number of variations.",
        min=1,
        default_text=f"one per seed of --seeds, one per tile of --grid, else {DEFAULT_VARIATIONS}",
        group=Group.CLIPS,
        common=True,
    )
    seeds: str | None = option(
        None, "Seeds of the variations, such as 0,1,4-6.", group=Group.CLIPS, common=True
    )
    seed: int = option(
        0, "First seed if --seeds is not given.", min=0, max=MAX_SEED, group=Group.CLIPS
    )
    strength: float = option(
        0.5,
        "How much variations differ from the video, from 0 to 1: how far places are moved in time "
        "and space.",
        min=0,
        max=1,
        group=Group.CLIPS,
        common=True,
    )
    size: tuple[int, int] | None = option(
        None,
        "Size in pixels, WIDTHxHEIGHT. At another size things keep theirs: there are more or fewer "
        "of them.",
        default_text="the video's",
        group=Group.CLIPS,
        common=True,
    )
    frames: int | None = option(
        None,
        "Frames per variation; motion keeps its speed.",
        min=4,
        max=2000,
        default_text="as many as are used of the video, or of that of --like",
        group=Group.CLIPS,
        common=True,
    )
    grid: tuple[int, int] | None = option(
        None,
        "Tile variations in ROWSxCOLUMNS; more than tiles follow one after the other.",
        group=Group.OUTPUT,
    )
    fps: float | None = option(
        None,
        "Frame rate; other rates than the video's play faster or slower.",
        min=MIN_FPS,
        max=MAX_FPS,
        default_text="the video's",
        group=Group.OUTPUT,
    )
    scale: int = option(
        1, "Whole factor by which frames are enlarged.", min=1, max=32, group=Group.OUTPUT
    )
    codec: str = codec_option()
    format: str | None = format_option()
    overwrite: bool = overwrite_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_grid(self.grid)
        _ = self.span

    @property
    def span(self) -> tuple[float, float | None]:
        """``--start`` and ``--end`` in seconds; None for the end of the video."""
        return parse_span(self.start, self.end)
