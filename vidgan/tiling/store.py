"""Where the frames of windows lie: in memory, or on disk where that has no room for them."""

import math
import mmap
import os
import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np

# Space is asked for before it is written to: mapped memory knows no full disk but by a signal.
_MAPS = hasattr(os, "posix_fallocate") and hasattr(mmap, "MADV_DONTNEED")


def disk_space(folder: Path) -> int:
    """Return how many bytes frames may take on the disk that a folder is on, or will be.

    Half of what is free; 0 where the system cannot do it.
    """
    if not _MAPS:
        return 0
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free // 2


class Store:
    """Makes room for frames, which is free again when they are not used any more."""

    def __init__(self, folder: Path | None = None) -> None:
        """Choose the place.

        Args:
            folder: of files without names that hold one frame each; None for memory.
        """
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    @property
    def on_disk(self) -> bool:
        """Whether frames lie on disk."""
        return self._folder is not None

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return uint8 of any values.

        Raises:
            OSError: the disk is full.
        """
        return np.empty(shape, np.uint8) if self._folder is None else self._mapped(shape)

    def copy(self, pixels: np.ndarray) -> np.ndarray:
        """Return the same pixels, uint8, in this place.

        Raises:
            OSError: the disk is full.
        """
        if self._folder is None:
            return pixels.copy()
        return self._mapped(pixels.shape, np.ascontiguousarray(pixels))

    def _mapped(self, shape: tuple[int, ...], pixels: np.ndarray | None = None) -> np.ndarray:
        size = math.prod(shape)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                if pixels is not None:
                    # A fifth of the time that it takes to write page by page to what is mapped, and
                    # none of it is in this process's memory.
                    file.write(pixels.data)
                    file.flush()
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._folder)) from error
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.add(mapped)
        return np.frombuffer(mapped, np.uint8).reshape(shape)

    def release(self) -> None:
        """Let go of the memory in which frames on disk have been read and written."""
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
