"""Pairs of restored videos and originals, matched by name and read frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources import same_rate
from vidgan.video.discover import discover
from vidgan.video.readers.base import VideoInfo, VideoReader
from vidgan.video.readers.open import open_video


@dataclass(frozen=True)
class VideoPair:
    """A restored video and its original, of the same size.

    Attributes:
        name: common name of both, or that of the restored file where two files were given.
        original: a file or a folder of numbered images.
        restored: a file or a folder of numbered images.
        info: of the restored video.
        notes: what a reader of the report must know, each with the path of its video; grows
            while frames are read.
    """

    name: str
    original: Path
    restored: Path
    info: VideoInfo
    notes: list[tuple[Path, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the frames of the original and of the restored video, uint8 RGB ``(h, w, 3)``.

        Raises:
            InputError: one is damaged, or the numbers of frames differ.
        """
        with open_video(self.original) as original, open_video(self.restored) as restored:
            readers = original, restored
            while all(reader.grab() is not None for reader in readers):
                yield original.retrieve(), restored.retrieve()
            for reader in readers:
                _finish(reader)
                self.notes.extend((reader.path, note) for note in reader.notes)
            if original.frames_read != restored.frames_read:
                raise InputError(
                    f"{self.restored}: has {restored.frames_read} frames, its original "
                    f"{self.original} {original.frames_read}; restore all of it, or cut the "
                    "original alike"
                )


def find_pairs(originals: Path, restored: Path) -> tuple[list[VideoPair], list[str]]:
    """Return the pair of two videos, or the pairs of the same name in two folders.

    File extensions are ignored.

    Args:
        originals: a video, or a folder that is searched.
        restored: a video, or a folder that is searched.

    Returns:
        The pairs, sorted by name, and notes on what was left out.

    Raises:
        InputError: no names match, or a pair has frames of two sizes.
    """
    videos = [_by_name(folder) for folder in (originals, restored)]
    single = ["" in each for each in videos]
    if single[0] != single[1]:
        file, folder = (originals, restored) if single[0] else (restored, originals)
        raise InputError(f"{file} is a video, {folder} a folder of videos; name two of a kind")
    notes = []
    for own, other, folder in (
        (videos[0], videos[1], restored),
        (videos[1], videos[0], originals),
    ):
        notes += [
            f"left out: {path} has no video of its name in {folder}"
            for name, path in own.items()
            if name not in other
        ]
    names = [name for name in videos[0] if name in videos[1]]
    if not names:
        raise InputError(
            f"{originals} and {restored}: no two videos have the same name; give a restored video "
            "the name of its original"
        )
    pairs = [_pair(name or restored.name, videos[0][name], videos[1][name]) for name in names]
    return pairs, notes


def _by_name(root: Path) -> dict[str, Path]:
    """Return the videos of a folder by their relative paths; a single video has an empty name."""
    found: dict[str, Path] = {}
    for source in discover([root]):
        if source.error is not None:
            raise InputError(source.error)
        path = source.path
        inside = "" if path == root else str(path.relative_to(root))
        name = inside.removesuffix(path.suffix) if path.is_file() else inside
        if name in found:
            raise InputError(
                f"{found[name]} and {path} have the same name but for the extension; move one away"
            )
        found[name] = path
    return found


def _pair(name: str, original: Path, restored: Path) -> VideoPair:
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
    notes = []
    if rates[0] and rates[1] and not same_rate(rates[0], rates[1]):
        note = (
            f"it plays at {rates[1]:g} frames/s, its original at {rates[0]:g}: frames are compared "
            "by their indices"
        )
        notes.append((restored, note))
    return VideoPair(name, original, restored, infos[1], notes)


def _finish(reader: VideoReader) -> None:
    """Read the remaining frames, to count them and to detect damage."""
    while reader.grab() is not None:
        pass
    if reader.decode_errors:
        raise InputError(
            f"{reader.path}: a part cannot be decoded ({reader.problem}), so its frames cannot be "
            "matched; copy or create the file again"
        )
