"""Windows of a long clip: clips of the training length that overlap and fade into each other."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Where the windows of a clip begin.

    Attributes:
        size: frames of a window, even.
        starts: first frame of each window, in order, from 0 on.
        period: frames of a loop, in which windows go on at its beginning; None if it is no loop.
    """

    size: int
    starts: tuple[int, ...]
    period: int | None = None

    @classmethod
    def cover(cls, frames: int, size: int) -> "Windows":
        """Return windows that cover so many frames or a few more; neighbours overlap by half."""
        hop = size // 2
        return cls(size, tuple(range(0, max(1, frames - hop), hop)))

    @classmethod
    def around(cls, frames: int, size: int) -> "Windows":
        """Return the windows of a loop of so many frames; about half of neighbours overlap."""
        count = max(1, round(2 * frames / size))
        starts = tuple(round(index * frames / count) for index in range(count))
        return cls(size, starts, frames)

    @classmethod
    def until(cls, frames: int, size: int) -> "Windows":
        """Return windows, of which the last begins at a given frame."""
        count = max(1, round(2 * frames / size))
        return cls(size, tuple(round(index * frames / count) for index in range(count + 1)))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def frames(self) -> int:
        """Frames of the clip that the windows cover."""
        return self.starts[-1] + self.size if self.period is None else self.period

    @property
    def overlaps(self) -> tuple[int, ...]:
        """The frames that each window has in common with the next; for a loop with the first."""
        ends = self.starts[1:] if self.period is None else (*self.starts[1:], self.period)
        return tuple(
            self.size - (end - start) for start, end in zip(self.starts, ends, strict=False)
        )

    def cut(self, clip: np.ndarray) -> np.ndarray:
        """Return the windows of a clip.

        Args:
            clip: uint8 ``(frames, height, width, 3)``.

        Returns:
            uint8 ``(windows, size, height, width, 3)``.
        """
        return np.stack([clip[self._places(start)] for start in self.starts])

    def blend(self, clips: Iterable[np.ndarray]) -> np.ndarray:
        """Fade windows into each other.

        Args:
            clips: uint8 ``(size, height, width, 3)``, one for each window, in order.

        Returns:
            uint8 ``(frames, height, width, 3)``.
        """
        weights = self.size / 2 - np.abs(np.arange(self.size) - (self.size - 1) / 2)
        sums = np.zeros(self.frames)
        blended: np.ndarray | None = None
        for start, clip in zip(self.starts, clips, strict=True):
            if blended is None:
                blended = np.zeros((self.frames, *clip.shape[1:]), np.uint8)
            # Frame by frame: float32 numbers of a long clip would need much memory.
            for place, weight, frame in zip(self._places(start), weights, clip, strict=True):
                sums[place] += weight
                blended[place] = _mixed(blended[place], frame, weight / sums[place])
        assert blended is not None, "at least one window"
        return blended

    def _places(self, start: int) -> np.ndarray:
        """Return the frames of the clip that a window covers."""
        places = start + np.arange(self.size)
        return places if self.period is None else places % self.period


def fade(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Fade from one clip to another of the same length, uint8 ``(frames, height, width, 3)``."""
    share = ((np.arange(len(after)) + 1) / (len(after) + 1)).reshape(-1, 1, 1, 1)
    return _mixed(before, after, share)


def _mixed(before: np.ndarray, after: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Return the mean of colours, uint8; ``share`` is the weight of the second ones."""
    weight = np.asarray(share, np.float32)
    mixed: np.ndarray = np.rint(before * (1 - weight) + after * weight).astype(np.uint8)
    return mixed
