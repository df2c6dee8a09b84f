"""Clips of an array file."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape, stamp


class ArraySet(ClipSet):
    """Clips of a ``.npy`` file, as ``vidgan generate -o clips.npy`` writes: uint8, RGB.

    The file is memory-mapped and never unpickled.

    Args:
        path: the file, ``(n, frames, height, width, 3)``; longer clips are split.
        shape: of the clips.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        try:
            self.array = np.lib.format.open_memmap(path, mode="r")
        except (OSError, ValueError, OverflowError) as error:
            # The library explains at length what a header must be.
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not an array that can be read ({reason:.200})") from None
        if self.array.ndim != 5 or self.array.shape[-1] != 3 or self.array.dtype != np.uint8:
            raise InputError(
                f"{path}: holds {self.array.dtype} {self.array.shape}; expected clips, uint8 "
                "(n, frames, height, width, 3)"
            )
        number, frames, height, width, _ = self.array.shape
        if shape.size not in (None, (width, height)):
            raise InputError(f"{path}: frames are {width}x{height}; choose --size {width}x{height}")
        self.parts = frames // shape.span
        if not self.parts or not number:
            raise InputError(
                f"{path}: holds {number} clips of {frames} frames, a clip needs "
                f"{shape.span}; use fewer --frames or longer clips"
            )
        super().__init__(
            "clips", path, replace(shape, size=(width, height)), None, number * self.parts
        )

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips."""
        span, stride = self.shape.span, self.shape.stride
        for number in self.selected.tolist():
            clip, part = divmod(number, self.parts)
            start = part * span
            yield np.ascontiguousarray(self.array[clip, start : start + span : stride]), -1

    def fingerprint(self) -> str:
        """Return the name, size and modification time of the file."""
        return json.dumps(stamp(self.path))
