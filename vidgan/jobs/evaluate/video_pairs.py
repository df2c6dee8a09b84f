"""Restored videos and their originals: found by their names, read side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.video.discover import VIDEO_SUFFIXES, discover
from vidgan.video.readers.base import VideoInfo, VideoReader
from vidgan.video.readers.open import open_video

# Rates that differ by more are noted.
_RATE_TOLERANCE = 0.01


@dataclass(frozen=True)
class Pair:
    """A restored video and its original, of one size.

    Attributes:
        name: what both are called, or the restored one where each was named outright.
        original: a file or a folder of numbered images.
        restored: likewise.
        info: of the restored video.
        note: what a reader of the figures must know.
    """

    name: str
    original: Path
    restored: Path
    info: VideoInfo
    note: str | None = None

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield a frame of the original and the same of the restored video, uint8 RGB.

        Raises:
            InputError: one is damaged, or they have not as many frames.
        """
        with open_video(self.original) as original, open_video(self.restored) as restored:
            readers = original, restored
            while all(reader.grab() is not None for reader in readers):
                yield original.retrieve(), restored.retrieve()
            for reader in readers:
                _finish(reader)
            if original.frames_read != restored.frames_read:
                raise InputError(
                    f"{self.restored}: has {restored.frames_read} frames, its original "
                    f"{self.original} {original.frames_read}; restore all of it, or cut the "
                    "original alike"
                )


def find(originals: Path, restored: Path) -> tuple[list[Pair], list[str]]:
    """Return the pairs of two videos, or of two folders in which they have the same names.

    Endings of file names do not count.

    Args:
        originals: a video, or a folder that is searched.
        restored: likewise.

    Returns:
        The pairs by name, and what was left out.

    Raises:
        InputError: nothing fits together, or two frames that should be alike have two sizes.
    """
    sides = [_by_name(folder) for folder in (originals, restored)]
    single = ["" in side for side in sides]
    if single[0] != single[1]:
        one, many = (originals, restored) if single[0] else (restored, originals)
        raise InputError(f"{one} is one video, {many} a folder of videos; name two of a kind")
    notes = []
    for side, other, where in (
        (sides[0], sides[1], restored),
        (sides[1], sides[0], originals),
    ):
        notes += [
            f"left out: {path} has no video of its name in {where}"
            for name, path in side.items()
            if name not in other
        ]
    names = [name for name in sides[0] if name in sides[1]]
    if not names:
        raise InputError(
            f"{originals} and {restored}: no two videos have the same name; give a restored video "
            "the name of its original"
        )
    pairs = [_pair(name or restored.name, sides[0][name], sides[1][name]) for name in names]
    return pairs, notes + [pair.note for pair in pairs if pair.note]


def _by_name(root: Path) -> dict[str, Path]:
    """Return the videos in a folder by their paths in it; a video itself has an empty name."""
    found: dict[str, Path] = {}
    for source in discover([root]):
        if source.error is not None:
            raise InputError(source.error)
        path = source.path
        file = path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
        inside = "" if path == root else str(path.relative_to(root))
        name = inside.removesuffix(path.suffix) if file else inside
        if name in found:
            raise InputError(
                f"{found[name]} and {path} have the same name but for its ending; move one away"
            )
        found[name] = path
    return found


def _pair(name: str, original: Path, restored: Path) -> Pair:
    with open_video(original) as before, open_video(restored) as after:
        infos = before.info, after.info
    sizes = [(info.width, info.height) for info in infos]
    if sizes[0] != sizes[1]:
        shown = [f"{width}x{height}" for width, height in sizes]
        raise InputError(
            f"{restored}: frames are {shown[1]}, those of its original {original} {shown[0]}; "
            "bring both to one size"
        )
    rates = [info.fps for info in infos]
    note = None
    if rates[0] and rates[1] and abs(rates[1] / rates[0] - 1) > _RATE_TOLERANCE:
        note = (
            f"{restored} plays at {rates[1]:g} frames/s, its original at {rates[0]:g}: frames are "
            "compared by their numbers"
        )
    return Pair(name, original, restored, infos[1], note)


def _finish(reader: VideoReader) -> None:
    """Count the frames that are left."""
    while reader.grab() is not None:
        pass
    if reader.decode_errors:
        raise InputError(
            f"{reader.path}: a part cannot be decoded ({reader.problem}), so that its frames do "
            "not stand beside those they belong to; copy or make it again"
        )
