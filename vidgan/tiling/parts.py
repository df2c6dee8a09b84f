"""What is finished of a result: parts beside it, kept until all are there and can be joined."""

import contextlib
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vidgan.errors import OptionError
from vidgan.files import atomic_path, remove
from vidgan.video.containers import CODECS
from vidgan.video.readers.open import open_video
from vidgan.video.writers.base import VideoWriter
from vidgan.video.writers.open import open_writer

_MANIFEST = "manifest.json"
_CLOSING = "closing.json"
# A part has so many frames at least: an interruption costs no more than one.
_LEAST_FRAMES = 48
# A GIF chooses its colours in the end, from parts that have them all.
_LOSSLESS = "ffv1"


class Parts:
    """A folder of encoded parts, whose frames are numbered at a constant rate.

    A part counts once the JSON file with the times of its frames is there.

    Attributes:
        times: of all frames that are finished, in ticks of the source.
        closing: where the last frame ends; None while frames are missing.
    """

    def __init__(self, output: Path, codec: str, rate: Fraction, size: tuple[int, int]) -> None:
        """Describe them; nothing is read or written yet.

        Args:
            output: what they are parts of.
            codec: one that fits it.
            rate: frames a second, nominal.
            size: ``(width, height)`` of a frame.
        """
        self.output, self.rate, self.size = output, rate, size
        self.folder = output.with_name(output.name + ".parts")
        self._codec = _LOSSLESS if codec == "gif" else codec
        # Not always the output's: not all containers keep the order of decoding.
        self._suffix = CODECS[self._codec].suffixes[0]
        self.times: list[int] = []
        self.closing: int | None = None
        self._count = 0
        self._writer: VideoWriter | None = None
        self._written: list[int] = []

    @property
    def files(self) -> list[Path]:
        """The finished parts in their order."""
        return [self._file(number) for number in range(self._count)]

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}{self._suffix}"

    def begin(self, made_of: dict[str, Any]) -> None:
        """Throw away what is there and begin anew.

        Args:
            made_of: everything that results depend on, as JSON.
        """
        remove(self.folder)
        _write(self.folder / _MANIFEST, made_of)

    def resume(self, made_of: dict[str, Any]) -> None:
        """Take up what is there, if anything is.

        Raises:
            OptionError: it was made of something else.
        """
        known = _read(self.folder / _MANIFEST)
        if not isinstance(known, dict):
            self.begin(made_of)
            return
        different = [name for name in made_of if known.get(name) != made_of[name]]
        if different:
            raise OptionError(
                f"{self.folder} was begun with another {different[0]}; take the same again, or "
                "leave out --resume to start anew"
            )
        while (times := _read(self._file(self._count).with_suffix(".json"))) is not None:
            self.times += times
            self._count += 1
        self.closing = _read(self.folder / _CLOSING)

    def write(self, time: int, frame: np.ndarray) -> None:
        """Append a frame, uint8 RGB, that is shown from ``time`` on."""
        if self._writer is None:
            file = self._file(self._count)
            self._writer = open_writer(file, float(self.rate), self.size, self._codec)
        self._writer.write(frame)
        self._written.append(time)

    def may_end(self) -> None:
        """Say that a window is complete: where one ends a part may end."""
        if len(self._written) >= _LEAST_FRAMES:
            self._end_part()

    def finish(self, closing: int) -> None:
        """Say that all frames are there.

        Args:
            closing: where the last one ends, in ticks.
        """
        if self._written:
            self._end_part()
        _write(self.folder / _CLOSING, closing)
        self.closing = closing

    def _end_part(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self._writer = None
        _write(self._file(self._count).with_suffix(".json"), self._written)
        self.times += self._written
        self._written = []
        self._count += 1

    def write_gif(self, target: Path, places: Sequence[int]) -> None:
        """Write the GIF whose parts these are.

        Args:
            target: where to.
            places: of the frames, and of the end, at the constant rate; holes repeat a frame.
        """
        copies = (after - place for place, after in pairwise(places))
        with open_writer(target, float(self.rate), self.size) as writer:
            for file in self.files:
                with open_video(file) as part:
                    for _, pixels in part:
                        for _ in range(next(copies)):
                            writer.write(pixels)

    def abandon(self) -> bool:
        """Throw away the part that is not finished; return whether others are."""
        if self._writer is not None:
            with contextlib.suppress(_Abandoned), self._writer:
                raise _Abandoned
        if not self._count:
            self.remove()
        return self._count > 0

    def remove(self) -> None:
        """Throw everything away."""
        remove(self.folder)


class _Abandoned(Exception):
    """Makes a writer remove its file."""


def _write(path: Path, values: Any) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values) + "\n", "utf-8")


def _read(path: Path) -> Any:
    """Return the JSON in a file, None where there is none or a damaged one."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
