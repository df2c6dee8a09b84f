"""What all sets of clips have in common."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan.dataset.manifest import span

# A clip, uint8 (frames, height, width, 3), and its label, -1 without.
Clip = tuple[np.ndarray, int]


@dataclass(frozen=True)
class Shape:
    """What all clips of a comparison have in common.

    Attributes:
        frames: of a clip.
        stride: frames of the source from one frame of a clip to the next.
        size: ``(width, height)`` in pixels, or None for the source's own.
        fps: video files are brought to this rate first; None leaves them theirs.
    """

    frames: int
    stride: int = 1
    size: tuple[int, int] | None = None
    fps: float | None = None

    @property
    def span(self) -> int:
        """Frames of the source that a clip covers."""
        return span(self.frames, self.stride)


class ClipSet(ABC):
    """Clips that can be gone through, always the same ones in the same order.

    Attributes:
        title: what they are.
        path: where they come from.
        shape: of the clips; the size is known.
        fps: frames a second of a clip; None where unknown.
        total: how many there are to choose from.
        count: how many are chosen.
        labels: names of their labels.
        notes: what a reader of the figures must know; grows while clips are read.
    """

    labels: tuple[str, ...] = ()

    def __init__(self, title: str, path: Path, shape: Shape, fps: float | None, total: int) -> None:
        self.title = title
        self.path = path
        self.shape = shape
        self.fps = fps
        self.total = self.count = total
        self.notes: list[str] = []
        self._chosen: np.ndarray | None = None

    def choose(self, count: int, seed: int) -> None:
        """Take ``count`` of the clips at random; all, if there are no more."""
        if count < self.total:
            random = np.random.Generator(np.random.Philox(seed))
            self._chosen = np.sort(random.permutation(self.total)[:count])
        self.count = min(count, self.total)

    def keep(self, chosen: np.ndarray) -> None:
        """Take the clips of these numbers."""
        self._chosen = np.sort(chosen)
        self.count = len(chosen)

    @property
    def chosen(self) -> np.ndarray:
        """The numbers of the clips that are taken, in order."""
        return np.arange(self.total) if self._chosen is None else self._chosen

    @abstractmethod
    def __iter__(self) -> Iterator[Clip]:
        """Yield the chosen clips.

        Raises:
            VidganError: what they come from is damaged.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Return text that is another one where the clips may be others."""

    @property
    def key(self) -> str:
        """The SHA-256 of all that decides about the clips."""
        parts = [self.fingerprint(), repr(self.shape), self.chosen.tobytes().hex()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def stamp(path: Path) -> list[str | int]:
    """Return a path and its files' names, sizes and times: others where its clips may be others."""
    found: list[str | int] = [str(path.resolve())]
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        stat = file.stat()
        found += [file.name, stat.st_size, stat.st_mtime_ns]
    return found
