"""``vidgan vary``: variations of a video, without training."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vidgan.config import OptionValue, VaryConfig
from vidgan.config.vary import DEFAULT_VARIATIONS
from vidgan.errors import OptionError
from vidgan.jobs.generate.clip_plan import ClipPlan, chosen_seeds
from vidgan.jobs.generate.exports import export_kind
from vidgan.jobs.vary.source import MAX_PIXELS, read_other, read_source
from vidgan.patches.variations import MIN_SIDE, Variations
from vidgan.remote.arguments import takes_urls


@dataclass
class VaryResult:
    """What :func:`vary` wrote.

    Attributes:
        paths: the files.
        copied: for each seed, the share of what moves in the variation, 0 to 1, that is the
            largest piece copied unchanged from one place of the video.
    """

    paths: list[Path] = field(default_factory=list)
    copied: dict[int, float] = field(default_factory=dict)


def vary(
    input: Path | str,
    output: Path | str,
    *,
    progress: bool = False,
    notify: Callable[[str], None] = lambda note: None,
    **options: OptionValue | Path,
) -> VaryResult:
    """Make variations of a video from its own patches, without training (arXiv 2109.08591).

    Args:
        input: a video, a GIF or a folder of numbered images.
        output: ``.mp4``, ``.webm``, ``.avi`` or ``.gif`` for one video, ``.png`` for a contact
            sheet, ``.npy`` for an array, or a folder for one file per variation.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything of the video that could not be used, and on how
            much is copied.
        **options: the fields of :class:`vidgan.config.VaryConfig`, such as ``n=2`` or
            ``like="other.mp4"``.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        InputError: a video cannot be read, or is too short or too small.
        ExportError: the output exists or cannot be written.
    """
    plain = {
        name: str(value) if isinstance(value, Path) else value for name, value in options.items()
    }
    config = VaryConfig.from_options(plain)
    return vary_video(input, output, config, progress=progress, notify=notify)


@takes_urls(output="output")
def vary_video(
    input: Path | str,
    output: Path | str,
    config: VaryConfig,
    *,
    progress: bool = False,
    notify: Callable[[str], None] = lambda note: None,
) -> VaryResult:
    """Make variations of a video; see :func:`vary`.

    Args:
        input: a video, a GIF or a folder of numbered images.
        output: file or folder.
        config: the options.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything of the video that could not be used, and on how
            much is copied.
    """
    from tqdm import tqdm

    source_path, target = Path(input), Path(output)
    plan = ClipPlan(chosen_seeds(config, DEFAULT_VARIATIONS))
    kind = export_kind(output)
    for path in (source_path, Path(config.like or input)):
        if target.is_file() and path.exists() and path.samefile(target):
            raise OptionError(f"{target}: input and output are one file; choose another -o")
    source, rate = read_source(source_path, config, notify)
    like = None if config.like is None else read_other(Path(config.like), config, notify)
    shape = _shape(config, (source if like is None else like).shape[0], source.shape[1:3])
    export = kind(target, config, plan, (*shape, 3), config.fps or rate)
    with export:
        variations = Variations(source, shape)
        result = VaryResult(export.paths)
        bar = tqdm(
            total=len(plan) * variations.steps,
            desc=target.name,
            bar_format="{l_bar}{bar}| {elapsed}<{remaining}",
            disable=None if progress else True,
            leave=False,
        )
        with bar:
            for clip in plan:
                frames, copied = variations.vary(clip.seed, config.strength, like, bar.update)
                export.add(clip, frames)
                result.copied[clip.seed] = copied
    notify(_copied_note(source_path, list(result.copied.values())))
    return result


def _shape(config: VaryConfig, frames: int, size: tuple[int, ...]) -> tuple[int, int, int]:
    """Return frames, height and width of the variations.

    Raises:
        OptionError: they are too small or too large.
    """
    frames = config.frames or frames
    height, width = size if config.size is None else config.size[::-1]
    if min(height, width) < MIN_SIDE:
        raise OptionError(f"--size {width}x{height} is too small: at least {MIN_SIDE} on each side")
    if frames * height * width > MAX_PIXELS:
        raise OptionError(
            f"{frames} frames of {width}x{height} need too much memory: at most "
            f"{MAX_PIXELS // (height * width)} of that size; give a smaller --frames or --size"
        )
    return frames, height, width


def _copied_note(path: Path, shares: list[float]) -> str:
    """Return how much is copied, for the user to judge."""
    least, most = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    percent = least if least == most else f"{least} to {most}"
    note = f"the largest piece copied unchanged from {path} is {percent} % of what moves"
    return note + ("; a larger --strength copies smaller ones" if max(shares) > 0.5 else "")
