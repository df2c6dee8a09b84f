"""Reading a folder of numbered images as a video."""

import re
from pathlib import Path

import numpy as np

from vidgan import images
from vidgan.errors import InputError
from vidgan.video.readers.base import DEFAULT_RATE, VideoInfo, VideoReader
from vidgan.video.readers.fit import FrameFit

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})
_NUMBER = re.compile(r"(\d+)$")


def numbered_images(folder: Path) -> list[Path]:
    """Return a folder's images whose names end in a number, sorted by name and number."""
    numbered = []
    for path in folder.iterdir():
        number = _NUMBER.search(path.stem)
        if path.suffix.lower() in IMAGE_SUFFIXES and number and not path.name.startswith("."):
            numbered.append((path.stem[: number.start()], int(number[1]), path.name, path))
    return [path for *_, path in sorted(numbered)]


class ImageReader(VideoReader):
    """Reader of a folder of numbered images, one a frame.

    Args:
        path: the folder.
        fit: the size to deliver; None for the stored size.

    Raises:
        InputError: the folder has no numbered images, or none that can be decoded.
    """

    has_timestamps = False

    def __init__(self, path: Path, fit: FrameFit | None = None) -> None:
        super().__init__(path, fit)
        try:
            self._files = numbered_images(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        if not self._files:
            raise InputError(f"{path}: has no numbered images; name them 0001.png, 0002.png, …")
        self._index = -1
        self._image: np.ndarray | None = None
        first = next(filter(lambda image: image is not None, map(_load, self._files)), None)
        if first is None:
            raise InputError(f"{path}: none of its {len(self._files)} images can be decoded")
        self._shape = first.shape
        self._first_size = first.shape[1], first.shape[0]

    @property
    def info(self) -> VideoInfo:
        """Properties of the first image."""
        height, width, _ = self._shape
        return VideoInfo(width, height, None, len(self._files), width / height)

    def _grab(self) -> float | None:
        """Decode the next image and return its time at 25 images a second, None at the end."""
        while self._index + 1 < len(self._files):
            self._index += 1
            self._image = _load(self._files[self._index])
            if self._image is not None:
                return self._index / DEFAULT_RATE
            self.decode_errors += 1
            self.problem = f"{self._files[self._index].name} cannot be decoded"
        return None

    def _retrieve(self) -> np.ndarray:
        """Return the grabbed image; see :meth:`VideoReader.retrieve`."""
        if self._image is None:
            raise RuntimeError("grab() a frame first")
        height, width, _ = self._image.shape
        fit = self._fit_for((width, height))
        return self._image if fit is None else fit.plan(width, height).apply(self._image)

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _load(path: Path) -> np.ndarray | None:
    try:
        return images.decode(path.read_bytes(), path)
    except OSError:
        return None
