"""Memory for the frames of windows, or space on disk where they do not fit in memory."""

import math
import mmap
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

import numpy as np

# Space must be allocated before it is mapped: writing to mapped memory on a full disk ends the
# process with a signal. Windows and macOS cannot.
_MAPS = sys.platform == "linux"


def disk_space(folder: Path) -> int:
    """Return the bytes that frames may take on a folder's disk: half of the free space.

    Args:
        folder: it need not exist yet.

    Returns:
        The bytes; 0 if the system cannot map files in the way needed here.
    """
    if not _MAPS:
        return 0
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(existing).free // 2


class FrameStore:
    """Allocates arrays for frames in memory or on disk, freed with their last reference."""

    def __init__(self, folder: Path | None = None) -> None:
        """Choose memory or disk.

        Args:
            folder: the folder for unnamed temporary files, one a frame; None for memory.
        """
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    @property
    def on_disk(self) -> bool:
        """Whether frames are on disk."""
        return self._folder is not None

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an uninitialised uint8 array.

        Raises:
            OSError: the disk is full.
        """
        return np.empty(shape, np.uint8) if self._folder is None else self._mapped(shape)

    def copy(self, pixels: np.ndarray) -> np.ndarray:
        """Return a copy of a uint8 array.

        Raises:
            OSError: the disk is full.
        """
        if self._folder is None:
            return pixels.copy()
        return self._mapped(pixels.shape, np.ascontiguousarray(pixels))

    def _mapped(self, shape: tuple[int, ...], pixels: np.ndarray | None = None) -> np.ndarray:
        if sys.platform != "linux":
            raise NotImplementedError("disk_space() is 0")
        size = math.prod(shape)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                if pixels is not None:
                    # Five times as fast as writing to the mapped memory, and uses none.
                    file.write(pixels.data)
                    file.flush()
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._folder)) from error
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.add(mapped)
        return np.frombuffer(mapped, np.uint8).reshape(shape)

    def release(self) -> None:
        """Release the memory pages of frames on disk; their contents stay on disk."""
        if sys.platform != "linux":
            return
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
