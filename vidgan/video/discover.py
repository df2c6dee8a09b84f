"""Finding videos by file names, folders and glob patterns."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgan.errors import InputError
from vidgan.video.readers.images import numbered_images
from vidgan.video.readers.webp_header import is_animated_webp

# Files that are taken from folders, with animated .webp; files that are named themselves may have
# any suffix.
VIDEO_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".apng", ".mpg", ".mpeg"),
        *(".m2v", ".mpe", ".ts", ".mts", ".m2ts", ".vob", ".wmv", ".asf", ".flv", ".f4v", ".3gp"),
        *(".3g2", ".ogv", ".ogg", ".mxf", ".y4m", ".dv", ".divx", ".mjpeg", ".h264", ".264"),
        *(".hevc", ".265", ".ivf", ".nut", ".rm", ".rmvb"),
    }
)
# A folder with fewer numbered images is no video.
MIN_IMAGES = 2


@dataclass(frozen=True)
class InputSource:
    """A video to read.

    Attributes:
        path: a video file or a folder of numbered images.
        label: the name of its folder; see :func:`discover`.
        error: why it cannot be used, if that is known already.
    """

    path: Path
    label: str
    error: str | None = None


def discover(inputs: Sequence[Path | str]) -> list[InputSource]:
    """Return the videos that ``inputs`` name, each once.

    Folders are searched recursively, in alphabetical order, linked ones too. The label of a video
    in a sub-folder is the name of the first sub-folder on its path; other videos have the name of
    their own folder.

    Args:
        inputs: files, folders (of videos, or of numbered images) and glob patterns.

    Raises:
        InputError: a path does not exist, a pattern matches nothing, or there is no video.
    """
    if not inputs:
        raise InputError("no input given; name a video file or a folder of videos")
    found: dict[Path, InputSource] = {}
    for text in inputs:
        for root in _expand(text):
            for source in _search(root):
                found.setdefault(source.path.absolute(), source)
    if not found:
        names = ", ".join(str(text) for text in inputs)
        raise InputError(
            f"{names}: no video and no numbered images in it; name files themselves if their "
            "suffixes are unusual"
        )
    return list(found.values())


def is_image_sequence(folder: Path) -> bool:
    """Return whether a folder of numbered images is a video; not the photos beside videos."""
    return len(numbered_images(folder)) >= MIN_IMAGES and not any(
        _is_video(path) for path in folder.iterdir()
    )


def _is_video(path: Path) -> bool:
    suffix = path.suffix.lower()
    return not path.name.startswith(".") and (
        suffix in VIDEO_SUFFIXES or (suffix == ".webp" and is_animated_webp(path))
    )


def _expand(text: Path | str) -> list[Path]:
    path = Path(text)
    # File names may have brackets: an existing path is no pattern.
    if os.path.lexists(path):
        return [path]
    if not glob.has_magic(str(text)):
        raise InputError(f"{path}: no such file or folder; check the spelling")
    matches = sorted(Path(match) for match in glob.glob(str(text), recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"{path}: no file matches this pattern; check the spelling")
    return matches


def _search(root: Path) -> Iterator[InputSource]:
    if not root.is_dir():
        yield InputSource(root, _parent_name(root))
        return
    errors: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, files in os.walk(root, onerror=errors.append, followlinks=True):
        here = Path(folder)
        # A link may lead back to a folder above it.
        status = here.stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        if _is_own_output(files, subfolders):
            subfolders.clear()
            continue
        for path in (here / name for name in sorted(files)):
            if _is_video(path):
                yield InputSource(path, _label(root, path))
        if is_image_sequence(here):
            yield InputSource(here, _label(root, here))
    for error in errors:
        path = Path(error.filename or root)
        problem = f"{path}: cannot be read ({error.strerror}); check its permissions"
        if path == root:
            raise InputError(problem)
        yield InputSource(path, _label(root, path), problem)


def _is_own_output(files: list[str], subfolders: list[str]) -> bool:
    """Return whether a folder is a dataset or a run, whose previews and samples are no input."""
    return ("manifest.json" in files and any(name.endswith(".tfrecord") for name in files)) or (
        "config.json" in files and "checkpoints" in subfolders
    )


def _label(root: Path, path: Path) -> str:
    parts = path.relative_to(root).parts
    return parts[0] if len(parts) > 1 else _parent_name(path)


def _parent_name(path: Path) -> str:
    return path.absolute().parent.name
