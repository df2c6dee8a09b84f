"""The videos of ``portfolio.py``: drawn ones of many kinds, given ones, and pieces of those.

No recipe is to be tuned to one kind, so the drawn ones differ in what moves (things, the camera,
everything, hardly anything), how, and how bright it is. Their pictures are larger than a dataset's.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import click
import cv2
import moving_digits
import moving_nature
import numpy as np
import photo_shots

from vidgan.video.rate import resample
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.open import open_video
from vidgan.video.writers.open import open_writer

sys.path.append(str(Path(__file__).parents[1] / "examples"))
FPS = 25


def digits(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Three handwritten digits that bounce off the edges."""
    _, clip = next(moving_digits.clips(3, frames, 1, seed=1))
    for image in clip:
        yield cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def puppets(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """The first acts of the example video: people and a ball in painted rooms."""
    from make_video import scenes

    return scenes(frames / FPS, 2.5, (width, height), FPS, seed=0)


@dataclass(frozen=True)
class Kind:
    """How to draw a video.

    Attributes:
        draw: takes frames, width and height, and yields uint8 RGB ``(height, width, 3)``.
        seconds: its duration.
        size: ``(width, height)``.
    """

    draw: Callable[[int, int, int], Iterator[np.ndarray]]
    seconds: int
    size: tuple[int, int] = (208, 156)


KINDS = {
    "digits": Kind(digits, 10, (192, 192)),
    "puppets": Kind(puppets, 10, (240, 180)),
    "pan": Kind(photo_shots.pan, 6),
    "zoom": Kind(photo_shots.zoom, 8),
    "shake": Kind(photo_shots.shake, 8),
    "cuts": Kind(photo_shots.cuts, 9),
    "dark": Kind(photo_shots.dark, 7),
    "still": Kind(photo_shots.still, 4),
    "water": Kind(moving_nature.water, 8),
    "fire": Kind(moving_nature.fire, 6),
    "clouds": Kind(moving_nature.clouds, 12),
    "flag": Kind(moving_nature.flag, 5),
}


def write(path: Path, frames: Iterable[np.ndarray], fps: float) -> Path:
    """Write uint8 RGB frames ``(height, width, 3)``, all of one size."""
    waiting = iter(frames)
    first = next(waiting)
    with open_writer(path, fps, (first.shape[1], first.shape[0])) as writer:
        for frame in chain([first], waiting):
            writer.write(frame)
    return path


def drawn_videos(folder: Path, side: int) -> dict[str, Path]:
    """Draw one video of each kind, unless the folder has it, and return the files by kind.

    Args:
        folder: where the files go.
        side: least pixels of the shorter side.
    """
    paths = {}
    for name, kind in KINDS.items():
        scale = max(1, -(-side // min(kind.size)))
        width, height = (scale * each for each in kind.size)
        paths[name] = folder / (f"{name}.mp4" if scale == 1 else f"{name}-{width}x{height}.mp4")
        if not paths[name].exists():
            write(paths[name], kind.draw(kind.seconds * FPS, width, height), FPS)
    return paths


def first_seconds(video: Path, seconds: float, folder: Path) -> dict[str, Path]:
    """Copy the first seconds of a video into a file, by name; nothing of one that is no longer."""
    with open_video(video) as reader:
        fps = reader.info.fps or DEFAULT_RATE
        if reader.info.frames <= seconds * fps:
            return {}
        name = f"{video.stem}-{seconds:g}s"
        # Of a constant rate, whatever the file's.
        frames = (sample.pixels for sample in resample(reader, fps) for _ in range(sample.copies))
        path = write(folder / f"{name}.mp4", islice(frames, round(seconds * fps)), fps)
    return {name: path}


def given_videos(
    videos: Iterable[Path], pieces: Iterable[float], folder: Path
) -> Iterator[tuple[str, Path]]:
    """Yield the names and paths of videos, and of each file's first seconds.

    Args:
        videos: files, and folders whose videos become one dataset.
        pieces: how many seconds; several numbers make several pieces of a file.
        folder: where the pieces go.
    """
    for video in videos:
        yield video.stem, video
        for seconds in pieces if video.is_file() else ():
            yield from first_seconds(video, seconds, folder).items()


def portfolio_videos(
    videos: Iterable[Path], pieces: Iterable[float], drawn: bool, folder: Path, side: int = 0
) -> dict[str, Path]:
    """Return all videos by name, with those of ``KINDS`` if they are to be drawn into the folder.

    ``side`` is the least number of pixels of the shorter side of those.

    Raises:
        click.UsageError: two videos have one name, or there is none.
    """
    found: dict[str, Path] = drawn_videos(folder, side) if drawn else {}
    for name, path in given_videos(videos, pieces, folder):
        if name in found:
            raise click.UsageError(f"{path}: {found[name]} is called {name!r}, too; rename one")
        found[name] = path
    if not found:
        raise click.UsageError("no video; give --video or --drawn")
    return found
