"""Base class of sets of clips."""

import hashlib
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan.dataset.manifest import span

# A clip, uint8 (frames, height, width, 3), and its label, -1 without.
Clip = tuple[np.ndarray, int]
# Frame rates that differ by a smaller fraction count as the same.
_RATE_TOLERANCE = 0.01


@dataclass(frozen=True)
class Shape:
    """The shape of all clips of a comparison.

    Attributes:
        frames: of a clip.
        stride: distance between frames of a clip, in frames of the source.
        size: ``(width, height)`` in pixels, None for that of the source.
        fps: rate to which video files are resampled first, None to keep theirs.
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
    """Clips that can be iterated repeatedly, always in the same order.

    Attributes:
        title: what the clips are.
        path: where they come from.
        shape: of the clips, with their size.
        fps: frames per second of a clip, None where unknown.
        total: number of clips of the source.
        count: number of clips selected.
        labels: names of the labels.
        notes: what a reader of the report must know; grows while clips are read.
    """

    labels: tuple[str, ...] = ()

    def __init__(self, title: str, path: Path, shape: Shape, fps: float | None, total: int) -> None:
        self.title = title
        self.path = path
        self.shape = shape
        self.fps = fps
        self.total = self.count = total
        self.notes: list[str] = []
        self._selected: np.ndarray | None = None

    def sample(self, count: int, seed: int) -> None:
        """Select ``count`` clips at random, or all if there are no more."""
        if count < self.total:
            random = np.random.Generator(np.random.Philox(seed))
            self._selected = np.sort(random.permutation(self.total)[:count])
        self.count = min(count, self.total)

    def select(self, indices: np.ndarray) -> None:
        """Select clips by their indices."""
        self._selected = np.sort(indices)
        self.count = len(indices)

    @property
    def selected(self) -> np.ndarray:
        """The indices of the selected clips, sorted."""
        return np.arange(self.total) if self._selected is None else self._selected

    @abstractmethod
    def __iter__(self) -> Iterator[Clip]:
        """Yield the selected clips.

        Raises:
            VidganError: the source is damaged.
        """

    def at(self, positions: Sequence[int]) -> np.ndarray:
        """Return clips by their positions among the selected ones.

        Returns:
            uint8 ``(n, frames, height, width, 3)``.

        Raises:
            VidganError: the source is damaged.
        """
        found = {}
        for position, (clip, _) in enumerate(self):
            if position in positions:
                found[position] = clip
            if position >= max(positions):
                break
        return np.stack([found[position] for position in positions])

    @abstractmethod
    def fingerprint(self) -> str:
        """Return text that changes whenever the clips may have changed."""

    @property
    def key(self) -> str:
        """SHA-256 of everything that the clips depend on."""
        parts = [self.fingerprint(), repr(self.shape), self.selected.tobytes().hex()]
        return hashlib.sha256(os.fsencode("\n".join(parts))).hexdigest()


def stamp(path: Path) -> list[str | int]:
    """Return a path and the names, sizes and modification times of its files."""
    found: list[str | int] = [str(path.resolve())]
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        stat = file.stat()
        found += [file.name, stat.st_size, stat.st_mtime_ns]
    return found


def same_rate(a: float, b: float) -> bool:
    """Return whether two frame rates are the same up to 1%."""
    return math.isclose(a, b, rel_tol=_RATE_TOLERANCE)
