"""Parts of a result: encoded files beside the output, kept until all can be joined."""

import contextlib
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import json_files
from vidgan.containment import refuse_links_out
from vidgan.errors import InputError, OptionError
from vidgan.files import atomic_path, clear, remove
from vidgan.json_files import Whole
from vidgan.video.containers import CODECS, INTERMEDIATE_CODEC, suffixes_of
from vidgan.video.readers.open import open_video
from vidgan.video.writers.base import VideoWriter
from vidgan.video.writers.open import open_writer

_SETTINGS_NAME = "manifest.json"
_END_NAME = "closing.json"
# Least frames of a part: an interruption loses no more than one part.
_MIN_FRAMES = 48


class Parts:
    """A folder of encoded parts, whose frames are numbered at a constant rate.

    A part is finished once the JSON file with the times of its frames exists.

    Attributes:
        folder: the folder, beside the output.
        rate: nominal frames a second.
        times: start of every finished frame, in ticks of the source's time base.
        end: end of the last frame, in ticks; None while frames are missing.
        joinable: whether the parts can be joined without encoding them again.
        codec: that the parts are encoded with.
    """

    def __init__(self, output: Path, codec: str, rate: Fraction, size: tuple[int, int]) -> None:
        """Describe the parts; nothing is read or written yet.

        Args:
            output: the file that they will be joined to.
            codec: its codec.
            rate: nominal frames a second.
            size: ``(width, height)`` of a frame.
        """
        self.output, self.rate, self.size = output, rate, size
        self.folder = output.with_name(output.name + ".parts")
        self.joinable = CODECS[codec].joinable
        self._output_codec = codec
        self.codec = codec if self.joinable else INTERMEDIATE_CODEC
        # Not always the output's container: some do not keep the order of decoding.
        self._suffix = suffixes_of(self.codec)[0]
        self.times: list[int] = []
        self.end: int | None = None
        self._count = 0
        self._writer: VideoWriter | None = None
        self._written: list[int] = []

    @property
    def files(self) -> list[Path]:
        """The finished parts in order."""
        return [self._file(number) for number in range(self._count)]

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}{self._suffix}"

    def refuse_links(self) -> None:
        """Check that no link leads out of the folder, before it is read, locked or cleared.

        Raises:
            InputError: one does.
        """
        link: object = self.folder
        if not self.folder.is_symlink():
            try:
                refuse_links_out(self.folder)
            except ValueError as error:
                link = error
            else:
                return
        raise InputError(f"{link}: a link to elsewhere, which is not followed; remove it")

    def start(self, settings: dict[str, Any]) -> None:
        """Remove existing parts and start from the first frame.

        Args:
            settings: everything that results depend on, as JSON values.
        """
        if self.folder.is_dir():
            clear(self.folder)
        _write_json(self.folder / _SETTINGS_NAME, settings)

    def resume(self, settings: dict[str, Any]) -> bool:
        """Continue after the existing parts; return whether there are any.

        Raises:
            OptionError: they were written with other settings.
        """
        known = _read_json(self.folder / _SETTINGS_NAME, dict[str, Any])
        if known is None:
            return False
        different = [name for name in settings if known.get(name) != settings[name]]
        if different:
            raise OptionError(
                f"{self.folder} was started with another {different[0]}; use the same one, or "
                "leave out --resume to start again"
            )
        while True:
            times = _read_json(self._file(self._count).with_suffix(".json"), list[Whole])
            if times is None:
                break
            self.times += times
            self._count += 1
        self.end = _read_json(self.folder / _END_NAME, Whole)
        return True

    def write(self, time: int, frame: np.ndarray) -> None:
        """Append a frame, uint8 RGB ``(height, width, 3)``, that is shown from ``time`` on."""
        if self._writer is None:
            file = self._file(self._count)
            self._writer = open_writer(file, float(self.rate), self.size, self.codec)
        self._writer.write(frame)
        self._written.append(time)

    def end_window(self) -> None:
        """Mark the end of a window: a long enough part ends here."""
        if len(self._written) >= _MIN_FRAMES:
            self._end_part()

    def finish(self, end: int) -> None:
        """Finish the last part: all frames have been written.

        Args:
            end: end of the last frame, in ticks.
        """
        if self._written:
            self._end_part()
        _write_json(self.folder / _END_NAME, end)
        self.end = end

    def _end_part(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self._writer = None
        _write_json(self._file(self._count).with_suffix(".json"), self._written)
        self.times += self._written
        self._written = []
        self._count += 1

    def encode(self, target: Path, rate: Fraction, places: Sequence[int]) -> None:
        """Encode the frames of all parts to one file, for codecs that cannot be joined.

        Args:
            target: the file.
            rate: its frames a second.
            places: numbers of the frames, and of the end, at this rate; a frame is shown up to the
                next one's number, and is left out if that is its own.
        """
        periods = [after - place for place, after in pairwise(places)]
        number = 0
        with open_writer(target, float(rate), self.size, self._output_codec) as writer:
            for file in self.files:
                with open_video(file) as part:
                    for _, pixels in part:
                        held = periods[number]
                        number += 1
                        # A GIF's last delay is that of the frame before: make both one period.
                        singles = min(held, 2) if number >= len(periods) - 1 else 0
                        writer.write(pixels, held - singles)
                        for _ in range(singles):
                            writer.write(pixels)

    def discard_unfinished(self) -> bool:
        """Remove the part that is being written; return whether finished ones are left."""
        if self._writer is not None:
            with contextlib.suppress(_Discarded), self._writer:
                raise _Discarded
        if not self._count:
            self.remove()
        return self._count > 0

    def remove(self) -> None:
        """Remove the folder."""
        remove(self.folder)


class _Discarded(Exception):
    """Makes a writer remove its file."""


def _write_json(path: Path, values: Any) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values) + "\n", "utf-8")


def _read_json(path: Path, schema: Any) -> Any:
    """Return the JSON in a file as a class; None if it is missing or damaged."""
    try:
        return json_files.convert(json_files.read(path), schema)
    except (OSError, ValueError):
        return None
