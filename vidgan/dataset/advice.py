"""Warnings about properties of a dataset that make training fail or overfit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgan.config import PreprocessConfig
from vidgan.dataset.build import Build, SourceShot
from vidgan.dataset.scan import Scan
from vidgan.video.notes import by_note, listed_names

# Networks overfit fewer clips within minutes.
FEW_CLIPS = 100
# Mean difference of neighbouring frames, in grey levels, below which no motion is visible: noise
# after downscaling has about this size. The least of 72 clips before a static wall has 0.6.
STILL_MOTION = 0.3
DARK_BRIGHTNESS = 16.0
# Ratios of aspect ratios and of frame rates above which a warning is given.
SAME_ASPECT = 1.05
SAME_RATE = 1.01
# Fraction of repeated frames above which the original had a lower frame rate.
MANY_REPEATS = 0.3


@dataclass(frozen=True)
class _ScannedSource:
    path: Path
    scan: Scan


def advise(
    build: Build, paths: Sequence[Path], config: PreprocessConfig, fps: float, clip: int
) -> list[str]:
    """Return warnings about a dataset, the most important first.

    Args:
        build: the dataset.
        paths: of the sources.
        config: the options of preprocessing.
        fps: frames a second of the dataset.
        clip: default length of a clip in training, in frames.
    """
    used = [_ScannedSource(p, s) for p, s in zip(paths, build.scans, strict=True) if s.shots]
    found = [
        *_on_amount(build, clip),
        *_on_shots(build.shots, paths),
        *_on_sources(used, config, fps),
    ]
    found += [s.scan.problem for s in used if s.scan.problem]
    return found + by_note((s.path.name, note) for s in used for note in s.scan.notes)


def _on_amount(build: Build, clip: int) -> list[str]:
    splits = build.manifest.splits
    count = splits["train"].clips(clip)
    found = []
    if not count:
        found.append(
            f"no shot is as long as a clip of {clip} frames: train with fewer frames, or give "
            "longer videos"
        )
    elif count < FEW_CLIPS:
        found.append(
            f"few clips: {count} of {clip} frames; a network will memorise them, so give more "
            "video if you can"
        )
    if not splits["test"].frames:
        found.append("the test split is empty: vidgan evaluate needs test clips")
    elif not splits["test"].clips(clip):
        found.append(f"the test split has no clip of {clip} frames: give more video")
    return found


def _on_shots(shots: list[SourceShot], paths: Sequence[Path]) -> list[str]:
    def named(some: list[SourceShot]) -> str:
        return _names([paths[placed.source] for placed in some])

    found = []
    sizes = Counter(placed.group for placed in shots)
    alike = [placed for index, placed in enumerate(shots) if placed.group != index]
    if alike:
        found.append(
            f"near-duplicates: {len(alike)} of {len(shots)} shots repeat another or its mirror "
            f"image ({sum(size > 1 for size in sizes.values())} groups; {named(alike)}); each "
            "group is kept on one side of the split"
        )
    still = [placed for placed in shots if placed.shot.motion < STILL_MOTION]
    if still:
        found.append(f"still: nothing moves in {len(still)} of {len(shots)} shots ({named(still)})")
    dark = [placed for placed in shots if placed.shot.brightness < DARK_BRIGHTNESS]
    if dark:
        found.append(f"dark: {len(dark)} of {len(shots)} shots are almost black ({named(dark)})")
    return found


def _on_sources(used: list[_ScannedSource], config: PreprocessConfig, fps: float) -> list[str]:
    found = []
    aspects = [source.scan.aspect for source in used]
    if config.fit == "crop" and max(aspects) > min(aspects) * SAME_ASPECT:
        found.append(
            f"mixed shapes, from {min(aspects):.2f} to {max(aspects):.2f} wide to 1 high: cropping "
            "shows different parts of the scene; --fit pad keeps all of it"
        )
    rates = [source.scan.fps for source in used]
    if max(rates) > min(rates) * SAME_RATE:
        found.append(
            f"mixed rates, from {min(rates):.4g} to {max(rates):.4g} frames/s: all are brought to "
            f"{fps:.4g}; choose with --fps"
        )
    small = [
        s.path for s in used if s.scan.width < config.size[0] or s.scan.height < config.size[1]
    ]
    if small:
        found.append(
            f"enlarged: {len(small)} sources are smaller than {config.size[0]} × {config.size[1]} "
            f"({_names(small)})"
        )
    for source in used:
        repeats = source.scan.dropped.get("duplicate", 0) / max(1, source.scan.frames)
        if repeats > MANY_REPEATS:
            found.append(
                f"{source.path}: {repeats:.0%} of its frames repeat the one before; if it was made "
                f"at fewer frames a second, --fps {fps * (1 - repeats):.3g} keeps its speed"
            )
    return found


def _names(paths: Sequence[Path]) -> str:
    return listed_names(path.name for path in paths)
